// The jobs of the administration page, asked for every two seconds while somebody looks.
import { api, wordsFor } from "./api.js";
import { clone, fill } from "./dom.js";

const REFRESH_MS = 2000;

const table = document.getElementById("jobs");
const status = document.getElementById("jobs-status");

async function refresh() {
  if (!document.hidden) {
    try {
      show(await api("/api/admin/jobs"));
    } catch (error) {
      say(wordsFor(error));
    }
  }
  setTimeout(refresh, REFRESH_MS);
}

function show({ queued, running, failed, items }) {
  for (const [name, count] of Object.entries({ queued, running, failed })) {
    document.getElementById(`jobs-${name}`).textContent = count;
  }
  table.tBodies[0].replaceChildren(...items.map(row));
  table.hidden = items.length === 0;
  say(items.length === 0 ? "Nothing waits, runs or has failed." : "");
}

function row(job) {
  const item = fill(clone("job-template"), job);
  item.dataset.state = job.state;
  return item;
}

/** Says something once, so that a screen reader does not repeat it every two seconds. */
function say(words) {
  if (status.textContent !== words) status.textContent = words;
}

refresh();
