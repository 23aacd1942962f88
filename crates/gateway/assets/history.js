// The conversations beside the chat: grouped by day, searched, exported, deleted; on small screens in a drawer.
import { api, dismissReports, report } from "./api.js";
import { confirmed } from "./confirm.js";
import { afterTyping, clone, dayName, fill } from "./dom.js";

const list = document.getElementById("history-list");
const empty = document.getElementById("history-empty");
const more = document.getElementById("history-more");
const search = document.getElementById("history-search");

let open = list.dataset.open;
let next = list.dataset.next;
let latest = 0;

group([...list.querySelectorAll(".conversation")]);

/** Fetches one page of conversations; answers that a newer request has overtaken are dropped. */
async function load({ append }) {
  const turn = ++latest;
  dismissReports();
  const query = new URLSearchParams({ q: search.elements.q.value.trim() });
  if (append) query.set("cursor", next);
  try {
    const page = await api(`/api/conversations?${query}`);
    if (turn !== latest) return;
    next = page.next_cursor;
    group([...(append ? list.querySelectorAll(".conversation") : []), ...page.items.map(row)]);
  } catch (error) {
    report(error);
  }
}

function row(conversation) {
  const item = fill(clone("conversation-template"), { title: conversation.title });
  item.dataset.id = conversation.id;
  item.dataset.updated = conversation.updated_at;
  const link = item.querySelector(".conversation-link");
  link.href = `/c/${conversation.id}`;
  if (conversation.id === open) link.setAttribute("aria-current", "page");
  for (const way of item.querySelectorAll("[data-export]")) {
    way.href = `/api/conversations/${conversation.id}/export?format=${way.dataset.export}`;
  }
  return item;
}

function group(items) {
  const days = new Map();
  for (const item of items) {
    const day = dayName(item.dataset.updated);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push(item);
  }
  const sections = [...days].map(([day, rows]) => {
    const section = document.createElement("section");
    const ol = document.createElement("ol");
    ol.className = "conversations";
    ol.append(...rows);
    section.append(Object.assign(document.createElement("h3"), { textContent: day }), ol);
    return section;
  });
  list.replaceChildren(...sections);
  const searching = search.elements.q.value.trim() !== "";
  empty.textContent = items.length > 0 ? "" : searching ? "Nothing matches." : "Your questions will be listed here.";
  more.hidden = !next;
}

list.addEventListener("click", async (event) => {
  const item = event.target.closest("[data-delete]")?.closest(".conversation");
  if (!item) return;
  const title = item.querySelector(".conversation-link").textContent;
  if (!(await confirmed({ title: "Delete this conversation?", text: `“${title}” and its answers will be gone.`, action: "Delete" }))) return;
  try {
    await api(`/api/conversations/${item.dataset.id}`, { method: "DELETE" });
  } catch (error) {
    report(error);
    return;
  }
  if (item.dataset.id === open) {
    location.assign("/");
  } else {
    item.remove();
    group([...list.querySelectorAll(".conversation")]);
  }
});

more.addEventListener("click", () => load({ append: true }));
afterTyping(search.elements.q, () => load({ append: false }));
search.addEventListener("submit", (event) => {
  event.preventDefault();
  load({ append: false });
});

// The chat says when a conversation has begun or moved on.
document.addEventListener("conversation", (event) => {
  open = event.detail.id ?? open;
  load({ append: false });
});

const drawer = document.getElementById("history");
const shade = document.querySelector(".drawer-shade");
const toggle = document.querySelector(".drawer-toggle");
const small = matchMedia("(max-width: 60rem)");

function setDrawer(isOpen) {
  const shown = isOpen && small.matches;
  drawer.classList.toggle("is-open", shown);
  drawer.inert = small.matches && !shown;
  document.getElementById("main").inert = shown;
  shade.hidden = !shown;
  toggle.setAttribute("aria-expanded", String(shown));
}

setDrawer(false);
small.addEventListener("change", () => setDrawer(false));
toggle.addEventListener("click", () => {
  setDrawer(toggle.getAttribute("aria-expanded") === "false");
  if (!drawer.inert) drawer.querySelector("a, button, input").focus();
});
shade.addEventListener("click", () => setDrawer(false));
drawer.addEventListener("reveal", () => setDrawer(true));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drawer.classList.contains("is-open")) {
    setDrawer(false);
    toggle.focus();
  }
});
