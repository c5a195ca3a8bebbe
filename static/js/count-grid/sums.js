/* Sums of rows, of columns and of all, moved by what a cell changed, so that typing stays quick. */
import { numberIn, placeOf, plain } from "./grid.js";

export function keepSums(grid) {
  const sums = new Map();
  const before = new Map();
  const sumsOf = (cell) => {
    const [row, column] = placeOf(cell);
    return [`${row}-sum`, `m${column}-sum`, "sum"];
  };
  const add = (cell, number) => {
    for (const id of sumsOf(cell)) sums.set(id, (sums.get(id) ?? 0) + number);
  };
  /** A row in which nothing is said has no sum, and one that was not counted says so. */
  const written = (id, cells) => {
    if (sums.get(id) || !cells) return sums.get(id).toLocaleString("en-US");
    const texts = cells.map((cell) => plain(cell.value));
    if (texts.some((text) => /^[0-9]+$/.test(text))) return "0";
    return texts.includes("n/c") ? "n/c" : "";
  };
  for (const cell of grid.cells) {
    before.set(cell, numberIn(cell));
    add(cell, numberIn(cell));
  }
  const changed = (event) => {
    const cell = event.target;
    if (!grid.has(cell)) return;
    add(cell, numberIn(cell) - before.get(cell));
    before.set(cell, numberIn(cell));
    const [ofRow, ...others] = sumsOf(cell);
    document.getElementById(ofRow).textContent = written(ofRow, [...cell.closest("tr").querySelectorAll("input")]);
    for (const id of others) document.getElementById(id).textContent = written(id);
  };
  grid.table.addEventListener("input", changed);
  grid.table.addEventListener("count-grid:written", changed);
}
