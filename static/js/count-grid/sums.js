/* Sums of rows, of columns and of all, moved by what a cell changed, so that typing stays quick. */
import { numberIn, placeOf } from "./grid.js";

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
  for (const cell of grid.cells) {
    before.set(cell, numberIn(cell));
    add(cell, numberIn(cell));
  }
  const changed = (event) => {
    const cell = event.target;
    if (!grid.has(cell)) return;
    add(cell, numberIn(cell) - before.get(cell));
    before.set(cell, numberIn(cell));
    for (const id of sumsOf(cell)) {
      document.getElementById(id).textContent = sums.get(id).toLocaleString("en-US");
    }
  };
  grid.table.addEventListener("input", changed);
  grid.table.addEventListener("count-grid:written", changed);
}
