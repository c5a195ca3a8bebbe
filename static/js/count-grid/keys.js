/* The keys of a spreadsheet. Cells stay plain inputs: Tab, Home, End and the rest do in them what they always do. */

export function spreadsheetKeys(grid, { saved, search }) {
  let begun = "";
  let rest = ""; // of "n/c", what may still be typed after its first letter wrote all of it

  const move = (cells, cell, step) => {
    const at = cells.indexOf(cell) + step;
    const next = cells[Math.max(0, Math.min(cells.length - 1, at))];
    if (next && next !== cell) grid.focus(next);
  };
  const screenful = () => {
    const row = grid.rows.find((each) => !each.hidden);
    return Math.max(1, Math.floor(grid.region.clientHeight / (row?.offsetHeight || 1)) - 3);
  };
  const allSelected = (cell) => cell.selectionStart === 0 && cell.selectionEnd === cell.value.length;
  const atStart = (cell) => cell.selectionEnd === 0 || allSelected(cell);
  const atEnd = (cell) => cell.selectionStart === cell.value.length || allSelected(cell);
  const corner = (last) => {
    const shown = grid.cells.filter((cell) => cell.offsetParent !== null);
    const cell = last ? shown.at(-1) : shown[0];
    if (cell) grid.focus(cell);
  };

  /** Put back what stood in the cell when it was come to; asked again, what is saved. */
  const restore = (cell) => {
    grid.type(cell, cell.value === begun ? saved(cell) : begun);
  };

  const actions = {
    ArrowDown: (cell) => move(grid.columnOf(cell), cell, 1),
    ArrowUp: (cell) => move(grid.columnOf(cell), cell, -1),
    PageDown: (cell) => move(grid.columnOf(cell), cell, screenful()),
    PageUp: (cell) => move(grid.columnOf(cell), cell, -screenful()),
    Escape: restore,
    n: (cell) => {
      grid.type(cell, "n/c");
      rest = "/c";
    },
    "/": () => search.open(),
  };
  const actionFor = (event, cell) => {
    if (event.altKey || event.metaKey) return null;
    if (event.ctrlKey) {
      return { Home: () => corner(false), End: () => corner(true) }[event.key] ?? null;
    }
    if (event.key === "Enter") return event.shiftKey ? actions.ArrowUp : actions.ArrowDown;
    if (event.shiftKey && event.key !== "/") return null;
    // Within a text the arrows move the caret; at its edge, or where all of it is selected, they leave it.
    if (event.key === "ArrowLeft") return atStart(cell) ? () => move(grid.rowOf(cell), cell, -1) : null;
    if (event.key === "ArrowRight") return atEnd(cell) ? () => move(grid.rowOf(cell), cell, 1) : null;
    // "n/c" typed in full stays as typed: only the first letter of a cell stands for the whole.
    if ("n/".includes(event.key) && cell.value && !allSelected(cell)) return null;
    return actions[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null;
  };

  grid.table.addEventListener("focusin", (event) => {
    if (grid.has(event.target)) begun = event.target.value;
    rest = "";
  });
  // As in a spreadsheet, what is typed after a click replaces what stood in the cell; a second click sets the caret.
  grid.table.addEventListener("mousedown", (event) => {
    if (event.button !== 0 || !grid.has(event.target) || event.target === document.activeElement) return;
    event.preventDefault();
    grid.focus(event.target);
  });
  grid.table.addEventListener("keydown", (event) => {
    if (!grid.has(event.target) || event.isComposing) return;
    const at = event.key.length === 1 ? rest.indexOf(event.key.toLowerCase()) : -1;
    rest = at < 0 ? "" : rest.slice(at + 1);
    if (at >= 0) {
      event.preventDefault();
      return;
    }
    const action = actionFor(event, event.target);
    if (!action) return;
    event.preventDefault();
    action(event.target);
  });
}
