// A card's number is on its page for a short while: counted down, then taken out
// of the document. Leaving the page takes it out as well, so that going back
// does not show it. Without scripts the page is left by itself.
(() => {
  "use strict";

  const secret = document.querySelector("[data-secret]");
  if (!secret) return;
  const ends = Date.now() + Number(secret.dataset.secret) * 1000;
  const left = secret.querySelector("[data-left]");
  const bar = secret.querySelector("progress");

  function hide() {
    clearInterval(clock);
    secret.remove();
    document.getElementById("secret-gone").hidden = false;
  }

  // The clock is looked at, not counted: a window in the background ticks late.
  const clock = setInterval(() => {
    const rest = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
    left.textContent = String(rest);
    bar.value = rest;
    if (rest === 0) hide();
  }, 250);
  window.addEventListener("pagehide", hide);
})();
