// Uploading: files chosen or dropped, a few at a time, each with its progress.
import { api, Problem, problemFrom, signIn, wordsFor } from "./api.js";
import { showDocument } from "./documents.js";
import { clone, fill, sizeText } from "./dom.js";

const AT_ONCE = 2;

const form = document.getElementById("upload");
const input = document.getElementById("file");
const list = document.getElementById("uploads");
const status = document.getElementById("upload-status");
const maxBytes = Number(form.dataset.maxBytes);

const waiting = [];
let running = 0;

input.addEventListener("change", () => {
  for (const file of input.files) add(file);
  // The same file may be chosen again.
  input.value = "";
});

for (const event of ["dragenter", "dragover"]) {
  addEventListener(event, (drag) => {
    if (!drag.dataTransfer?.types.includes("Files")) return;
    drag.preventDefault();
    form.classList.add("is-over");
  });
}
addEventListener("dragleave", (drag) => {
  if (drag.relatedTarget === null) form.classList.remove("is-over");
});
addEventListener("drop", (drag) => {
  if (!drag.dataTransfer?.types.includes("Files")) return;
  drag.preventDefault();
  form.classList.remove("is-over");
  for (const file of drag.dataTransfer.files) add(file);
});

// Leaving the page would cut the uploads short.
addEventListener("beforeunload", (event) => {
  if (running > 0) event.preventDefault();
});

function add(file) {
  const item = fill(clone("upload-template"), { name: file.name, state: "waits" });
  const upload = { file, item, visibility: new FormData(form).get("visibility"), request: null };
  item.querySelector("[data-close]").addEventListener("click", () => {
    upload.request?.abort();
    const place = waiting.indexOf(upload);
    if (place >= 0) waiting.splice(place, 1);
    item.remove();
  });
  item.querySelector("[data-again]").addEventListener("click", () => {
    item.classList.remove("has-failed");
    item.querySelector("[data-again]").hidden = true;
    enqueue(upload);
  });
  list.append(item);
  if (maxBytes > 0 && file.size > maxBytes) {
    fail(upload, `${sizeText(file.size)} is more than the ${sizeText(maxBytes)} that this server takes.`, false);
  } else {
    enqueue(upload);
  }
}

function enqueue(upload) {
  waiting.push(upload);
  startNext();
}

async function startNext() {
  if (running >= AT_ONCE || waiting.length === 0) return;
  running += 1;
  const upload = waiting.shift();
  try {
    const { code, body } = await send(upload);
    showDocument(await api(`/api/documents/${body.document_id}`));
    if (code === 200) alreadyThere(upload, body.document_id);
    else upload.item.remove();
    status.textContent = `${upload.file.name} uploaded.`;
  } catch (error) {
    if (error.name !== "AbortError") fail(upload, wordsFor(error), mayPass(error.status));
  } finally {
    running -= 1;
    startNext();
  }
}

/** Whether the same upload may succeed later: after a broken connection, a busy or a failing server. */
function mayPass(status) {
  return !status || status === 429 || status >= 500;
}

/** Posts one file. XMLHttpRequest, because fetch tells nothing about the progress of what it sends. */
function send(upload) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    upload.request = request;
    request.open("POST", "/api/documents/upload");
    request.setRequestHeader("accept", "application/json");
    request.upload.addEventListener("progress", (event) => showProgress(upload, event.loaded, event.total));
    request.addEventListener("load", () => {
      if (request.status === 401) signIn();
      if (request.status < 300) resolve({ code: request.status, body: JSON.parse(request.responseText) });
      else reject(problemFrom(request.status, request.getResponseHeader("content-type"), request.responseText));
    });
    request.addEventListener("error", () => reject(new Problem({ detail: "The upload broke off. Check the connection and try again." })));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    const body = new FormData();
    // The server reads fields in order and must know who may see the file before it takes it.
    body.append("visibility", upload.visibility);
    body.append("file", upload.file);
    request.send(body);
  });
}

function showProgress({ item }, loaded, total) {
  const bar = item.querySelector("progress");
  bar.max = total;
  bar.value = loaded;
  fill(item, { state: loaded < total ? `${Math.floor((100 * loaded) / total)} %` : "is being stored" });
}

function alreadyThere({ item }, id) {
  item.classList.add("is-done");
  fill(item, { state: "is here already" });
  const link = item.querySelector(".upload-show");
  link.href = `/documents/${id}`;
  link.hidden = false;
  item.querySelector("[data-close]").setAttribute("aria-label", "Dismiss");
}

function fail({ item, file }, words, again) {
  item.classList.add("has-failed");
  item.querySelector("[data-again]").hidden = !again;
  item.querySelector("[data-close]").setAttribute("aria-label", "Dismiss");
  fill(item, { state: words });
  status.textContent = `${file.name}: ${words}`;
}
