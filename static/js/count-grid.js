/* Totals while typing, and the keys of a spreadsheet, in the grid of a filing. The page works without this file. */
"use strict";

for (const grid of document.querySelectorAll("[data-count-grid]")) {
  const cells = [...grid.querySelectorAll("tbody input")];
  const number = (cell) => {
    const text = cell.value.trim().replaceAll(",", "").replace(/\.0+$/, "");
    return /^[0-9]+$/.test(text) ? Number(text) : 0;
  };
  const write = (id, value) => {
    const place = document.getElementById(id);
    if (place) place.textContent = value.toLocaleString("en-US");
  };
  const place = (cell) => {
    const dash = cell.name.indexOf("-");
    return [cell.name.slice(0, dash), cell.name.slice(dash)];
  };

  // Sums are kept and moved by what a cell changed, so that typing stays quick in two thousand cells.
  const sums = new Map();
  const before = new Map();
  const add = (cell, change) => {
    const [row, column] = place(cell);
    for (const id of [`${row}-sum`, `m${column}-sum`, "sum"]) sums.set(id, (sums.get(id) ?? 0) + change);
    return [`${row}-sum`, `m${column}-sum`, "sum"];
  };
  for (const cell of cells) {
    before.set(cell, number(cell));
    add(cell, number(cell));
  }
  grid.addEventListener("input", (event) => {
    const cell = event.target;
    const now = number(cell);
    const touched = add(cell, now - before.get(cell));
    before.set(cell, now);
    for (const id of touched) write(id, sums.get(id));
  });

  const byPlace = new Map();
  for (const cell of cells) {
    const column = place(cell)[1];
    if (!byPlace.has(column)) byPlace.set(column, []);
    byPlace.get(column).push(cell);
  }
  grid.addEventListener("keydown", (event) => {
    const cell = event.target;
    if (!before.has(cell) || event.altKey || event.ctrlKey || event.metaKey) return;
    const down = event.key === "ArrowDown" || (event.key === "Enter" && !event.shiftKey);
    const up = event.key === "ArrowUp" || (event.key === "Enter" && event.shiftKey);
    if (!down && !up) return;
    event.preventDefault();
    const column = byPlace.get(place(cell)[1]);
    const next = column[column.indexOf(cell) + (down ? 1 : -1)];
    if (next) {
      next.focus();
      next.select();
    }
  });
}
