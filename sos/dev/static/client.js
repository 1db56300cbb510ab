// Makes a page of `sos dev` follow the templates: it compares what it was made of with what there is.
"use strict";

(() => {
  const script = document.currentScript;
  const shown = { ...script.dataset };
  const place = `sos-dev ${location.pathname}`;
  const framed = window.parent !== window;

  // ---------------------------------------------------------------- where one was

  const isError = () => document.documentElement.dataset.sosDev === "problems";

  function reload() {
    try {
      // The error stands where the page was: the place is the page's, however often it is reloaded.
      if (!isError()) sessionStorage.setItem(place, String(Math.round(scrollY)));
    } catch {} // private windows may have none
    history.scrollRestoration = "manual"; // the browser's own comes after ours
    location.reload();
  }

  function goBackToPlace() {
    let y = null;
    try {
      y = sessionStorage.getItem(place);
      if (!isError()) sessionStorage.removeItem(place);
    } catch {}
    if (y !== null) scrollTo({ top: isError() ? 0 : Number(y), behavior: "instant" });
    setTimeout(() => (history.scrollRestoration = "auto"), 1000); // for Back and Forward
  }

  // ---------------------------------------------------------------- style sheets in place

  function swapSheets(sheets) {
    for (const link of document.querySelectorAll('link[rel~="stylesheet"]')) {
      const found = new URL(link.href).pathname.match(/^(.*)\/_assets\/[^/]+\/(.+)$/);
      const sheet = found && sheets[decodeURIComponent(found[2])];
      const url = sheet && found[1] + sheet; // the gallery has them elsewhere
      if (!url || link.sosOld || new URL(link.href).pathname === url) continue;
      const next = link.cloneNode();
      next.href = url;
      next.onload = () => link.remove();
      next.onerror = () => next.remove();
      link.sosOld = true;
      link.after(next);
    }
  }

  // ---------------------------------------------------------------- a word in the corner

  let corner = null;

  function say(text, link) {
    if (framed) return;
    if (!text) {
      corner?.remove();
      corner = null;
      return;
    }
    if (!corner) {
      corner = document.createElement("div");
      corner.id = "sos-dev";
      const root = corner.attachShadow({ mode: "open" });
      const sheet = document.createElement("link");
      sheet.rel = "stylesheet";
      sheet.href = "/__dev/static/client.css";
      const words = document.createElement("p");
      words.setAttribute("role", "status");
      root.append(sheet, words);
      document.documentElement.append(corner);
    }
    const words = corner.shadowRoot.querySelector("p");
    words.textContent = text;
    if (link) {
      const a = document.createElement("a");
      a.href = link[0];
      a.textContent = link[1];
      words.append(" ", a);
    }
  }

  function sayWhatIs(state) {
    const count = `${state.problems} problem${state.problems === 1 ? "" : "s"}`;
    if (shown.good) say("This page is from before the error.", [location.pathname, "Show the error"]);
    else if (state.problems && !isError())
      say(`${count} on other pages.`, ["/__dev/problems", "Show"]);
    else say("");
  }

  // ---------------------------------------------------------------- following

  function follow(state) {
    script.dataset.follows = state.lost ? "" : "1";
    if (state.lost) {
      say("sos dev does not answer. This page follows again as soon as it does.");
      return;
    }
    if (state.number < Number(shown.number)) return; // what a page newer than that knows better
    if (shown.trouble && shown.trouble !== state.trouble) return reload();
    const content = Number(shown.content);
    if (shown.good) {
      if (state.ok && state.page !== shown.page) location.replace(location.pathname);
    } else if (state.page !== shown.page || (content >= 0 && state.content !== content)) {
      reload();
    } else if (state.styles !== shown.styles) {
      shown.styles = state.styles;
      swapSheets(state.sheets);
    }
    sayWhatIs(state);
  }

  function connect() {
    const worker = new SharedWorker("/__dev/static/worker.js", "sos dev");
    worker.onerror = () => {
      follow({ lost: true });
      setTimeout(connect, 500);
    };
    worker.port.onmessage = (event) => follow(event.data);
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
  }

  // A page that comes back from the browser's memory of pages is as old as that memory.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  if (self.SharedWorker) {
    connect();
  } else if (!framed) {
    const source = new EventSource("/__dev/events");
    source.onmessage = (event) => follow(JSON.parse(event.data));
    source.onerror = () => follow({ lost: true });
  }
  addEventListener("load", goBackToPlace);

  // What is scheduled goes live while one watches.
  const wait = Number(shown.until) * 1000 + 250 - Date.now();
  if (wait > 0 && wait < 86_400_000) setTimeout(reload, wait);
})();
