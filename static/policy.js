// What the policy editor does beyond HTML and htmx: a simulation tells how far
// it is. Without this script its buttons send the form, and the page that comes
// back holds the result.
(() => {
  "use strict";

  let running = null;

  document.addEventListener("click", (event) => {
    const button = event.target.closest('button[name="do"][value^="simulate:"]');
    const form = button && button.form;
    if (!form || !form.dataset.simulate || !window.ReadableStream) return;
    event.preventDefault();
    simulate(form, button);
  });

  // What was simulated is not what is typed any more.
  document.addEventListener("input", (event) => {
    const note = document.querySelector("#simulation [data-outdated]");
    if (note && event.target.form && event.target.form.id === "policy-form") note.hidden = false;
  });

  async function simulate(form, button) {
    if (running) running.abort();
    running = new AbortController();
    const mine = running;
    const target = document.getElementById("simulation");
    const meter = progress(target, mine);
    try {
      const answer = await fetch(form.dataset.simulate, {
        method: "POST",
        headers: { "HX-Request": "true" },
        body: new URLSearchParams(new FormData(form, button)),
        signal: mine.signal,
      });
      const left = answer.headers.get("HX-Redirect");
      if (left) return location.assign(left);
      const kind = answer.headers.get("Content-Type") || "";
      if (!kind.startsWith("application/x-ndjson")) return show(target, await answer.text());
      await follow(answer.body, (line) => {
        if (line.html !== undefined) show(target, line.html);
        else meter(line.done, line.total);
      });
      if (target.querySelector("progress")) throw new Error("it broke off");
    } catch (error) {
      if (mine !== running) return;
      target.textContent = mine.signal.aborted ? "Stopped." : "The connection was lost. Try again.";
    }
  }

  // follow hands on each line of a stream of JSON.
  async function follow(body, each) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line) each(JSON.parse(line));
    }
  }

  function show(target, html) {
    target.innerHTML = html;
    if (window.htmx) window.htmx.process(target);
  }

  // progress puts a bar with a button that stops into the place of the result.
  function progress(target, controller) {
    const bar = document.createElement("progress");
    bar.className = "progress progress-primary w-full";
    bar.setAttribute("aria-label", "Simulation");
    const text = document.createElement("p");
    text.className = "text-sm";
    text.textContent = "Reading past requests";
    const stop = document.createElement("button");
    stop.type = "button";
    stop.className = "btn btn-xs";
    stop.textContent = "Stop";
    stop.addEventListener("click", () => controller.abort());
    target.replaceChildren(text, bar, stop);
    return (done, total) => {
      bar.max = Math.max(total, 1);
      bar.value = done;
      text.textContent = done.toLocaleString("en") + " of " + total.toLocaleString("en") + " requests decided again";
    };
  }
})();
