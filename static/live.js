// One stream of news for each page that is looked at. A browser has six
// connections to a host, so a page in the background gives its own back after a
// while, and hears what it missed when it is looked at again.
(() => {
  "use strict";

  const AWAY = 60000; // ms

  class Live {
    constructor(url) {
      this.url = url;
      this.last = null; // the position of the last event heard
      this.listeners = new Map();
      this.turned = () => this.turn();
      document.addEventListener("visibilitychange", this.turned);
      this.open();
    }

    open() {
      const url = new URL(this.url, location.href);
      if (this.last !== null) url.searchParams.set("after", this.last);
      this.source = new EventSource(url);
      this.source.onopen = (event) => this.onopen?.(event);
      this.source.onerror = (event) => this.onerror?.(event);
      for (const name of this.listeners.keys()) this.follow(name);
    }

    follow(name) {
      this.source.addEventListener(name, (event) => {
        this.last = event.lastEventId || this.last;
        for (const listener of this.listeners.get(name)) listener(event);
      });
    }

    addEventListener(name, listener) {
      if (!this.listeners.has(name)) {
        this.listeners.set(name, new Set());
        this.follow(name);
      }
      this.listeners.get(name).add(listener);
    }

    removeEventListener(name, listener) { this.listeners.get(name)?.delete(listener); }

    get readyState() { return this.source.readyState; }

    close() {
      clearTimeout(this.leaving);
      document.removeEventListener("visibilitychange", this.turned);
      this.source.close();
    }

    turn() {
      clearTimeout(this.leaving);
      if (document.hidden) this.leaving = setTimeout(() => this.source.close(), AWAY);
      else if (this.source.readyState === EventSource.CLOSED) this.open();
    }
  }

  htmx.createEventSource = (url) => new Live(url);
})();
