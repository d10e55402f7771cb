// Clerk in our pages: loads Clerk's own script, which keeps the session's token
// fresh, and shows its forms where a page has a place for them. It is told what
// it needs in the data attributes of its own element.
(() => {
  "use strict";
  const me = document.currentScript;
  const { script, ui, key, proxy, signIn, signUp, after } = me.dataset;

  const load = (src, attributes) => new Promise((done, failed) => {
    const element = document.createElement("script");
    element.src = src;
    element.async = true;
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.nonce = me.nonce;
    if (new URL(src, location.href).origin !== location.origin) element.crossOrigin = "anonymous";
    element.onload = done;
    element.onerror = () => failed(new Error(src + " did not load"));
    document.head.append(element);
  });

  const start = async () => {
    const place = document.querySelector("[data-clerk-form]");
    const parts = [load(script, proxy ? { "data-clerk-publishable-key": key, "data-clerk-proxy-url": proxy } : { "data-clerk-publishable-key": key })];
    if (place) parts.push(load(ui, {}));
    await Promise.all(parts);
    const options = { nonce: me.nonce, telemetry: false, signInUrl: signIn, signUpUrl: signUp };
    if (place) {
      options.ui = { ClerkUI: window.__internal_ClerkUICtor };
      options.signInForceRedirectUrl = after;
      options.signUpForceRedirectUrl = after;
    }
    await window.Clerk.load(options);
    if (!place) return;
    const form = { routing: "hash", forceRedirectUrl: after, signInForceRedirectUrl: after, signUpForceRedirectUrl: after, signInUrl: signIn, signUpUrl: signUp };
    if (place.dataset.clerkForm === "sign-up") window.Clerk.mountSignUp(place, form);
    else window.Clerk.mountSignIn(place, form);
  };

  start().catch((reason) => {
    console.error("Clerk:", reason);
    for (const note of document.querySelectorAll("[data-clerk-failed]")) note.hidden = false;
  });

  // Signs out of Clerk where our own form cannot, as we do not take the session.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-clerk-sign-out]")) window.Clerk.signOut({ redirectUrl: signIn });
  });

  // A form must not fail for a token that ended while the machine slept: one that
  // ends soon is renewed before the form goes.
  const ending = () => {
    const session = window.Clerk && window.Clerk.session;
    const token = session && session.lastActiveToken && session.lastActiveToken.jwt;
    return Boolean(token) && token.claims.exp * 1000 - Date.now() < 10000;
  };
  const patience = () => new Promise((done) => { setTimeout(done, 5000); });
  const renewed = () => Promise.race([window.Clerk.session.getToken({ skipCache: true }), patience()]).catch(() => null);

  document.addEventListener("htmx:confirm", (event) => {
    if (!ending()) return;
    event.preventDefault();
    renewed().then(() => event.detail.issueRequest());
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!ending() || form.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    renewed().then(() => {
      if (!ending()) form.requestSubmit(button);
      else form.submit();
    });
  }, true);
})();
