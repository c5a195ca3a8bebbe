/* The cells of the grid as the other files use them: by name, by row and column, and what stands in them. */

const MOST_LOANS = 2147483647; // what a count can hold

export class CountGrid {
  constructor(table) {
    this.table = table;
    this.form = table.closest("form");
    this.region = table.parentElement;
    this.cells = [...table.querySelectorAll("tbody input")];
    this.byName = new Map(this.cells.map((cell) => [cell.name, cell]));
    this.rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("count-grid__notes"));
    // Tab goes from cell to cell; what the links of the rows lead to, the panel leads to as well.
    for (const link of table.querySelectorAll("tbody th a")) link.tabIndex = -1;
    this.columns = new Map();
    for (const cell of this.cells) {
      const [, column] = placeOf(cell);
      if (!this.columns.has(column)) this.columns.set(column, []);
      this.columns.get(column).push(cell);
    }
  }

  has(element) {
    return this.byName.get(element.name) === element;
  }

  /** Put text into a cell that nobody typed: what another person saved, or a cell that is restored. */
  write(cell, text) {
    const selected = document.activeElement === cell;
    cell.value = text;
    if (selected) cell.select();
    cell.dispatchEvent(new CustomEvent("count-grid:written", { bubbles: true }));
  }

  /** Put text into a cell as if it had been typed. */
  type(cell, text) {
    cell.value = text;
    cell.dispatchEvent(new Event("input", { bubbles: true }));
    cell.select();
  }

  /** Go to a cell from elsewhere on the page, also where it is hidden just now. */
  goTo(cell) {
    cell.closest("tr").hidden = false;
    this.show(cell);
    this.focus(cell);
    cell.scrollIntoView({ block: "center", inline: "nearest" });
  }

  focus(cell) {
    cell.focus();
    cell.select();
  }

  /** Bring the column of a cell into sight. */
  show() {}

  /** The cells of a row that can be seen, from left to right. */
  rowOf(cell) {
    return [...cell.closest("tr").querySelectorAll("td > input")].filter(isShown);
  }

  /** The cells of a column that can be seen, from top to bottom. */
  columnOf(cell) {
    return this.columns.get(placeOf(cell)[1]).filter(isShown);
  }

  /** The name of the column of a cell. */
  columnNameOf(cell) {
    return document.getElementById(`m${placeOf(cell)[1]}`).textContent;
  }

  /** Where a cell is, in words: the names of its row and its column. */
  wordsFor(cell) {
    return cell.getAttribute("aria-labelledby").split(" ")
      .map((id) => document.getElementById(id).textContent).join(", ");
  }
}

/** The row and the column of a cell, as its name has them: c12 and -2026-03. */
export function placeOf(cell) {
  const dash = cell.name.indexOf("-");
  return [cell.name.slice(0, dash), cell.name.slice(dash)];
}

/** What the server makes of a text, where it is a number or "not counted"; other text as it is. */
export function plain(text) {
  const trimmed = text.trim();
  if (/^n\/?c$/i.test(trimmed)) return "n/c";
  const digits = trimmed.replaceAll(",", "").replace(/\.0+$/, "");
  return /^[0-9]+$/.test(digits) ? digits.replace(/^0+(?=[0-9])/, "") : trimmed;
}

/** The number that a cell adds to the sums: none where the server would refuse it. */
export function numberIn(cell) {
  const text = plain(cell.value);
  return /^[0-9]+$/.test(text) && Number(text) <= MOST_LOANS ? Number(text) : 0;
}

function isShown(cell) {
  return cell.offsetParent !== null;
}
