// One answer on the page: its text with links to the sources, its sources, its facts, its feedback.
import { api, wordsFor } from "./api.js";
import { copyText } from "./copy.js";
import { clone, fill } from "./dom.js";

const texts = new WeakMap();

/** An empty answer that `update` fills as the server speaks. */
export function newAnswer() {
  const article = clone("answer-template");
  article.classList.add("is-streaming");
  article.querySelector(".answer-text").setAttribute("aria-busy", "true");
  wire(article);
  return article;
}

/** Takes over an answer that the server has rendered. */
export function adopt(article) {
  setText(article, article.querySelector(".answer-text").textContent);
  wire(article);
}

/** Shows what is known of an answer so far. */
export function update(article, { text, citations, conversation, message, ...facts }) {
  if (message) {
    article.id = `m-${message}`;
    article.dataset.message = message;
  }
  if (facts.mode) article.dataset.mode = facts.mode;
  if (facts.grounded !== undefined) article.dataset.grounded = facts.grounded;
  if (citations) showSources(article, citations, conversation);
  fill(article, facts);
  if (text !== undefined) setText(article, text);
}

/** Ends the streaming: whatever is there is all there will be. */
export function settle(article, status = "") {
  article.classList.remove("is-streaming");
  article.querySelector(".answer-text").setAttribute("aria-busy", "false");
  article.querySelector(".answer-status").textContent = status;
}

/** Ends the streaming with an error and a way to try again. */
export function fail(article, error, again) {
  settle(article);
  article.classList.add("has-failed");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: "Try again" });
  button.addEventListener("click", again);
  const notice = document.createElement("div");
  notice.className = "notice is-error";
  notice.dataset.testid = "notice";
  notice.setAttribute("role", "alert");
  const words = Object.assign(document.createElement("p"), { textContent: wordsFor(error) });
  notice.append(words, button);
  article.querySelector(".answer-body").after(notice);
}

function showSources(article, citations, conversation) {
  const message = article.dataset.message;
  const items = citations.map((citation, index) => {
    const item = fill(clone("source-template"), { number: index + 1, title: citation.title, quote: citation.quote });
    item.id = `m-${message}-s${index + 1}`;
    const way = new URLSearchParams({ start: citation.start, end: citation.end, conversation, message });
    item.querySelector(".source-link").href = `/documents/${citation.document_id}?${way}#cited`;
    return item;
  });
  article.querySelector(".sources ol").replaceChildren(...items);
  article.querySelector(".sources").hidden = items.length === 0;
}

function setText(article, text) {
  texts.set(article, text);
  const sources = [...article.querySelectorAll(".source")];
  article.querySelector(".answer-text").replaceChildren(...blocks(text, sources, article.dataset.mode === "complex"));
}

/** The text's blocks: paragraphs, lists of "- " lines and, in complex answers, the parts' questions. */
function blocks(text, sources, hasParts) {
  const result = [];
  let open = null;
  for (const line of text.split(/\r?\n/)) {
    const item = /^\s*- (.*)$/.exec(line);
    if (line.trim() === "") {
      open = null;
    } else if (item) {
      if (open?.localName !== "ul") result.push((open = document.createElement("ul")));
      const entry = document.createElement("li");
      entry.append(...inline(item[1], sources));
      open.append(entry);
    } else if (hasParts && /\?\s*$/.test(line) && !/\[\d+\]/.test(line)) {
      result.push(Object.assign(document.createElement("h3"), { textContent: line.trim() }));
      open = null;
    } else if (open?.localName === "p") {
      open.append(document.createElement("br"), ...inline(line, sources));
    } else {
      open = document.createElement("p");
      open.append(...inline(line, sources));
      result.push(open);
    }
  }
  return result;
}

/** A line's text and markers; a marker without a source stays as it was written. */
function inline(line, sources) {
  return line.split(/( ?\[\d{1,3}\])/).flatMap((piece) => {
    const [, space, number] = /^( ?)\[(\d{1,3})\]$/.exec(piece) ?? [];
    const source = sources[Number(number) - 1];
    // The space must not break: a marker alone on a line says nothing.
    return source ? [space && "\u00a0", marker(number, source)] : [piece];
  });
}

function marker(number, source) {
  const title = source.querySelector(".source-title").textContent;
  const link = document.createElement("a");
  link.className = "marker";
  link.href = `#${source.id}`;
  link.textContent = number;
  link.title = title;
  link.setAttribute("aria-label", `Source ${number}: ${title}`);
  const light = (on) => () => source.classList.toggle("is-lit", on);
  for (const event of ["mouseenter", "focus"]) link.addEventListener(event, light(true));
  for (const event of ["mouseleave", "blur"]) link.addEventListener(event, light(false));
  return link;
}

function wire(article) {
  const status = article.querySelector(".answer-status");
  const comment = article.querySelector(".comment");
  const rates = [...article.querySelectorAll("[data-rate]")];
  const send = async (feedback, thanks) => {
    try {
      await api(`/api/messages/${article.dataset.message}/feedback`, { json: feedback });
      status.textContent = thanks;
      return true;
    } catch (error) {
      status.textContent = wordsFor(error);
      return false;
    }
  };

  article.querySelector("[data-copy]").addEventListener("click", async () => {
    status.textContent = (await copyText(plainText(article))) ? "Copied." : "The browser refused to copy.";
  });
  for (const button of rates) {
    button.addEventListener("click", async () => {
      const rating = Number(button.dataset.rate);
      if (!(await send({ rating }, "Thank you."))) return;
      for (const other of rates) other.setAttribute("aria-pressed", String(other === button));
      comment.hidden = rating > 0;
      if (rating < 0) comment.elements.comment.focus();
    });
  }
  comment.addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = comment.elements.comment.value.trim();
    if (words === "" || (await send({ rating: -1, comment: words }, "Thank you, noted."))) comment.hidden = true;
  });
}

function plainText(article) {
  const titles = [...article.querySelectorAll(".source-title")].map((title, index) => `[${index + 1}] ${title.textContent}`);
  return titles.length > 0 ? `${texts.get(article)}\n\n${titles.join("\n")}` : texts.get(article);
}
