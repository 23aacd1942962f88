// Speaking to the server: same-origin requests with the session's cookie, failures as problem documents.
import { clone, fill } from "./dom.js";

/** A failed request, described by the server's RFC 9457 problem document. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail || document.title || "Something went wrong.");
    this.status = document.status ?? 0;
    this.fields = document.errors ?? [];
    this.requestId = document.request_id;
  }

  /** Everything that the person should read about it. */
  get words() {
    const fields = this.fields.map((error) => `${error.field}: ${error.message}`);
    const words = [this.message, ...fields].join(" · ");
    return this.requestId && this.status >= 500 ? `${words} (request ${this.requestId})` : words;
  }
}

/** What to say about any error. */
export function wordsFor(error) {
  return error instanceof Problem ? error.words : "Something went wrong in this page. Reload it and try again.";
}

/** Sends the browser to sign in, and back here afterwards. */
export function signIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** The problem that a failed answer of the server describes. */
export function problemFrom(status, contentType, body) {
  if (contentType?.includes("json")) {
    try {
      return new Problem({ status, ...JSON.parse(body) });
    } catch {
      // A broken body still leaves the status to report.
    }
  }
  return new Problem({ status, detail: `The server answered with status ${status}. Try again in a moment.` });
}

/** Fetches `path` and returns the response, or throws a `Problem`. */
export async function request(path, { json, headers, ...options } = {}) {
  const init = { credentials: "same-origin", headers: { accept: "application/json", ...headers }, ...options };
  if (json !== undefined) {
    init.method ??= "POST";
    init.headers["content-type"] = "application/json";
    init.body = JSON.stringify(json);
  }
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: "The server cannot be reached. Check the connection and try again." });
  }
  if (response.ok) return response;
  if (response.status === 401) signIn();
  throw problemFrom(response.status, response.headers.get("content-type"), await response.text());
}

/** Fetches `path` and returns the JSON of its answer, or null when it has none. */
export async function api(path, options) {
  const response = await request(path, options);
  return response.status === 204 ? null : response.json();
}

/** Takes earlier errors away, when the person tries something anew. */
export function dismissReports() {
  document.getElementById("notices").replaceChildren();
}

/** Tells the person about an error until they dismiss it. */
export function report(error) {
  const words = wordsFor(error);
  const place = document.getElementById("notices");
  if (!(error instanceof Problem)) console.error(error);
  if ([...place.children].some((shown) => shown.querySelector("p").textContent === words)) return;
  const notice = fill(clone("notice-template"), { message: words });
  notice.classList.add("is-error");
  notice.querySelector("[data-dismiss]").addEventListener("click", () => notice.remove());
  place.append(notice);
}
