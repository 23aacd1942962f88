// The cache of answers on the administration page: how well it works, and why a question is answered from it.
import { api, wordsFor } from "./api.js";
import { clone, fill, sizeText } from "./dom.js";

const REFRESH_MS = 2000;
const TIERS = { l1: "In process", l2: "On disk or in Redis", rag: "By meaning" };

// What a change of documents did to the answers that it removed.
const ALTERATIONS = {
  found: "they were found in what changed",
  words: "its words match now",
  meaning: "its meaning is near now",
  rarity: "a word became more common or rarer",
  collection: "there is so much more or less to read",
  private: "it was the asker's own",
  words_alone: "vectors were missing",
  everything: "nothing was to be trusted",
};

const table = document.getElementById("cache");
const form = document.getElementById("cache-explain");
const status = document.getElementById("cache-status");
const found = document.getElementById("cache-found");

async function refresh() {
  if (!document.hidden) {
    try {
      show(await api("/api/admin/cache"));
    } catch (error) {
      say(wordsFor(error));
    }
  }
  setTimeout(refresh, REFRESH_MS);
}

function show(figures) {
  document.getElementById("cache-questions").textContent = figures.questions;
  document.getElementById("cache-rate").textContent = percent(figures.hit_rate);
  const removed = Object.entries(figures.alterations).map(([why, count]) => `${count} (${ALTERATIONS[why] ?? why})`);
  document.getElementById("cache-alterations").textContent = removed.length === 0 ? "" : `Removed by changes of documents: ${removed.join(", ")}.`;
  table.tBodies[0].replaceChildren(...Object.keys(TIERS).map((tier) => row(TIERS[tier], figures[tier])));
}

function row(name, { lookups, hits, hit_rate, latency, misses, bytes, entries }) {
  const reasons = Object.entries(misses).filter(([, count]) => count > 0).map(([why, count]) => `${count} ${why.replaceAll("_", " ")}`);
  return fill(clone("tier-template"), {
    name,
    hits: `${hits} of ${lookups} (${percent(hit_rate)})`,
    median: lookups === 0 ? "–" : duration(latency.p50_us),
    misses: reasons.join(", ") || "–",
    entries: entries === 0 ? "0" : `${entries} (${sizeText(bytes)})`,
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    explain(await api(`/api/admin/cache/explain?${new URLSearchParams(new FormData(form))}`));
  } catch (error) {
    say(wordsFor(error));
  }
});

document.getElementById("cache-clear").addEventListener("click", async () => {
  try {
    const { l1, l2 } = await api("/api/admin/cache", { method: "DELETE" });
    found.replaceChildren();
    say(`Thrown away: ${l1} answers in process, ${l2} on disk or in Redis.`);
  } catch (error) {
    say(wordsFor(error));
  }
});

function explain({ question, key, entries, alike }) {
  const lines = entries.map((entry) => `${TIERS[entry.tier]}: “${entry.question}”, ${duration(entry.age_ms * 1000)} old`);
  if (lines.length === 0) lines.push("No tier has an answer to these very words.");
  for (const other of alike.filter((other) => other.question !== question)) {
    const verdict = other.refused === null ? "is the same question" : `is another question: ${other.refused}`;
    lines.push(`“${other.question}” (similarity ${other.similarity.toFixed(3)}) ${verdict}`);
  }
  found.replaceChildren(...lines.map(item));
  if (entries.length > 0) found.append(dropButton(key));
  say(`Looked up as “${question}”.`);
}

function dropButton(key) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = "Throw this answer away";
  button.addEventListener("click", async () => {
    try {
      await api(`/api/admin/cache/${key}`, { method: "DELETE" });
      found.replaceChildren();
      say("Thrown away.");
    } catch (error) {
      say(wordsFor(error));
    }
  });
  return button;
}

function item(words) {
  const element = document.createElement("li");
  element.textContent = words;
  return element;
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}

function duration(us) {
  if (us < 1000) return `${us.toFixed(0)} µs`;
  if (us < 1e5) return `${(us / 1000).toFixed(1)} ms`;
  return us < 1e6 ? `${(us / 1000).toFixed(0)} ms` : `${(us / 1e6).toFixed(0)} s`;
}

function say(words) {
  if (status.textContent !== words) status.textContent = words;
}

refresh();
