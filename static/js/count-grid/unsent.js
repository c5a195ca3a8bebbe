/*
 * What could not be sent, kept on this computer until it is: a browser that is closed or a battery that is empty
 * while there is no connection loses no more than the cell that is typed. It belongs to one person and filing.
 */

export class Unsent {
  constructor(key) {
    this.key = key;
  }

  /** Keep cells, each [name, text, what was on record when it was typed]; none forgets what was kept. */
  keep(cells) {
    try {
      if (cells.length) localStorage.setItem(this.key, JSON.stringify(cells));
      else localStorage.removeItem(this.key);
    } catch {
      // A browser that keeps nothing still warns before the page is left.
    }
  }

  kept() {
    try {
      const cells = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(cells) ? cells : [];
    } catch {
      return [];
    }
  }
}
