// The plan beside this file, played by k6:
//
//   k6 run -e BASE=http://127.0.0.1:8080 -e OUT=k6.json k6.js
//
// Everything that comes by lot was drawn when the plan was written. This only thinks, asks and goes on.

import http from "k6/http";
import { fail, sleep } from "k6";
import { SharedArray } from "k6/data";
import { Counter, Trend } from "k6/metrics";

const plan = new SharedArray("plan", () => JSON.parse(open("./plan.json")).people);
const answered = new Trend("answered", true);
const failed = new Counter("failed");

export const options = {
  scenarios: { plan: { executor: "per-vu-iterations", vus: plan.length, iterations: 1, maxDuration: "24h" } },
  summaryTrendStats: ["count", "avg", "p(50)", "p(95)", "p(99)", "max"],
};

export default function () {
  const person = plan[__VU - 1];
  const began = Date.now();
  let last = null;
  for (const step of person.steps) {
    // Thinking begins when the last answer is there; nothing begins after the end.
    if ((Date.now() - began) / 1000 + step.pause_s >= person.seconds) {
      sleep(Math.max(0, person.seconds - (Date.now() - began) / 1000));
      return;
    }
    sleep(step.pause_s);
    last = act(person, step, last);
  }
}

function act(person, step, last) {
  const headers = { Authorization: `Bearer ${person.token}` };
  const fill = (text) => text.replace("{conversation}", last?.conversation_id).replace("{message}", last?.message_id);
  if (step.needs_answer && !last) return last;
  let body = null;
  if (step.file) {
    body = { visibility: "shared", file: http.file(step.file.text, step.file.name) };
  } else if (step.json) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify({ ...step.json, ...(step.goes_on && last ? { conversation_id: last.conversation_id } : {}) });
  }
  const response = http.request(step.method, __ENV.BASE + fill(step.path), body, { headers, tags: { name: step.task } });
  if (response.status < 200 || response.status > 299) {
    failed.add(1);
    console.error(`${step.task}: status ${response.status}`);
    return last;
  }
  answered.add(response.timings.duration);
  return step.path === "/api/chat" ? response.json() : last;
}

export function handleSummary(data) {
  const value = (metric, of) => data.metrics[metric]?.values[of] ?? 0;
  const told = {
    answered: value("answered", "count"),
    failed: value("failed", "count"),
    p50_ms: value("answered", "p(50)"),
    p95_ms: value("answered", "p(95)"),
    p99_ms: value("answered", "p(99)"),
  };
  const text = `${JSON.stringify(told, null, 2)}\n`;
  return __ENV.OUT ? { stdout: text, [__ENV.OUT]: text } : { stdout: text };
}
