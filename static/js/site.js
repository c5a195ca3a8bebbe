/* Small comforts. Every page works without this file. */
"use strict";

// After a refused form, begin where the errors are listed.
document.querySelector(".error-summary")?.focus();

// A form marked data-keep asks before typing in it is lost.
for (const form of document.querySelectorAll("form[data-keep]")) {
  let typed = false;
  form.addEventListener("input", () => { typed = true; });
  form.addEventListener("submit", () => { typed = false; });
  window.addEventListener("beforeunload", (event) => {
    if (typed) event.preventDefault();
  });
}

// The account menu closes with Escape, or when something else is used.
const menu = document.querySelector(".account-menu");
if (menu) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  for (const kind of ["click", "focusin"]) {
    document.addEventListener(kind, (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  }
}

// A button marked data-print prints the page; one marked data-copy puts its text on the clipboard.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => { window.print(); });
}
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.copied;
    });
  }
}

// A word of the glossary opens its meaning by itself; here it opens beside the word, and on hover too.
if ("popover" in HTMLElement.prototype) {
  const meaningOf = (word) => document.getElementById(word.getAttribute("popovertarget"));
  let asked = null, rests = 0, hovered = null;
  const wordAt = (target) => target.closest?.("button.term");

  document.addEventListener("click", (event) => {
    const word = wordAt(event.target);
    if (!word) return;
    asked = word;
    if (hovered === word) event.preventDefault();  // open already: a click keeps it open
    hovered = null;
  }, true);
  document.addEventListener("toggle", (event) => {
    const meaning = event.target;
    if (!asked || event.newState !== "open" || !meaning.classList.contains("meaning")) return;
    const word = asked.getBoundingClientRect(), size = meaning.getBoundingClientRect();
    const room = document.documentElement.clientWidth - size.width - 16;
    const isBelow = word.bottom + size.height + 8 < window.innerHeight || word.top < size.height + 8;
    meaning.style.position = "absolute";
    meaning.style.inset = "auto";
    meaning.style.margin = "0";
    meaning.style.left = `${Math.max(8, Math.min(word.left, room + 8)) + window.scrollX}px`;
    meaning.style.top = `${(isBelow ? word.bottom + 4 : word.top - size.height - 4) + window.scrollY}px`;
  }, true);
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const word = wordAt(event.target);
    const stays = word === hovered && word || event.target.closest?.(".meaning");
    clearTimeout(rests);
    if (stays) return;
    rests = setTimeout(() => {
      if (hovered) meaningOf(hovered)?.hidePopover();
      hovered = null;
      if (!word || meaningOf(word)?.matches(":popover-open")) return;
      word.removeAttribute("title");
      asked = hovered = word;
      meaningOf(word)?.showPopover();
    }, 300);
  });
}
