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
  problem(cell, words) {
    this.#mark(cell, "error");
    cell.setAttribute("aria-invalid", "true");
    this.#note(cell).append(message(words));
  }

  /** Show both values and let the person choose. */
  conflict(cell, { by, theirs, keep, take }) {
    this.#mark(cell, "conflict");
    cell.setAttribute("aria-invalid", "true");
    const where = this.grid.wordsFor(cell);
    const words = theirs === "" ? "left this blank" : `saved ${written(theirs)}`;
    this.#note(cell).append(
      message(`${by} ${words}. Yours is not saved.`),
      button(`Keep mine: ${written(cell.value.trim())}`, where, keep),
      button(`Take theirs: ${written(theirs)}`, where, take),
    );
  }

  #mark(cell, state) {
    const place = cell.parentElement;
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

  /** A place for words on a cell, in a row of notes below its own, so that no column grows wider. */
  #note(cell) {
    this.#removeNote(cell);
    const row = cell.closest("tr");
    let notes = row.nextElementSibling;
    if (!notes?.classList.contains("count-grid__notes")) {
      notes = document.createElement("tr");
      notes.className = "count-grid__notes";
      notes.insertCell().colSpan = 3; // so many columns are on the narrowest screen
      row.after(notes);
    }
    const line = document.createElement("div");
    line.className = "count-grid__note";
    const column = document.createElement("strong");
    column.textContent = this.grid.columnNameOf(cell);
    const note = document.createElement("span");
    note.id = `${cell.id}-note`;
    line.append(column, " ", note);
    notes.cells[0].append(line);
    this.#describe(cell, note.id);
    return note;
  }

  #removeNote(cell) {
    const line = document.getElementById(`${cell.id}-note`)?.parentElement;
    if (!line) return;
    const notes = line.closest("tr");
    line.remove();
    if (!notes.cells[0].children.length) notes.remove();
  }
}

/** A value in words that stand alone. */
export function written(text) {
  return text === "" ? "blank" : /^[0-9]+$/.test(text) ? Number(text).toLocaleString("en-US") : text;
}

function message(text) {
  const made = document.createElement("span");
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
