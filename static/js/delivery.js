/* The keys and the clipboard of a spreadsheet for the counts of a quarter. The page works without this file. */
"use strict";

const table = document.querySelector("[data-delivery-grid]");
const rows = [...table.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input")]);
const numberIn = (cell) => (/^\d[\d,]*$/.test(cell.value.trim()) ? Number(cell.value.replaceAll(",", "")) : null);

for (const hint of document.querySelectorAll("[data-paste-hint]")) hint.hidden = false;

function placeOf(cell) {
  const row = rows.findIndex((cells) => cells.includes(cell));
  return row < 0 ? null : [row, rows[row].indexOf(cell)];
}

function go(cell) {
  cell?.focus();
  cell?.select();
}

table.addEventListener("input", (event) => {
  const place = placeOf(event.target);
  if (!place) return;
  const numbers = rows[place[0]].map(numberIn).filter((number) => number !== null);
  const sum = event.target.closest("tr").querySelector("[data-sum]");
  sum.textContent = numbers.length ? numbers.reduce((one, other) => one + other).toLocaleString("en-US") : "";
});

table.addEventListener("keydown", (event) => {
  const place = placeOf(event.target);
  if (!place || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  const [row, column] = place;
  const cell = event.target;
  const whole = cell.selectionStart === 0 && cell.selectionEnd === cell.value.length;
  const steps = {
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
    Enter: event.shiftKey ? [-1, 0] : [1, 0],
    ArrowLeft: whole || cell.selectionEnd === 0 ? [0, -1] : null,
    ArrowRight: whole || cell.selectionStart === cell.value.length ? [0, 1] : null,
  };
  const step = steps[event.key];
  if (!step || (event.shiftKey && event.key !== "Enter")) return;
  event.preventDefault();
  go(rows[row + step[0]]?.[column + step[1]]);
});

table.addEventListener("paste", (event) => {
  const place = placeOf(event.target);
  const text = (event.clipboardData?.getData("text/plain") ?? "").replace(/[\r\n]+$/, "");
  // One value stays an ordinary paste
  if (!place || !/[\t\n\r]/.test(text)) return;
  event.preventDefault();
  const [top, left] = place;
  const fits = (lines) => top + lines.length <= rows.length && lines.every((line) => left + line.length <= rows[0].length);
  const pasted = text.split(/\r\n|\n|\r/).map((line) => line.split("\t"));
  const turned = pasted[0].map((_, column) => pasted.map((line) => line[column] ?? ""));
  // A sheet with a line for each month is turned, where only so it fits
  const block = fits(pasted) || !fits(turned) ? pasted : turned;
  let last = null;
  block.forEach((line, row) => {
    line.forEach((value, column) => {
      const cell = rows[top + row]?.[left + column];
      if (!cell) return;
      cell.value = value.trim();
      cell.dispatchEvent(new Event("input", { bubbles: true }));
      last = cell;
    });
  });
  last?.dispatchEvent(new Event("change", { bubbles: true }));
  go(last);
});

// What is typed is saved while typing goes on; a button waits for that, so that the page and the server agree.
const form = table.closest("form");
let saving = 0;
let leaving = false;
let waiting = null;
form.addEventListener("htmx:beforeRequest", (event) => {
  if (leaving) event.preventDefault();
  else saving += 1;
});
form.addEventListener("htmx:afterRequest", () => {
  saving = Math.max(0, saving - 1);
  if (saving || !waiting) return;
  const button = waiting.button;
  waiting = null;
  form.requestSubmit(button);
});
form.addEventListener("submit", (event) => {
  if (saving) {
    event.preventDefault();
    waiting = { button: event.submitter };
    return;
  }
  leaving = true;
});
