// The table of documents: filtered, paged, kept up to date while documents are being read.
import { api, dismissReports, report } from "./api.js";
import { confirmed } from "./confirm.js";
import { afterTyping, clone, fill, localiseTimes, sizeText } from "./dom.js";

const POLL_MS = 1000;
// However many documents are on their way, a page asks about no more than this many a second.
const POLLED_AT_ONCE = 6;

const table = document.getElementById("documents");
const body = table.tBodies[0];
const empty = document.getElementById("documents-empty");
const none = document.getElementById("documents-none");
const more = document.getElementById("documents-more");
const filter = document.getElementById("filter");
// Where a document's way ends; on a server without an embedding model that is earlier.
const settled = table.dataset.settled.split(" ");

let next = table.dataset.next;
let latest = 0;

/** Shows a document at the top of the table, or anew where it stands. */
export function showDocument(doc) {
  const shown = find(doc.id);
  const fresh = row(doc);
  if (shown) shown.replaceWith(fresh);
  else body.prepend(fresh);
  fresh.classList.add("is-new");
  settleList();
}

function find(id) {
  return body.querySelector(`[data-id="${CSS.escape(id)}"]`);
}

function row(doc) {
  const item = clone("document-template");
  item.dataset.id = doc.id;
  item.querySelector(".document-title").href = `/documents/${doc.id}`;
  item.querySelector("[data-file]").href = `/api/documents/${doc.id}/file`;
  if (!doc.can_delete) item.querySelector("[data-delete]").remove();
  for (const time of item.querySelectorAll("time")) time.dateTime = doc.created_at;
  fill(item, {
    title: doc.title,
    format: doc.format,
    size: sizeText(doc.size_bytes),
    visibility: doc.visibility === "shared" ? `shared by ${doc.owner?.name ?? "somebody"}` : "private",
  });
  localiseTimes(item);
  showStatus(item, doc);
  return item;
}

function showStatus(item, doc) {
  const words = document.getElementById("statuses").content.querySelector(`[data-status="${doc.status}"]`).cloneNode(true);
  fill(words, { error: doc.error });
  const progress = words.querySelector("progress");
  if (progress) {
    progress.max = Math.max(doc.chunks, 1);
    progress.value = doc.embedded_chunks;
  }
  item.dataset.status = doc.status;
  item.querySelector(".status").replaceWith(words);
}

function settleList() {
  const filtered = filter.elements.q.value.trim() !== "";
  const isEmpty = body.rows.length === 0;
  table.hidden = isEmpty;
  empty.hidden = !isEmpty || filtered;
  none.textContent = isEmpty && filtered ? "No document matches." : "";
  more.hidden = !next;
}

/** Fetches one page of documents; answers that a newer request has overtaken are dropped. */
async function load({ append }) {
  const turn = ++latest;
  dismissReports();
  const query = new URLSearchParams({ q: filter.elements.q.value.trim() });
  if (append) query.set("cursor", next);
  try {
    const page = await api(`/api/documents?${query}`);
    if (turn !== latest) return;
    next = page.next_cursor;
    const fresh = page.items.filter((item) => !append || !find(item.id)).map(row);
    if (append) body.append(...fresh);
    else body.replaceChildren(...fresh);
    settleList();
  } catch (error) {
    report(error);
  }
}

/** Asks again about documents that are still being read, oldest question first, until none is. */
async function poll() {
  const unsettled = [...body.rows].filter((item) => !settled.includes(item.dataset.status));
  unsettled.sort((one, other) => (one.dataset.askedAt ?? 0) - (other.dataset.askedAt ?? 0));
  if (!document.hidden) await Promise.all(unsettled.slice(0, POLLED_AT_ONCE).map(refresh));
  setTimeout(poll, POLL_MS);
}

async function refresh(item) {
  item.dataset.askedAt = Date.now();
  try {
    const doc = await api(`/api/documents/${item.dataset.id}`);
    // Reading a document finds its own title.
    fill(item, { title: doc.title });
    showStatus(item, doc);
  } catch (error) {
    if (error.status === 404) {
      item.remove();
      settleList();
    } else {
      report(error);
    }
  }
}

body.addEventListener("click", async (event) => {
  const item = event.target.closest("[data-delete]")?.closest("tr");
  if (!item) return;
  const title = item.querySelector(".document-title").textContent;
  if (!(await confirmed({ title: "Delete this document?", text: `“${title}” will be gone, and no answer will come from it any more.`, action: "Delete" }))) return;
  try {
    await api(`/api/documents/${item.dataset.id}`, { method: "DELETE" });
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    settleList();
    (neighbour?.querySelector(".document-title") ?? filter.elements.q).focus();
  } catch (error) {
    report(error);
  }
});

more.addEventListener("click", () => load({ append: true }));
afterTyping(filter.elements.q, () => load({ append: false }));
filter.addEventListener("submit", (event) => {
  event.preventDefault();
  load({ append: false });
});
poll();
