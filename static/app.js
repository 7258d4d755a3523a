// What the pages cannot do without a script, and only that. Every page works without it.
"use strict";

// --- Polls sleep in a hidden tab and wake at once when it is looked at. ---------------------------------------

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.matches("[data-poll]")) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.querySelectorAll("[data-poll]").forEach((element) => htmx.trigger(element, "wake"));
});

// Morphing must not undo what somebody is typing.
Idiomorph.defaults.ignoreActiveValue = true;

// --- News are read out politely: the latest only, at most every 30 seconds. -------------------------------------

const PAUSE_MS = 30000;
let spokenAt = 0;
let waiting = 0;

function announce() {
  waiting = 0;
  const news = document.querySelector("[data-announce]");
  const announcer = document.getElementById("announcer");
  if (!news || announcer.textContent === news.dataset.announce) return;
  announcer.textContent = news.dataset.announce;
  spokenAt = Date.now();
}

document.addEventListener("htmx:afterSettle", () => {
  if (!waiting) waiting = setTimeout(announce, Math.max(0, spokenAt + PAUSE_MS - Date.now()));
});

// --- Chips put their field into the text, where the cursor is. --------------------------------------------------

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-insert]");
  if (!chip) return;
  const text = document.getElementById(chip.dataset.target);
  text.setRangeText(chip.dataset.insert, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
});

// --- A form is sent once. aria-disabled, not disabled: the button keeps its value and its focus. ------------------

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-disabled", "true");
});

// The page came back from the browser's memory: its forms may be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  document.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
});
