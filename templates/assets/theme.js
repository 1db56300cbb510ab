// Comfort alone: every page works without this. What an editor says before all else can be put away
// for good, and a menu closes when its reader turns to something else.
(() => {
  const PAST = "sos-past";
  const KEPT = 20;
  const tagOf = (callout) => callout.id.replace("sos-callout-", "");

  function readPast() {
    try {
      return localStorage.getItem(PAST)?.match(/\w+/g) ?? [];
    } catch {
      return [];
    }
  }

  // Where nothing may be stored, it is back on the next visit, and that is all.
  function putAway(callout) {
    try {
      localStorage.setItem(PAST, [tagOf(callout), ...readPast()].slice(0, KEPT).join(" "));
    } catch {}
    const isTakeover = callout.matches(".callout-takeover");
    const next = isTakeover ? callout.nextElementSibling : document.querySelector(".site-title a");
    callout.remove();
    next.focus({ preventScroll: true });
    if (isTakeover) scrollTo({ top: 0, behavior: "instant" });
  }

  for (const callout of document.querySelectorAll(".callout")) {
    if (readPast().includes(tagOf(callout))) {
      callout.remove();
      continue;
    }
    const way = callout.querySelector(".callout-on a, .callout-close");
    way.hidden = false;
    way.addEventListener("click", (event) => {
      event.preventDefault();
      putAway(callout);
    });
  }

  const menus = () => document.querySelectorAll(".menu-fold, .menu-fold > ul > li > details");
  const narrow = matchMedia("(max-width: 47.99rem)");

  // On a phone one menu holds all, and what is open in it stays open.
  function closeOthers({ target }) {
    for (const menu of menus()) {
      const isSheet = menu.matches(".menu-fold") === narrow.matches;
      const stays = menu.matches(".menu-open > *") || menu.contains(target);
      if (isSheet && !stays) menu.open = false;
    }
  }
  addEventListener("click", closeOthers);
  addEventListener("focusin", closeOthers);

  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const open = [...menus()].filter((menu) => menu.open && menu.contains(document.activeElement));
    if (open.length) {
      const menu = open.at(-1);
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    const takeover = document.querySelector(".callout-takeover");
    if (takeover && takeover.getBoundingClientRect().bottom > 0) putAway(takeover);
  });
})();
