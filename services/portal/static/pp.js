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
  form.setAttribute("hx-morph-skip", ""); // a live piece that is read meanwhile leaves it as it was sent
  const button = event.submitter;
  if (button && button.matches("[data-press]")) { button.dataset.text = button.textContent; button.textContent = "Sending"; }
});
// whoever comes back by the browser's own button may press again: the form's key makes it one thing; a draft is
// read again, what was typed before is saved in it
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  if (document.querySelector("[data-autosave]")) { location.reload(); return; }
  for (const form of document.querySelectorAll("[data-sent]")) { delete form.dataset.sent; form.removeAttribute("hx-morph-skip"); }
  for (const button of document.querySelectorAll("[data-text]")) button.textContent = button.dataset.text;
});
// what the live line says; without scripts it says as of when the page is
const live = document.getElementById("live");
let lost = "";
document.addEventListener("htmx:sse:after:connection", (event) => {
  if (!live || event.detail.connection.status >= 400) return;
  lost = "";
  live.textContent = "Live";
  live.classList.add("pp-live--on");
});
const gone = () => {
  if (!live || lost) return;
  lost = new Date().toTimeString().slice(0, 5);
  const again = document.createElement("a");
  again.className = "govuk-link";
  again.href = location.href;
  again.textContent = "Reload";
  live.replaceChildren(`Not live since ${lost}. `, again);
  live.classList.remove("pp-live--on");
};
document.addEventListener("htmx:sse:error", gone);
// a stream that never began is an ordinary request that failed
document.addEventListener("htmx:error", (event) => { if (event.target === document.body) gone(); });
// whoever does nothing for half an hour is signed out: the page asks five minutes before, and keeps what was typed
const ending = document.getElementById("ending");
let typing = null;
document.addEventListener("input", (event) => { typing = event.target; });
if (ending) {
  const words = ending.querySelector("[role=status]");
  let until = Date.now() + ending.dataset.seconds * 1000;
  const left = () => Math.ceil((until - Date.now()) / 1000);
  const ask = async (method) => {
    const answer = await fetch("/session", { method }).catch(() => null);
    if (!answer || !answer.ok) return false;
    until = Date.now() + (await answer.json()).seconds * 1000;
    return true;
  };
  const leave = () => {
    const then = document.body.dataset.path;
    const form = typing && typing.form;
    if (!form || form.matches("[data-autosave]")) { location.assign(`/session-ended?then=${encodeURIComponent(then)}`); return; }
    const carried = document.createElement("form");
    carried.method = "post";
    carried.action = "/session-ended";
    const said = [...new FormData(form)].map(([name, value]) => [`kept.${name}`, value]);
    for (const [name, value] of [["then", then], ["at", typing.id], ...said]) {
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      carried.append(field);
    }
    carried.hidden = true;
    document.body.append(carried);
    carried.submit();
  };
  const look = async () => {
    const known = left() > 300 || await ask("GET");
    if (left() > 300) { if (ending.open) ending.close(); return; }
    if (left() <= 0) {
      if (known) { clearInterval(watch); leave(); }
      return;
    }
    const minutes = Math.ceil(left() / 60);
    const said = `You are signed out in ${minutes} minute${minutes === 1 ? "" : "s"} unless you go on.`;
    if (!ending.open) ending.showModal();
    if (words.textContent !== said) words.textContent = said;
  };
  const watch = setInterval(look, 10000);
  ending.addEventListener("close", () => { if (left() <= 300) ask("POST"); });
}
// saving as one types goes on by itself; where it cannot, the page says so
document.addEventListener("htmx:error", (event) => {
  const line = document.getElementById("save");
  if (line && event.target.matches && event.target.matches("[data-autosave]")) line.textContent = "Not saved: the portal cannot be reached. What you typed stands on this page.";
});
