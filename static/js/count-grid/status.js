/* The line that says whether all is saved, and the one place that speaks to a screen reader. */

export class Status {
  constructor() {
    this.line = document.querySelector("[data-save-state]");
    this.text = this.line.querySelector("[data-save-text]");
    this.go = this.line.querySelector("[data-save-go]");
    this.voice = document.querySelector("[data-save-voice]");
    this.said = "";
  }

  /** Show how it stands; `kind` is saved, saving, unsaved or problem, `goTo` leads to what it speaks of. */
  show(kind, text, goTo = null) {
    this.line.dataset.saveState = kind;
    this.text.textContent = text;
    this.go.hidden = goTo === null;
    this.go.onclick = goTo;
  }

  /** Say something that matters now; what was said last is not said twice. */
  say(text) {
    clearTimeout(this.later);
    if (text === this.said) return;
    this.said = text;
    this.voice.textContent = text;
  }

  /** Say something once typing has paused. */
  sayLater(text) {
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      this.said = "";
      this.say(text);
    }, 2500);
  }

  /** Typing goes on: what was to be said later is no more true. */
  hush() {
    clearTimeout(this.later);
  }
}
