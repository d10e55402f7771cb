// A field with data-browser-zone begins with the time zone of the browser, when
// it is one of those to choose from. Without this it begins with UTC.
(() => {
  "use strict";
  const field = document.querySelector("[data-browser-zone]");
  if (!field) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const offered = Array.from(field.list.options, (option) => option.value);
  if (offered.includes(zone)) field.value = zone;
})();
