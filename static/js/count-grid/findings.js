/* What the checks find in cells and columns: a sign where it is, and the words for the panel. */

const WEIGHTS = ["mend", "explain", "explained", "look"]; // the heaviest first

export class Findings {
  constructor(grid, marks) {
    this.grid = grid;
    this.marks = marks;
    this.revision = -1; // what is shown is of this revision of the filing; at first of none
    this.byPlace = new Map();
    this.changed = () => {};
  }

  /** Show findings, each with the id of its cell or column, its weight and its message. */
  show(findings, revision) {
    const before = this.byPlace;
    this.revision = revision;
    this.byPlace = new Map();
    for (const each of findings) this.byPlace.set(each.id, [...this.of(each.id), each]);
    for (const id of new Set([...before.keys(), ...this.byPlace.keys()])) {
      const cell = this.grid.byName.get(id);
      const weight = WEIGHTS.find((each) => this.of(id).some((found) => found.weight === each)) ?? "";
      if (cell) this.marks.finding(cell, weight);
      else this.#heading(id, weight);
    }
    this.changed();
  }

  /** The findings of a cell or a column. */
  of(id) {
    return this.byPlace.get(id) ?? [];
  }

  #heading(id, weight) {
    const heading = document.getElementById(id);
    if (!heading) return;
    if (weight) {
      heading.dataset.finding = weight;
      heading.setAttribute("aria-describedby", `cell-found-${weight}`);
    } else {
      delete heading.dataset.finding;
      heading.removeAttribute("aria-describedby");
    }
  }
}
