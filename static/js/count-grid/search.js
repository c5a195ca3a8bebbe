/* "Go to a library or town": rows that do not match are hidden while one types; Enter goes to the first that does. */

export function searchRows(grid, say) {
  const box = document.querySelector("[data-grid-search]");
  const found = document.querySelector("[data-grid-search-found]");
  if (!box) return { open: () => {} };
  box.parentElement.hidden = false;
  const texts = new Map(grid.rows.map((row) => [row, simple(row.cells[0].textContent)]));
  let from = null;

  const show = () => {
    const words = simple(box.value).split(" ").filter(Boolean);
    let shown = 0;
    for (const [row, text] of texts) {
      row.hidden = !words.every((word) => text.includes(` ${word}`));
      if (!row.hidden) shown += 1;
    }
    found.textContent = words.length ? howMany(shown, grid.rows.length) : "";
    if (words.length) say(found.textContent);
  };
  const clear = () => {
    box.value = "";
    show();
  };
  const goTo = (row) => {
    clear();
    const cells = [...row.querySelectorAll("td > input")];
    const column = from?.name.replace(/^c[0-9]+/, "");
    const cell = cells.find((each) => column && each.name.endsWith(column)) ?? cells[0];
    if (!cell) return;
    grid.goTo(cell);
  };

  grid.table.addEventListener("focusin", (event) => {
    if (grid.has(event.target)) from = event.target;
  });
  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      const first = grid.rows.find((row) => !row.hidden);
      if (first && box.value.trim()) goTo(first);
    } else if (event.key === "Escape") {
      event.preventDefault();
      clear();
      if (from) grid.focus(from);
    }
  });
  return {
    open: () => {
      box.focus();
      box.select();
    },
  };
}

/** A text without accents, signs and capitals, its words apart, so that "St Agnes" finds "St. Agnes". */
function simple(text) {
  const letters = text.normalize("NFD").replace(/\p{Mark}/gu, "").toLowerCase();
  return ` ${letters.replace(/[^a-z0-9]+/g, " ").trim()}`;
}

function howMany(shown, all) {
  if (shown === 0) return "No library or town of that name has a row.";
  return `${shown} of ${all} rows. Enter goes to the first.`;
}
