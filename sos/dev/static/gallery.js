// The gallery: frames that load when they come into view, at the height of what they show.
"use strict";

(() => {
  const root = document.documentElement;
  const items = [...document.querySelectorAll("article")];
  const fields = [...document.querySelectorAll("header input, header select")];
  const HIGHEST = { whole: 900, part: 2400 };

  function chosen() {
    return Object.fromEntries(fields.map((field) => [field.name, field.value]));
  }

  // ---------------------------------------------------------------- frames

  function addressOf(frame) {
    const look = new URLSearchParams();
    const { dir, scheme } = chosen();
    if (dir) look.set("dir", dir);
    if (scheme !== "auto") look.set("scheme", scheme);
    return frame.dataset.src + (look.size ? `?${look}` : "");
  }

  function fit(frame) {
    const box = frame.parentElement;
    const whole = frame.closest("article").hasAttribute("data-whole");
    let high = 320;
    try {
      const page = frame.contentDocument;
      high = page.body ? Math.ceil(page.body.getBoundingClientRect().bottom + frame.contentWindow.scrollY) : high;
      high = Math.max(high, page.documentElement.dataset.sosDev ? 400 : 40);
    } catch {} // a link led the frame elsewhere
    high = Math.min(high, whole ? HIGHEST.whole : HIGHEST.part);
    frame.height = high;
    const scale = Math.min(1, box.clientWidth / Number(frame.width));
    frame.style.transform = scale < 1 ? `scale(${scale})` : "";
    box.style.height = `${Math.ceil(high * scale)}px`;
  }

  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting || target.src) continue;
        target.src = addressOf(target);
      }
    },
    { rootMargin: "600px" },
  );
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target.firstElementChild.src) fit(target.firstElementChild);
  });
  for (const frame of document.querySelectorAll("iframe")) {
    frame.addEventListener("load", () => {
      if (!frame.src) return;
      fit(frame);
      setTimeout(fit, 400, frame); // pictures and fonts
    });
    near.observe(frame);
    sizes.observe(frame.parentElement);
  }

  // ---------------------------------------------------------------- choices

  function show() {
    const words = document.querySelector("[name=q]").value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of items) {
      item.hidden = !words.every((word) => item.dataset.title.includes(word) || item.id.includes(word));
      count += !item.hidden;
    }
    for (const group of document.querySelectorAll(".group"))
      group.hidden = !group.querySelector("article:not([hidden])");
    document.querySelector(".count").textContent = `${count} of ${items.length}`;
  }

  function remember() {
    const query = new URLSearchParams();
    for (const field of fields) {
      const first = field.tagName === "SELECT" ? field.options[0].value : "";
      if (field.value !== first) query.set(field.name, field.value);
    }
    history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
  }

  function choose(name) {
    root.dataset.width = chosen().width;
    if (name === "dir" || name === "scheme")
      for (const frame of document.querySelectorAll("iframe"))
        if (frame.src) frame.contentWindow.location.replace(addressOf(frame));
    show();
  }

  for (const field of fields)
    field.addEventListener("input", () => {
      choose(field.name);
      remember();
    });
  const asked = new URLSearchParams(location.search);
  for (const field of fields) if (asked.has(field.name)) field.value = asked.get(field.name);
  choose("");
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
})();
