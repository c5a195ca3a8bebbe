/* What each cell shows of itself: a sign beside its number, and the same in words for a screen reader. */

// Each has its words in an element of the page, cell-is-..., and its sign in the style sheet.
const STATES = new Set(["unsaved", "saving", "saved", "taken"]);

export class Marks {
  constructor(grid) {
    this.grid = grid;
  }

  /** Show one of STATES, or nothing where `state` is empty. */
  state(cell, state) {
    this.#removeNote(cell);
    cell.removeAttribute("aria-invalid");
    this.#mark(cell, state);
    this.#describe(cell, STATES.has(state) ? `cell-is-${state}` : "");
  }

  /** Show what the checks found in a cell or in a column: explain, explained, mend, look, or nothing. */
  finding(cell, weight) {
    if (weight) cell.parentElement.dataset.finding = weight;
    else delete cell.parentElement.dataset.finding;
    const said = (cell.getAttribute("aria-describedby") ?? "").split(" ");
    this.#describe(cell, said.find((id) => id && !id.startsWith("cell-found-")) ?? "");
  }

  /** Show what is wrong with what was typed. */
  problem(cell, message) {
    this.#mark(cell, "error");
    cell.setAttribute("aria-invalid", "true");
    this.#note(cell).append(paragraph(message));
  }

  /** Show both values and let the person choose. */
  conflict(cell, { by, theirs, keep, take }) {
    this.#mark(cell, "conflict");
    cell.setAttribute("aria-invalid", "true");
    const where = this.grid.wordsFor(cell);
    const words = theirs === "" ? "left this blank" : `saved ${written(theirs)}`;
    this.#note(cell).append(
      paragraph(`${by} ${words}. Yours is not saved.`),
      button(`Keep mine: ${written(cell.value.trim())}`, where, keep),
      button(`Take theirs: ${written(theirs)}`, where, take),
    );
  }

  #mark(cell, state) {
    const place = cell.parentElement;
    place.classList.remove("count-grid__error");
    if (state) place.dataset.state = state;
    else delete place.dataset.state;
  }

  /** Let a screen reader say an element of the page with the cell, and what the checks found in it. */
  #describe(cell, id) {
    const { finding } = cell.parentElement.dataset;
    const ids = [id, finding && `cell-found-${finding}`].filter(Boolean);
    if (ids.length) cell.setAttribute("aria-describedby", ids.join(" "));
    else cell.removeAttribute("aria-describedby");
  }

  #note(cell) {
    this.#removeNote(cell);
    const note = document.createElement("div");
    note.id = `${cell.id}-note`;
    note.className = "count-grid__note";
    cell.parentElement.append(note);
    this.#describe(cell, note.id);
    return note;
  }

  #removeNote(cell) {
    document.getElementById(`${cell.id}-note`)?.remove();
  }
}

/** A value in words that stand alone. */
export function written(text) {
  return text === "" ? "blank" : /^[0-9]+$/.test(text) ? Number(text).toLocaleString("en-US") : text;
}

function paragraph(text) {
  const made = document.createElement("span");
  made.className = "count-grid__message";
  made.textContent = text;
  return made;
}

function button(text, where, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "count-grid__choice";
  made.textContent = text;
  const place = document.createElement("span");
  place.className = "usa-sr-only";
  place.textContent = `, ${where}`;
  made.append(place);
  made.addEventListener("click", act);
  return made;
}
