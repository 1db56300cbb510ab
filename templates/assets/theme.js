// Comfort alone: every page works without it. A menu closes when the reader turns to something else.
const sheets = "nav.menu > ul > li > details[open], .menu-fold > ul > li > details[open]";

addEventListener("click", (event) => {
  for (const sheet of document.querySelectorAll(sheets)) {
    if (!sheet.contains(event.target)) sheet.open = false;
  }
});
