// Keeps the fleet page up to date from `fleet/events`: texts into elements that are there, and rows
// into their order. It knows no words and makes no HTML from what it is told.
(() => {
  "use strict";
  const LATE = 3500; // milliseconds without a word after which the page says so
  const RETRY = 3000;
  const byId = (id) => document.getElementById(id);
  const groups = ["attention", "moving", "well"];
  const main = byId("main"), lost = byId("lost"), link = byId("link"), filter = byId("filter");
  const rows = new Map();
  const base = new URL(".", location.href);
  let source = null, heard = performance.now(), first = heard, retry = 0;

  const put = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const level = (element, word) => {
    element.dataset.level = word;
    for (const mark of element.querySelectorAll(".mark")) mark.dataset.level = word;
    for (const use of element.querySelectorAll("use")) use.setAttribute("href", "#mark-" + word);
  };

  function fill(list, notes) {
    const template = byId("note").content.firstElementChild;
    while (list.children.length > notes.length) list.lastElementChild.remove();
    notes.forEach(([word, text, aside], n) => {
      const item = list.children[n] || list.appendChild(template.cloneNode(true));
      const known = ["bad", "warn", "moving", "well"].includes(word);
      if (item.dataset.level !== word) level(item, known ? word : "moving");
      item.dataset.level = word;
      put(item.querySelector("span"), text);
      put(item.querySelector("b"), aside);
    });
  }

  function draw(shares) {
    const bar = byId("bar"), name = "http://www.w3.org/2000/svg";
    let x = 0;
    bar.replaceChildren(...shares.map(([word, n]) => {
      const share = document.createElementNS(name, "rect");
      share.dataset.level = word;
      for (const [key, value] of [["x", x], ["width", n], ["height", 1]]) share.setAttribute(key, value);
      x += n;
      return share;
    }));
    bar.setAttribute("viewBox", `0 0 ${x || 1} 1`);
  }

  function change(node, cells) {
    let row = rows.get(node);
    if (!row) {
      row = byId("row").content.firstElementChild.cloneNode(true);
      rows.set(node, row);
    }
    for (const [cell, text] of Object.entries(cells)) {
      if (cell === "level") level(row, text);
      else if (cell === "href") {
        const a = row.querySelector("a");
        if (text) a.href = text; else a.removeAttribute("href");
      } else put(row.querySelector(`[data-cell="${cell}"]`), text);
    }
    sift(row);
  }

  function arrange(order) {
    const present = new Set();
    for (const group of groups) {
      const body = byId(group);
      let next = body.firstElementChild;
      for (const node of order[group]) {
        const row = rows.get(node);
        present.add(node);
        // Only a row that is out of place is moved: focus and selection stay where they are.
        if (row === next) next = next.nextElementSibling;
        else body.insertBefore(row, next);
      }
      const section = byId("group-" + group);
      if (section) section.hidden = order[group].length === 0;
    }
    for (const [node, row] of rows) {
      if (!present.has(node)) { row.remove(); rows.delete(node); }
    }
    byId("find").hidden = rows.size < 12;
  }

  function sift(row) {
    const wanted = filter.value.trim().toLowerCase();
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
  }
  filter.addEventListener("input", () => {
    for (const row of rows.values()) sift(row);
    const some = filter.value.trim() !== "";
    if (some) byId("fold").open = true;
    put(byId("found"), some ? `${[...rows.values()].filter((r) => !r.hidden).length} found` : "");
  });

  function apply(view) {
    if (view.level) {
      level(document.documentElement.querySelector(".verdict"), view.level);
      document.documentElement.dataset.level = view.level;
      document.querySelector("link[rel=icon]").href = `fleet/${view.level}.svg`;
    }
    if (view.title) document.title = view.title;
    for (const [name, text] of Object.entries(view.texts || {})) {
      for (const element of document.querySelectorAll(`[data-text="${name}"]`)) put(element, text);
    }
    if (view.findings) fill(byId("findings"), view.findings);
    if (view.states) fill(byId("states"), view.states);
    if (view.releases) fill(byId("releases"), view.releases);
    if (view.bar) draw(view.bar);
    for (const [node, cells] of Object.entries(view.rows || {})) change(node, cells);
    if (view.groups) arrange(view.groups);
  }

  function listen(event) {
    heard = performance.now();
    apply(JSON.parse(event.data));
    show(true);
  }

  function show(on) {
    link.classList.toggle("on", on);
    put(byId("link-word"), on ? "Live," : "As of");
    main.classList.toggle("out-of-date", !on);
    lost.hidden = on;
    put(byId("lost-word"), on ? "" : "Connection lost."); // said once, the age is not
    const age = Math.round((performance.now() - heard) / 1000);
    put(byId("lost-age"), on ? "" : `Last update ${age} s ago; trying again.`);
  }

  function connect() {
    clearTimeout(retry);
    source = new EventSource(new URL("fleet/events", base));
    source.addEventListener("view", listen);
    source.addEventListener("error", () => {
      // After a refusal (too many watchers) the browser does not try again by itself.
      if (source && source.readyState === EventSource.CLOSED) retry = setTimeout(connect, RETRY);
    });
  }
  function disconnect() {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
    link.classList.remove("on");
    put(byId("link-word"), "As of");
  }

  for (const group of groups) {
    for (const row of byId(group).children) rows.set(row.querySelector("[data-cell=node]").textContent, row);
  }
  byId("find").hidden = rows.size < 12;
  setInterval(() => {
    if (source && performance.now() - Math.max(heard, first) > LATE) show(false);
  }, 500);
  // Nobody looks: nothing is asked of the node.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) disconnect();
    else if (!source) {
      first = performance.now(); // the first word may take as long as any other
      connect();
    }
  });
  connect();
})();
