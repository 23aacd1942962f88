// Asking: the composer, the stream of an answer, stopping it.
import { Problem, request } from "./api.js";
import { adopt, fail, newAnswer, settle, update } from "./answer.js";
import { clone, fill } from "./dom.js";
import { events } from "./sse.js";

const DRAFT = "voiceassist.draft";

const messages = document.getElementById("messages");
const composer = document.getElementById("composer");
const question = document.getElementById("question");
const send = document.getElementById("send");
const stop = document.getElementById("stop");
const mode = document.getElementById("mode");
const progress = document.getElementById("progress");

let conversation = messages.dataset.conversation || undefined;
let running = null;

for (const article of messages.querySelectorAll(".answer")) adopt(article);
// A fragment names the answer to return to.
if (!location.hash) {
  [...messages.querySelectorAll(".question")].at(-1)?.scrollIntoView();
  focusQuestion();
}
restoreDraft();

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const message = question.value.trim();
  if (message === "" || running) return;
  question.value = "";
  ask(message);
});

question.addEventListener("keydown", (event) => {
  // Enter also ends the composition of Chinese, Japanese or Korean words; that one is not ours.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

stop.addEventListener("click", () => running?.abort());

for (const sample of document.querySelectorAll(".sample")) {
  sample.addEventListener("click", () => {
    if (!running) ask(sample.textContent);
  });
}

async function ask(message) {
  const heading = fill(clone("question-template"), { question: message });
  const article = newAnswer();
  show(heading, article);
  setRunning(new AbortController());
  // Kept meanwhile: having to sign in again must not lose the question.
  sessionStorage.setItem(DRAFT, message);
  let leaving = false;
  try {
    const answer = await listen(message, article);
    settle(article);
    const sources = answer.citations.length;
    progress.textContent = answer.grounded ? `Answer complete, ${sources} ${sources === 1 ? "source" : "sources"}.` : "Not found in the documents.";
  } catch (error) {
    progress.textContent = "";
    leaving = error.status === 401;
    if (error.name === "AbortError") {
      settle(article, "Stopped.");
    } else {
      fail(article, error, () => {
        if (running) return;
        heading.remove();
        article.remove();
        ask(message);
      });
    }
  } finally {
    if (!leaving) sessionStorage.removeItem(DRAFT);
    setRunning(null);
    document.dispatchEvent(new CustomEvent("conversation", { detail: { id: conversation } }));
  }
}

/** Reads the answer's events as they come; returns the whole answer. */
async function listen(message, article) {
  const response = await request("/api/chat", {
    json: { message, conversation_id: conversation, mode: mode.value },
    headers: { accept: "text/event-stream" },
    signal: running.signal,
  });
  let text = "";
  for await (const { event, data } of events(response)) {
    if (event === "meta") {
      enter(data.conversation_id, message);
      update(article, { message: data.message_id, mode: data.mode });
    } else if (event === "delta") {
      text += data.text;
      update(article, { text });
    } else if (event === "citations") {
      update(article, { citations: data.citations, conversation, text });
    } else if (event === "error") {
      throw new Problem(data);
    } else if (event === "done") {
      enter(data.conversation_id, message);
      update(article, {
        text: data.answer,
        citations: data.citations,
        conversation,
        message: data.message_id,
        mode: data.mode,
        grounded: data.grounded,
        time: `${Math.round(data.timings_ms.total)} ms`,
        cached: data.cache?.tier ? "from the cache" : "",
      });
      return data;
    }
  }
  throw new Problem({ detail: "The connection ended before the answer was complete." });
}

/** From the first answer on, this page is the conversation's. */
function enter(id, message) {
  if (conversation === id) return;
  conversation = id;
  history.replaceState(null, "", `/c/${id}`);
  document.title = `${message.length > 60 ? `${message.slice(0, 59)}…` : message} · VoiceAssist`;
  document.querySelector("h1").textContent = message;
}

function show(heading, article) {
  document.getElementById("welcome")?.remove();
  messages.querySelector(".is-latest")?.classList.remove("is-latest");
  article.classList.add("is-latest");
  messages.append(heading, article);
  heading.scrollIntoView();
}

function setRunning(controller) {
  running = controller;
  send.hidden = controller !== null;
  stop.hidden = controller === null;
  if (controller) progress.textContent = "Looking in the documents…";
  focusQuestion();
}

/** Readies the composer for typing; not on touch screens, where that would pull up the keyboard. */
function focusQuestion() {
  if (matchMedia("(pointer: fine)").matches) question.focus({ preventScroll: true });
}

function restoreDraft() {
  const draft = sessionStorage.getItem(DRAFT);
  sessionStorage.removeItem(DRAFT);
  if (draft && question.value === "") question.value = draft;
}
