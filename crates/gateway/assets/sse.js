// Server-sent events out of a fetch's body; EventSource cannot POST.
import { Problem } from "./api.js";

/** The events of `response`, one after the other, as `{ event, data }` with the data parsed from JSON. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const lines = lineSplitter();
  let event = "message";
  let data = [];
  try {
    for (;;) {
      const { value, done } = await reader.read().catch(brokenOff);
      if (done) return;
      for (const line of lines(value)) {
        if (line === "") {
          if (data.length > 0) yield { event, data: JSON.parse(data.join("\n")) };
          event = "message";
          data = [];
        } else if (line.startsWith("event:")) {
          event = line.slice(6).trim();
        } else if (line.startsWith("data:")) {
          data.push(line.slice(5).replace(/^ /, ""));
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** A function that takes chunks and returns the lines they complete. */
function lineSplitter() {
  let rest = "";
  return (chunk) => {
    rest += chunk;
    // A carriage return at the very end may be half of a line break: it waits for the next chunk.
    const held = rest.endsWith("\r") ? 1 : 0;
    const lines = rest.slice(0, rest.length - held).split(/\r\n|\n|\r/);
    rest = lines.pop() + (held ? "\r" : "");
    return lines;
  };
}

function brokenOff(error) {
  if (error.name === "AbortError") throw error;
  throw new Problem({ detail: "The connection broke off before the answer was complete." });
}
