/* Paper: what is typed is checked, summed and drawn as barcodes here, printed, and forgotten.

Nothing is sent or kept: the pages forbid every connection. Each page works without this file: lines to write
on are printed, and what is typed on them. */
"use strict";

const QUIET = 10; // modules of white beside a barcode
const MODULE_MM = 0.33; // the same measures as transactions/paper/barcodes.py
const HEIGHT_MM = 9;
const SVG = "http://www.w3.org/2000/svg";

const tools = document.querySelector(".paper-tools");
const sheet = document.querySelector(".sheet");
const lines = [...sheet.querySelectorAll("input")];

function drawn(bits) {
  const svg = document.createElementNS(SVG, "svg");
  const modules = bits.length + 2 * QUIET;
  const attributes = {
    class: "barcode",
    "aria-hidden": "true",
    width: `${modules * MODULE_MM}mm`,
    height: `${HEIGHT_MM}mm`,
    viewBox: `0 0 ${modules} 1`,
    preserveAspectRatio: "none",
    "shape-rendering": "crispEdges",
  };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  const path = document.createElementNS(SVG, "path");
  const bars = [...bits.matchAll(/1+/g)];
  path.setAttribute("d", bars.map((bar) => `M${QUIET + bar.index} 0h${bar[0].length}v1h-${bar[0].length}z`).join(""));
  svg.append(path);
  return svg;
}

function barcodeOf(text) {
  const data = {};
  JsBarcode(data, text, { format: "CODE128" });
  return drawn(data.encodings.map((encoding) => encoding.data).join(""));
}

// A number that is typed stands below as a barcode; where one cannot be, a note says so.
function drawBarcode(line) {
  const room = line.closest("[data-item]").querySelector(".barcode-room");
  room.replaceChildren();
  const text = line.value.trim();
  if (!text) return say(line, "");
  try {
    room.append(barcodeOf(text));
    say(line, "");
  } catch {
    say(line, line.dataset.barcode);
  }
}

// A card expires on one day, after today.
function checkExpiry(line) {
  const text = line.value.trim();
  const parts = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  const day = parts && new Date(Number(parts[3]), Number(parts[1]) - 1, Number(parts[2]));
  const exists = day && day.getMonth() === Number(parts[1]) - 1;
  const [year, month, date] = sheet.dataset.today.split("-").map(Number);
  say(line, !text || (exists && day > new Date(year, month - 1, date)) ? "" : line.dataset.expires);
}

function say(line, words) {
  const note = line.closest("[data-item]").querySelector(`[data-note-of="${line.dataset.line}"]`);
  if (note.textContent !== words) note.textContent = words;
  if (words) line.setAttribute("aria-invalid", "true");
  else line.removeAttribute("aria-invalid");
}

// Amounts are cents, added as whole numbers.
function cents(text) {
  const parts = /^\$?(\d{1,6})(?:\.(\d{2}))?$/.exec(text.trim().replaceAll(",", ""));
  return parts ? Number(parts[1]) * 100 + Number(parts[2] ?? 0) : null;
}

function addUp(column) {
  const total = sheet.querySelector(`[data-total="${column}"]`);
  const amounts = lines.filter((line) => line.dataset.adds === column);
  const read = amounts.map((line) => (line.value.trim() ? cents(line.value) : 0));
  amounts.forEach((line, at) => say(line, read[at] === null ? line.dataset.amount : ""));
  const sum = read.reduce((before, amount) => before + (amount ?? 0), 0);
  const isKnown = !read.includes(null) && amounts.some((line) => line.value.trim());
  total.textContent = isKnown ? `$${Math.floor(sum / 100)}.${String(sum % 100).padStart(2, "0")}` : "";
}

// What is typed on the first of several is offered on the others, until something else is typed there.
const touched = new WeakSet();
function repeat(line) {
  touched.add(line);
  const alike = lines.filter((other) => other.dataset.same && other.dataset.same === line.dataset.same);
  if (line !== alike[0]) return;
  for (const other of alike.slice(1)) {
    if (touched.has(other)) continue;
    other.value = line.value;
    react(other);
  }
}

function react(line) {
  if (line.dataset.barcode) drawBarcode(line);
  if (line.dataset.adds) addUp(line.dataset.adds);
  if (line.dataset.expires && (line.hasAttribute("aria-invalid") || line !== document.activeElement)) checkExpiry(line);
}

function forget() {
  for (const line of lines) {
    line.value = line.defaultValue;
    line.checked = line.defaultChecked;
    touched.delete(line);
    react(line);
  }
}

sheet.addEventListener("input", (event) => {
  repeat(event.target);
  react(event.target);
});
sheet.addEventListener("change", (event) => {
  if (event.target.dataset.expires) checkExpiry(event.target);
});
// Enter, which a scanner types after each number, goes on to the next line.
sheet.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  const shown = lines.filter((line) => line.type !== "checkbox");
  shown[shown.indexOf(event.target) + 1]?.focus();
});
tools.querySelector("[data-forget]").addEventListener("click", () => {
  forget();
  lines[0].focus();
});
for (const button of tools.querySelectorAll("button")) button.hidden = false;
// The next person at this computer finds nothing here, by Back either.
window.addEventListener("pagehide", forget);
