// On every page: local times, "/" for the search box, Esc and clicks beside them for open menus.
import { localiseTimes } from "./dom.js";

localiseTimes(document);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
    const box = document.querySelector("[data-search]");
    if (!box) return;
    event.preventDefault();
    // A page whose search box is hidden in a drawer opens it on this event.
    box.dispatchEvent(new CustomEvent("reveal", { bubbles: true }));
    box.focus();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

function isTyping(element) {
  return element.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
}
