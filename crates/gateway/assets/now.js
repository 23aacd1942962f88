// This very second on the administration page, while somebody looks.
import { sizeText } from "./dom.js";

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const show = (value, unit) => (value === null ? "–" : `${number.format(value)} ${unit}`.trim());

// Each figure: the element that shows it, and how.
const FIGURES = {
  "now-requests": ({ requests_per_second }) => show(requests_per_second, "/s"),
  "now-p95": ({ p95_ms }) => show(p95_ms, "ms"),
  "now-errors": ({ error_percent }) => show(error_percent, "%"),
  "now-hand": ({ in_flight }) => show(in_flight, ""),
  "now-cpu": ({ cpu_percent }) => show(cpu_percent, "%"),
  "now-memory": ({ memory_bytes }) => (memory_bytes === null ? "–" : sizeText(memory_bytes)),
  "now-connections": ({ connections, connections_max }) => `${show(connections, "")} of ${show(connections_max, "")}`,
};

const panel = document.getElementById("now");
let source;

function watch() {
  source?.close();
  if (document.hidden) return;
  source = new EventSource("/api/admin/events");
  source.addEventListener("now", ({ data }) => draw(JSON.parse(data)));
  // What is shown is old until the connection is there again, which the browser sees to.
  source.addEventListener("error", () => panel.classList.add("is-old"));
}

function draw({ now }) {
  panel.classList.remove("is-old");
  for (const [id, figure] of Object.entries(FIGURES)) {
    document.getElementById(id).textContent = figure(now);
  }
}

document.addEventListener("visibilitychange", watch);
watch();
