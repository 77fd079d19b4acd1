// Small helpers. Everything works without this file; behaviour beyond it is plain HTML or htmx attributes.
document.documentElement.classList.add("js");
const first = document.querySelector("[data-focus]");
if (first) first.focus();
// a second press of the same form does nothing, and the button says that the first one is under way
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  const button = event.submitter;
  if (button && button.matches("[data-press]")) { button.dataset.text = button.textContent; button.textContent = "Sending"; }
});
// whoever comes back by the browser's own button may press again: the form's key makes it one thing
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[data-text]")) button.textContent = button.dataset.text;
});
// what the live line says
const live = () => document.getElementById("live");
let lost = "";
const clock = () => new Date().toTimeString().slice(0, 5);
document.addEventListener("htmx:sse:error", () => { lost = lost || clock(); if (live()) live().textContent = `Not live since ${lost}. Reload`; });
document.addEventListener("htmx:sse:open", () => { lost = ""; if (live()) live().textContent = "Live"; });
