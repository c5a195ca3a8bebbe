/*
 * Saving while somebody types.
 *
 * A cell is sent when it is left, or after a pause in it; one request is under way at a time, and carries the
 * revision of the filing that this page knows. Where somebody else saved since, the server saves nothing and
 * says what stands on record: cells that only the other changed are taken over, cells that both changed wait
 * for a choice. What cannot be sent is kept and sent again.
 */
import { plain } from "./grid.js";
import { Unsent } from "./unsent.js";

const PAUSE = 1200;
const POLL = 15_000;
const LONGEST_WAIT = 60_000;
const CELLS_AT_ONCE = 1000; // what is sent while a page closes may have 64 KB

export class Saving {
  constructor(grid, marks, status, { findings }) {
    this.grid = grid;
    this.marks = marks;
    this.findings = findings;
    this.status = status;
    this.form = grid.form;
    this.address = this.form.dataset.cells;
    this.revision = Number(this.form.elements.revision.value);
    this.token = this.form.elements.csrfmiddlewaretoken.value;
    this.nothingLent = this.form.elements.nothing_lent;
    this.saved = new Map(grid.cells.map((cell) => [cell, cell.dataset.saved ?? cell.defaultValue]));
    this.nothingLentSaved = this.nothingLent.defaultChecked;
    this.refused = new Map(); // cells whose text is no number, with that text
    this.conflicts = new Map(); // cells that wait for a choice, with who changed them
    this.unsent = new Unsent(this.form.dataset.unsent);
    this.underWay = null;
    this.failures = 0;
    this.stopped = false;
  }

  begin() {
    for (const cell of this.grid.cells) {
      if (cell.getAttribute("aria-invalid")) this.refused.set(cell, cell.value);
      else if ("conflict" in cell.dataset) this.#conflict(cell, "The other person");
    }
    this.grid.table.addEventListener("input", (event) => {
      if (this.grid.has(event.target)) this.#typed(event.target);
    });
    this.grid.table.addEventListener("change", () => this.save());
    this.nothingLent.addEventListener("change", () => this.save());
    this.grid.table.addEventListener("count-grid:save", (event) => event.detail.waitFor(this.save({ all: true })));
    this.form.addEventListener("submit", (event) => this.#submit(event));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.save({ all: true });
      else this.poll();
    });
    window.addEventListener("pagehide", () => this.#leave());
    window.addEventListener("pageshow", (event) => {
      this.leaving = false;
      if (event.persisted) this.poll();
    });
    window.addEventListener("online", () => this.#tryAgain());
    window.addEventListener("focus", () => this.failures && this.#tryAgain());
    window.addEventListener("beforeunload", (event) => {
      if (!this.leaving && this.#wouldBeLost()) event.preventDefault();
    });
    setInterval(() => this.poll(), POLL);
    this.#bringBack();
    this.#show();
    if (this.#toSend({ all: true }).length) this.save({ all: true });
    else this.poll();
  }

  /** Send what is typed; resolves once all is saved, or cannot be now. `all`: also a cell that is typed in. */
  save({ all = false } = {}) {
    if (all) clearTimeout(this.pause);
    this.typing = all ? null : this.typing;
    this.underWay ??= this.#sendAll().finally(() => {
      this.underWay = null;
    });
    return this.underWay;
  }

  /** Ask who else is here, and what they saved. */
  async poll() {
    if (this.stopped || this.underWay || document.visibilityState === "hidden") return;
    const asked = this.revision;
    try {
      const address = `${this.address}?revision=${asked}&checked=${this.findings.revision}`;
      const response = await fetch(address, { redirect: "manual" });
      if (response.status === 409) return this.#stop(response);
      if (!response.ok) return;
      const answer = await response.json();
      this.token = this.form.elements.csrfmiddlewaretoken.value = answer.token;
      this.#present(answer.people);
      if (answer.findings) this.findings.show(answer.findings, answer.revision);
      if (answer.counts && !this.underWay && this.revision === asked) {
        this.#bringTogether(answer);
        if (this.#toSend({}).length) this.save();
      }
    } catch {
      // The next poll asks again; what is typed is sent by its own way.
    }
  }

  // Typing

  #typed(cell) {
    this.status.hush();
    this.refused.delete(cell);
    if (this.conflicts.has(cell)) {
      this.#conflict(cell, this.conflicts.get(cell));
      return;
    }
    this.marks.state(cell, this.#differs(cell) ? "unsaved" : "");
    this.typing = cell;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.save({ all: true }), PAUSE);
    this.#show();
  }

  #differs(cell) {
    return plain(cell.value) !== this.saved.get(cell);
  }

  #toSend({ all = false }) {
    return this.grid.cells.filter(
      (cell) => this.#differs(cell) && !this.conflicts.has(cell) && this.refused.get(cell) !== cell.value
        && (all || cell !== this.typing || cell !== document.activeElement),
    );
  }

  #nothingLentToSend() {
    return this.nothingLent.checked === this.nothingLentSaved ? undefined : this.nothingLent.checked;
  }

  // Sending

  async #sendAll() {
    clearTimeout(this.retry);
    while (!this.stopped) {
      const cells = this.#toSend({ all: this.typing === null }).slice(0, CELLS_AT_ONCE);
      if (!cells.length && this.#nothingLentToSend() === undefined) break;
      if (!(await this.#send(cells))) break;
    }
    this.#show();
  }

  #request(cells, revision) {
    return fetch(this.address, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": this.token,
        "If-Match": `"${revision}"`,
      },
      body: JSON.stringify({
        cells: Object.fromEntries(cells.map((cell) => [cell.name, cell.value])),
        nothing_lent: this.#nothingLentToSend(),
      }),
      redirect: "manual",
      keepalive: true,
    });
  }

  /** Send cells once; false where sending has to wait. */
  async #send(cells) {
    const sent = new Map(cells.map((cell) => [cell, cell.value]));
    const nothingLent = this.nothingLent.checked;
    for (const cell of cells) this.marks.state(cell, "saving");
    this.status.show("saving", "Saving…");
    try {
      const response = await this.#request(cells, this.revision);
      if (response.ok) {
        this.failures = 0;
        this.nothingLentSaved = nothingLent;
        this.#accepted(sent, await response.json());
        this.#keepUnsent();
        return true;
      }
      if (response.status === 412) {
        this.failures = 0;
        this.#bringTogether(await response.json());
        return true;
      }
      for (const cell of cells) this.marks.state(cell, "unsaved");
      if (response.status === 409) return this.#stop(response);
      if (response.type === "opaqueredirect") return this.#wait("you are signed out. Sign in again in another window");
      if (response.status === 403) await this.#freshToken();
      return this.#wait("the site did not answer");
    } catch {
      for (const cell of cells) this.marks.state(cell, "unsaved");
      return this.#wait("no connection");
    }
  }

  #accepted(sent, answer) {
    this.#nowAt(answer.revision);
    for (const [cell, text] of sent) {
      const message = answer.problems[cell.name];
      if (message !== undefined) {
        if (cell.value !== text) continue;
        this.refused.set(cell, text);
        this.marks.problem(cell, message);
        continue;
      }
      const saved = answer.saved[cell.name];
      this.saved.set(cell, saved);
      if (cell.value === text && (cell !== document.activeElement || this.#differs(cell))) {
        this.grid.write(cell, saved);
      }
      this.marks.state(cell, this.#differs(cell) ? "unsaved" : "saved");
    }
    this.lastSaved = `Saved at ${answer.at.replace(/\.$/, "")}. ${answer.loans.toLocaleString("en-US")} loans on record.`;
  }

  /** Put what an earlier page could not send back into its cells, to be sent now. */
  #bringBack() {
    let back = 0;
    for (const [name, text, before] of this.unsent.kept()) {
      const cell = this.grid.byName.get(name);
      if (!cell || this.#differs(cell) || plain(text) === this.saved.get(cell)) continue;
      this.grid.write(cell, text);
      back += 1;
      if (before === this.saved.get(cell)) this.marks.state(cell, "unsaved");
      else this.#conflict(cell, "Somebody");
    }
    if (back) this.status.say(`${count(back)} that could not be saved before ${back === 1 ? "is" : "are"} back.`);
  }

  #keepUnsent() {
    const cells = this.#toSend({ all: true });
    this.unsent.keep(cells.map((cell) => [cell.name, cell.value, this.saved.get(cell)]));
  }

  /** Keep what is typed, and send it again after a while, longer each time. */
  #wait(because) {
    this.failures += 1;
    this.#keepUnsent();
    this.because = because;
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** this.failures);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.save({ all: true }), wait);
    return false;
  }

  #tryAgain() {
    clearTimeout(this.retry);
    this.save({ all: true });
  }

  /** After signing in again the page's token is an old one. */
  async #freshToken() {
    const response = await fetch(`${this.address}?revision=${this.revision}`, { redirect: "manual" });
    if (response.ok) this.token = this.form.elements.csrfmiddlewaretoken.value = (await response.json()).token;
  }

  /** The filing may not be edited any more. */
  async #stop(response) {
    this.stopped = (await response.json()).detail;
    this.#show();
    return false;
  }

  #nowAt(revision) {
    if (revision === this.revision) return;
    this.revision = revision;
    this.form.elements.revision.value = revision;
    // What the page was opened with is no longer what both began with: sent with the form, it would let a cell
    // that another person put back pass for one that nobody touched.
    this.form.elements.opened_with.value = "";
  }

  // Two people

  /** Bring together what stands in the cells and what stands on record now. */
  #bringTogether({ revision, by, counts, nothing_lent: nothingLent }) {
    this.#nowAt(revision);
    let taken = 0;
    for (const cell of this.grid.cells) {
      const theirs = counts[cell.name] ?? "";
      const before = this.saved.get(cell);
      const mine = plain(cell.value);
      if (theirs === before) {
        if (mine !== before && !this.conflicts.has(cell) && !this.refused.has(cell)) this.marks.state(cell, "unsaved");
        continue;
      }
      this.saved.set(cell, theirs);
      if (mine === theirs) {
        this.#settle(cell, "saved");
      } else if (mine === before) {
        this.grid.write(cell, theirs);
        this.#settle(cell, "taken");
        taken += 1;
      } else {
        this.#conflict(cell, by);
      }
    }
    if (this.nothingLent.checked === this.nothingLentSaved) this.nothingLent.checked = nothingLent;
    this.nothingLentSaved = nothingLent;
    this.#show();
    if (this.conflicts.size) {
      this.status.say(`${by} changed ${count(this.conflicts.size)} that you changed too. Choose which value stays.`);
    } else if (taken) {
      this.status.say(`${by} changed ${count(taken)}. You see the new values.`);
    }
  }

  #conflict(cell, by) {
    this.conflicts.set(cell, by);
    this.refused.delete(cell);
    const choose = (value) => {
      this.#settle(cell, "saved");
      this.grid.focus(cell);
      if (value === undefined) {
        this.marks.state(cell, "unsaved");
        this.save({ all: true });
      } else {
        this.grid.write(cell, value);
        this.#show();
      }
    };
    this.marks.conflict(cell, {
      by,
      theirs: this.saved.get(cell),
      keep: () => choose(),
      take: () => choose(this.saved.get(cell)),
    });
  }

  #settle(cell, state) {
    this.conflicts.delete(cell);
    this.refused.delete(cell);
    this.marks.state(cell, state);
  }

  #present(people) {
    const place = document.querySelector("[data-presence]");
    const shown = [...place.children].map((each) => each.textContent);
    if (shown.join("\n") === people.join("\n")) return;
    place.replaceChildren(...people.map((text) => {
      const line = document.createElement("p");
      line.textContent = text;
      return line;
    }));
    if (people.length > shown.length) this.status.say(people.join(" "));
  }

  // How it stands

  #show() {
    const unsaved = this.#toSend({ all: true }).length;
    const toMend = this.refused.size;
    if (this.stopped) {
      this.#problem(`${this.stopped} ${unsaved ? `${count(unsaved)} not saved: note what you typed, then reload the page.` : ""}`);
    } else if (this.conflicts.size) {
      const [first] = this.conflicts.keys();
      this.#problem(`${count(this.conflicts.size)} changed by two people. Choose which value stays.`, first);
    } else if (this.failures) {
      this.#problem(`Not saved yet: ${this.because}. Trying again. What you typed is kept on this computer until it is saved.`);
    } else if (toMend) {
      const [first] = this.refused.keys();
      this.#problem(`${count(toMend)} not saved: correct what is marked. Everything else is saved.`, first);
    } else if (unsaved) {
      this.status.show("unsaved", "Not saved yet.");
    } else if (this.lastSaved) {
      this.status.show("saved", this.lastSaved);
      this.status.sayLater("Everything is saved.");
    } else {
      this.status.show("saved", "Everything is saved. Each cell is saved when you leave it.");
    }
  }

  #problem(text, cell) {
    this.status.show("problem", text.trim(), cell ? () => this.grid.goTo(cell) : null);
    this.status.say(text.trim());
  }

  // Leaving

  #wouldBeLost() {
    const typed = this.#toSend({ all: true }).length > 0;
    return this.conflicts.size > 0 || this.refused.size > 0
      || (typed && (this.failures > 0 || this.stopped || !navigator.onLine));
  }

  /** Send what is left while the page closes; a request under way will have made the next revision. */
  #leave() {
    const cells = this.#toSend({ all: true }).slice(0, CELLS_AT_ONCE);
    if (this.stopped || this.leaving || !cells.length) return;
    this.#request(cells, this.underWay ? this.revision + 1 : this.revision).catch(() => {});
  }

  /** Let the form go once all is saved that can be, so that it meets the revision that it names. */
  async #submit(event) {
    if (this.leaving) return;
    event.preventDefault();
    const { submitter } = event;
    await this.save({ all: true });
    await this.save({ all: true });
    const [waiting] = this.conflicts.keys();
    if (waiting) return this.grid.goTo(waiting);
    if (this.failures || this.stopped) return;
    this.leaving = true;
    setTimeout(() => this.form.requestSubmit(submitter)); // while its own event is under way, a form does not go
  }
}

function count(cells) {
  return cells === 1 ? "1 cell" : `${cells} cells`;
}
