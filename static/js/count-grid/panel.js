/* The panel beside the grid: what earlier years say of the cell one is in, and "not counted" by touch. */
import { placeOf } from "./grid.js";

const OVER_THE_GRID = window.matchMedia("(max-width: 64rem)"); // there it covers rows, and waits for a cell
const PAUSE = 250; // somebody who only passes through cells asks for nothing

export function sidePanel(grid, findings) {
  const panel = document.querySelector("[data-side-panel]");
  const place = panel.querySelector("[data-side-panel-content]");
  const notCounted = panel.querySelector("[data-not-counted]");
  const known = new Map();
  let current = null;
  let asked = null;

  const show = async (cell) => {
    const [row, column] = placeOf(cell);
    const address = `${grid.form.dataset.history}${row.slice(1)}/?column=${column.slice(1)}`;
    if (!known.has(address)) {
      asked?.abort();
      asked = new AbortController();
      try {
        const response = await fetch(address, { redirect: "manual", signal: asked.signal });
        if (!response.ok) return;
        known.set(address, await response.text());
      } catch {
        return;
      }
    }
    if (cell === current) place.innerHTML = known.get(address);
  };

  const found = panel.querySelector("[data-side-panel-found]");
  const showFound = () => {
    const messages = current ? [...findings.of(current.name), ...findings.of(`m${placeOf(current)[1]}`)] : [];
    found.hidden = messages.length === 0;
    found.querySelector("[data-side-panel-messages]").replaceChildren(...messages.map(({ message }) => {
      const item = document.createElement("li");
      item.textContent = message;
      return item;
    }));
  };
  findings.changed = showFound;

  // The figure of this year is in the answer too.
  grid.table.addEventListener("change", () => known.clear());

  let pause;
  grid.table.addEventListener("focusin", (event) => {
    if (!grid.has(event.target) || event.target === current) return;
    current = event.target;
    panel.hidden = false;
    showFound();
    notCounted.disabled = false;
    clearTimeout(pause);
    pause = setTimeout(show, PAUSE, current);
  });
  notCounted.addEventListener("click", () => {
    grid.type(current, "n/c");
    grid.focus(current);
  });
  panel.hidden = OVER_THE_GRID.matches;
}
