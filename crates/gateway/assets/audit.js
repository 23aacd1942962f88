// Who did what, on the administration page: the newest first, and searched.
import { api, wordsFor } from "./api.js";
import { afterTyping, clone, fill, localiseTimes } from "./dom.js";

const body = document.getElementById("audit").tBodies[0];
const more = document.getElementById("audit-more");
const search = document.getElementById("audit-search");
const action = document.getElementById("audit-action");
const file = document.getElementById("audit-export");
const status = document.getElementById("audit-status");

let next = null;
// Answers may overtake each other: only the one to the last question counts.
let asked = 0;

async function load() {
  asked += 1;
  const mine = asked;
  const wanted = { limit: 10, q: search.value.trim(), action: action.value, cursor: next };
  const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  try {
    const page = await api(`/api/admin/audit?${query}`);
    if (mine !== asked) return;
    if (!next) body.replaceChildren();
    body.append(...page.items.map(row));
    next = page.next_cursor;
    more.hidden = !next;
    status.textContent = body.rows.length === 0 ? "Nobody did anything of the kind." : "";
  } catch (error) {
    status.textContent = wordsFor(error);
  }
}

function row({ at, action: done, outcome, actor, subject, detail, client }) {
  const made = clone("audit-template");
  made.querySelector("time").dateTime = at;
  made.dataset.outcome = outcome;
  fill(made, {
    actor,
    client,
    action: outcome === "refused" ? `${words(done)}, refused` : words(done),
    subject: [subject, detail].filter(Boolean).join(" · "),
  });
  localiseTimes(made);
  return made;
}

function words(name) {
  const text = name.replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
}

function again() {
  next = null;
  file.href = `/api/admin/audit/export${action.value ? `?${new URLSearchParams({ action: action.value })}` : ""}`;
  load();
}

afterTyping(search, again);
action.addEventListener("change", again);
more.addEventListener("click", load);
load();
