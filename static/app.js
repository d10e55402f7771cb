// What pages do beyond HTML and htmx. Every page works without it.
(() => {
  "use strict";

  // A button with data-copy copies the text of the element that it names.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = before; }, 1500);
  });

  // A button with data-open shows the dialog that it names; one with data-close
  // closes the dialog around it.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) {
      event.preventDefault();
      document.querySelector(opener.dataset.open).showModal();
    }
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog").close();
  });

  // A select with data-submit sends its form when it changes.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // Buttons that only make sense with scripts are hidden until one runs.
  document.documentElement.classList.add("scripted");

  // An answer of these to htmx carries the form with what is wrong, or what has
  // changed meanwhile: it is shown as any other. What is not allowed, or not
  // there, is no part of the page, and leaves the form with what was typed.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    if (status === 422 || status === 409) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // A part that somebody works on is not taken from under their hands by what
  // brings it up to date: it has the field that they are in, something that they
  // typed, or something that they opened. It is asked for again when they leave.
  const behind = new Map(); // a part → the address that it is asked for at
  let left = null; // where the link leads that somebody was at in a part that went

  function workedOn(part) {
    if (part.querySelector("details[open]")) return true;
    return [...part.querySelectorAll("input, textarea, select")].some((field) => field === document.activeElement || changed(field));
  }

  function changed(field) {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    return field.defaultValue !== undefined && field.value !== field.defaultValue;
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, target } = event.detail;
    left = null;
    if (requestConfig.verb !== "get" || requestConfig.elt !== target) return;
    if (target.id === "inbox") return; // inbox.js looks at each request by itself
    behind.delete(target);
    if (!workedOn(target)) {
      left = target.contains(document.activeElement) && document.activeElement.getAttribute("href");
      return;
    }
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status === 200) behind.set(target, requestConfig.path);
  });

  // Who is at a link of a part by keyboard is at it in the one that comes, too.
  document.addEventListener("htmx:afterSwap", () => {
    if (left && document.activeElement === document.body) {
      document.querySelector(`#main a[href="${CSS.escape(left)}"]`)?.focus({ preventScroll: true });
    }
    left = null;
  });

  // Where the focus goes to is known only after the event.
  function catchUp() {
    setTimeout(() => {
      for (const [part, path] of behind) {
        if (part.isConnected && workedOn(part)) continue;
        behind.delete(part);
        if (part.isConnected) htmx.ajax("get", path, { source: part, target: part });
      }
    });
  }
  document.addEventListener("focusout", catchUp);
  document.addEventListener("toggle", catchUp, true);

  // A form that changes something is sent once, however often its button is
  // pressed, until there is an answer: another page, or for htmx the end of its
  // request. A page that was not left after a while is taken to stay, as with an
  // answer that is a file.
  const STAYS = 10000; // ms
  const underway = new Set();

  document.addEventListener("submit", (event) => {
    if (!underway.has(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  window.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    underway.add(form);
    setTimeout(() => underway.delete(form), STAYS);
  });
  window.addEventListener("pageshow", () => underway.clear());
  document.addEventListener("htmx:beforeSend", (event) => {
    if (sent(event)) underway.add(event.detail.requestConfig.elt);
  });
  document.addEventListener("htmx:afterRequest", (event) => underway.delete(event.detail.requestConfig.elt));

  // sent says whether a request of htmx is of somebody who sent a form.
  function sent(event) { return event.detail.requestConfig.triggeringEvent?.type === "submit"; }

  // What was not done is said: in the server's words, or that none came. Only of
  // what somebody sent: parts that are brought up to date by themselves, and
  // previews of what is being typed, are silent, and take no message away.
  function say(event, text) {
    if (!sent(event)) return;
    const trouble = document.getElementById("trouble");
    trouble.querySelector("p").textContent = text;
    trouble.hidden = text === "";
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("#trouble button")) document.getElementById("trouble").hidden = true;
  });
  document.addEventListener("htmx:beforeSend", (event) => say(event, ""));
  document.addEventListener("htmx:responseError", (event) => {
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    say(event, answer.querySelector("[role=alert]")?.textContent || "The server could not do this. Try again in a moment.");
  });
  document.addEventListener("htmx:sendError", (event) => {
    say(event, "No answer came, so it is not known whether this was done. Load the page again to see.");
  });
})();
