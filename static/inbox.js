// The inbox beyond HTML and htmx: what is new is put in without touching what
// somebody works on, and keys lead through it. Everything works without it.
(() => {
  "use strict";

  // A list that moves under a finger takes no clicks for this long (ms).
  const SETTLE = 700;
  // News stays on top for this long (ms).
  const NEWS = 20000;
  const fresh = new WeakMap(); // a card → how it is now

  const cards = () => [...document.querySelectorAll("[data-request]")];
  const inbox = () => document.getElementById("inbox");

  function busy(card) {
    if (card.contains(document.activeElement)) return true;
    return [...card.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
  }

  let silence;
  function say(text) {
    const news = document.getElementById("inbox-news");
    if (!news) return;
    news.textContent = text;
    clearTimeout(silence);
    silence = setTimeout(() => { news.textContent = ""; }, NEWS);
  }

  function count(n, one, many) { return n === 1 ? `1 ${one}` : `${n} ${many}`; }

  // A card that is worked on stays; it says that it is not the truth any more.
  function mark(card, now) {
    fresh.set(card, now);
    if (card.querySelector("[data-changed]")) return;
    const note = document.createElement("div");
    note.dataset.changed = "";
    note.className = "alert alert-warning mb-4";
    note.setAttribute("role", "status");
    note.append(now ? "This request has changed. " : "This request does not wait any more. ");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm";
    button.textContent = now ? "Show it as it is now" : "Take it off the list";
    button.addEventListener("click", () => put(card, fresh.get(card)));
    note.append(button);
    card.prepend(note);
  }

  function put(card, now) {
    if (!now) { card.remove(); return; }
    card.replaceWith(now);
    htmx.process(now);
    now.focus();
  }

  // merge brings the list up to date with the server's answer, which holds the
  // newest only: what it leaves out was decided if it is newer than the last of
  // them. What is older has moved to the next page; it stays, for somebody may
  // be about to decide it. The ids of cards are in the order of their making.
  function merge(old, now) {
    const list = old.querySelector("[data-list]");
    const wanted = [...now.querySelectorAll("[data-request]")];
    if (!list) {
      replaceAll(old, now);
      tell(wanted.length, 0);
      return;
    }
    const known = new Map([...list.children].map((card) => [card.id, card]));
    const oldest = [...known.keys()].sort()[0];
    const added = wanted.filter((card) => !known.has(card.id) && card.id > oldest).length;
    place(list, wanted, known);
    const end = pager(now) ? wanted.at(-1)?.id ?? "" : "";
    const gone = [...known.values()].filter((card) => !("done" in card.dataset) && card.id > end);
    for (const card of gone) {
      if (busy(card)) mark(card, null); else card.remove();
    }
    if (list.children.length === 0) replaceAll(old, now);
    else turnPages(old, now);
    tell(added, gone.length);
  }

  function replaceAll(old, now) {
    old.replaceChildren(...now.childNodes);
    htmx.process(old);
  }

  // place puts what the answer holds into the list, and takes it out of what is
  // known.
  function place(list, wanted, known) {
    let before = null;
    for (const card of wanted) {
      const here = known.get(card.id);
      known.delete(card.id);
      const same = here?.dataset.request === card.dataset.request;
      if (here && (same || busy(here))) {
        if (!same) mark(here, card);
        before = here;
        continue;
      }
      if (here) here.replaceWith(card);
      else if (before) before.after(card);
      else list.prepend(card);
      htmx.process(card);
      before = card;
    }
  }

  function pager(inbox) { return inbox.querySelector("nav[aria-label=Pages]"); }

  // turnPages has the pager lead where the answer's does.
  function turnPages(old, now) {
    const here = pager(old), next = pager(now);
    if (here?.innerHTML === next?.innerHTML) return;
    here?.remove();
    if (next) old.append(next);
  }

  function tell(added, gone) {
    const words = [];
    if (added) words.push(count(added, "new request", "new requests"));
    if (gone) words.push(count(gone, "request was decided", "requests were decided"));
    if (words.length === 0) return;
    say(`${words.join(", ")}.`);
    const list = inbox();
    list.classList.add("settling");
    setTimeout(() => list.classList.remove("settling"), SETTLE);
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "inbox") return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status !== 200) return;
    const answer = new DOMParser().parseFromString(event.detail.serverResponse, "text/html").getElementById("inbox");
    if (answer) merge(inbox(), answer);
  });

  // After a decision the focus stays where the request was, so that j goes on
  // from there.
  document.addEventListener("htmx:afterSwap", (event) => {
    const id = event.detail.requestConfig?.target?.id;
    if (id?.startsWith("request-")) document.getElementById(id)?.focus();
  });

  // The button for less says how much.
  document.addEventListener("input", (event) => {
    const place = event.target.dataset?.amount && document.querySelector(event.target.dataset.amount);
    if (place) place.textContent = event.target.value.trim() ? `${event.target.value.trim()} ${place.dataset.currency}` : "this amount";
  });

  function current() { return document.activeElement?.closest("[data-request]"); }

  function step(by) {
    const all = cards();
    if (all.length === 0) return;
    const at = all.indexOf(current());
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    a: () => (current() ?? cards()[0])?.querySelector("[data-approve]")?.focus(),
    d: () => {
      const part = (current() ?? cards()[0])?.querySelector("[data-deny]");
      if (!part) return;
      part.open = true;
      part.querySelector("textarea").focus();
    },
    "?": () => document.getElementById("inbox-keys")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // What is left of the time is told anew every half minute.
  function left(until) {
    const minutes = Math.floor((until - Date.now()) / 60000);
    if (until <= Date.now()) return "Time is over";
    if (minutes < 1) return "Less than a minute left";
    if (minutes < 60) return `${minutes} min left`;
    if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
    return `${Math.floor(minutes / 1440)} days left`;
  }
  setInterval(() => {
    for (const time of document.querySelectorAll("time[data-until]")) time.textContent = left(new Date(time.dateTime).getTime());
  }, 30000);
})();
