// The service levels on the administration page: what happens over time, and how it stands to the targets.
import { api, wordsFor } from "./api.js";
import { clone, fill, localiseTimes } from "./dom.js";

const REFRESH_MS = 5000;
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [320, 96];

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const show = (value, unit) => (value === null || value === undefined ? "–" : `${number.format(value)} ${unit}`.trim());

// Each chart: its lines by the names that the API has, and its unit.
const CHARTS = [
  { title: "Requests a second", unit: "", lines: ["requests_per_second"] },
  { title: "Response time: P95, P50", unit: "ms", lines: ["p95_ms", "p50_ms"] },
  { title: "Errors", unit: "%", lines: ["error_percent"] },
  { title: "Processor", unit: "%", lines: ["cpu_percent"] },
  { title: "Requests in hand", unit: "", lines: ["in_flight"] },
  { title: "Cache hits: L1, L2, by meaning", unit: "%", lines: ["l1_hit_percent", "l2_hit_percent", "rag_hit_percent"] },
  { title: "Database connections in use", unit: "", lines: ["connections"] },
  { title: "Answers a minute", unit: "", lines: ["answers_per_minute"] },
  { title: "Slow queries a minute", unit: "", lines: ["slow_queries_per_minute"] },
  { title: "Jobs that wait", unit: "", lines: ["jobs_waiting"] },
  { title: "Sign-ins a minute", unit: "", lines: ["sign_ins_per_minute"] },
  { title: "Good of all feedback", unit: "%", lines: ["good_feedback_percent"] },
];

const RANGE_S = { "1h": 3600, "6h": 21600, "24h": 86400, "7d": 604800, "30d": 2592000, "1y": 31536000 };

const range = document.getElementById("levels-range");
const status = document.getElementById("levels-status");
const table = document.getElementById("levels");
let timer;

async function refresh() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      draw(await api(`/api/admin/dashboard?range=${range.value}`));
      status.textContent = "";
    } catch (error) {
      status.textContent = wordsFor(error);
    }
  }
  timer = setTimeout(refresh, REFRESH_MS);
}

function draw(dashboard) {
  const { slo, series, total, counts } = dashboard;
  const worst = document.getElementById("levels-worst");
  worst.textContent = slo.status;
  worst.classList.toggle("is-bad", slo.status === "FAIL" || slo.status === "MARGINAL");
  document.getElementById("levels-requests").textContent = number.format(total.requests);
  document.getElementById("levels-answers").textContent = number.format(total.answers);
  document.getElementById("levels-feedback").textContent = `${total.feedback_up} good, ${total.feedback_down} bad`;
  document.getElementById("levels-people").textContent = Object.values(counts.users).reduce((sum, count) => sum + count, 0);
  const figures = slo.figures.map((figure) => ({
    name: `${figure.name}, last hour`,
    measured: show(figure.measured, figure.unit),
    target: `${figure.target} ${figure.unit}`,
    status: figure.status,
  }));
  const budgets = slo.budgets.map((budget) => ({
    name: `error budget: ${budget.name.replaceAll("_", " ")}, ${budget.percent} % of ${budget.window}`,
    measured: budget.left === null ? "–" : `${show(100 * budget.left, "%")} left`,
    target: fastest(budget),
    status: budget.status,
  }));
  table.tBodies[0].replaceChildren(...[...figures, ...budgets].map(row));
  const slow = document.getElementById("slow");
  slow.tBodies[0].replaceChildren(...dashboard.slow_queries.map(slowRow));
  slow.hidden = dashboard.slow_queries.length === 0;
  document.getElementById("slow-none").hidden = !slow.hidden;
  const end = Date.parse(dashboard.at) / 1000;
  const span = [end - RANGE_S[dashboard.range], end];
  document.getElementById("charts").replaceChildren(...CHARTS.map((of) => chart(of, series, span, dashboard.step_s)));
}

function slowRow({ name, slowest_ms, times, last_at }) {
  const made = fill(clone("slow-template"), { name, slowest: show(slowest_ms, "ms"), times });
  made.querySelector("time").dateTime = last_at;
  localiseTimes(made);
  return made;
}

// How fast a budget burns at most: 1 is what lasts until the end.
function fastest({ burns }) {
  const rates = burns.map(({ rate }) => rate).filter((rate) => rate !== null);
  return rates.length === 0 ? "–" : `burns ${show(Math.max(...rates), "x")} at most`;
}

function row(values) {
  const made = fill(clone("level-template"), values);
  made.classList.add(`is-${values.status.toLowerCase()}`);
  return made;
}

function chart({ title, unit, lines }, series, [first, end], step) {
  const made = clone("chart-template");
  const values = lines.map((line) => series.map((point) => point[line]));
  const known = values.flat().filter((value) => value !== null);
  const most = known.length === 0 ? null : Math.max(...known);
  // Of nothing but zeros the line is at the bottom.
  const top = most || 1;
  const last = values[0].at(-1);
  fill(made, { title, now: show(last, unit), top: show(most, unit) });
  const drawing = made.querySelector("svg");
  drawing.setAttribute("aria-label", `${title}: ${show(last, unit)} now, at most ${show(most, unit)}`);
  const starts = series.map((point) => Date.parse(point.start) / 1000);
  values.forEach((line, place) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", `line-${place}`);
    path.setAttribute("d", steps(line, starts, (time) => (WIDTH * Math.min(Math.max(time - first, 0), end - first)) / (end - first), (value) => HEIGHT - (HEIGHT * value) / top, step));
    drawing.append(path);
  });
  return made;
}

// A stretch of time has one value; where nothing was measured, or nobody was there, the line ends.
function steps(values, starts, x, y, step) {
  let path = "";
  let goesOn = false;
  values.forEach((value, place) => {
    if (value === null) {
      goesOn = false;
      return;
    }
    const follows = goesOn && starts[place] - starts[place - 1] <= step;
    path += `${follows ? "L" : "M"}${x(starts[place]).toFixed(1)} ${y(value).toFixed(1)}H${x(starts[place] + step).toFixed(1)}`;
    goesOn = true;
  });
  return path;
}

range.addEventListener("change", refresh);
refresh();
