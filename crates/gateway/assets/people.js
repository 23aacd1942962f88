// The people of the administration page.
import { api, dismissReports, report } from "./api.js";
import { confirmed } from "./confirm.js";
import { copyText } from "./copy.js";
import { clone, fill, localiseTimes } from "./dom.js";

const table = document.getElementById("people");
const body = table.tBodies[0];
const more = document.getElementById("people-more");
const form = document.getElementById("add-person");
const status = document.getElementById("people-status");
const dialog = document.getElementById("one-time");

let next = null;

/** What each button of a row does, what it is called and what it asks first. */
const ACTS = {
  role: {
    label: (user) => (user.role === "admin" ? "Make ordinary user" : "Make administrator"),
    change: (user) => ({ role: user.role === "admin" ? "user" : "admin" }),
    warning: (user) => (user.role === "admin" ? "They will no longer share documents or manage people." : "They will share documents with everyone and manage people."),
  },
  disabled: {
    label: (user) => (user.disabled ? "Enable" : "Disable"),
    change: (user) => ({ disabled: !user.disabled }),
    warning: (user) => (user.disabled ? "They will be able to sign in again." : "They will be signed out at once and cannot sign in."),
  },
  password: {
    label: () => "Reset password",
    change: () => ({ reset_password: true }),
    warning: () => "The old password stops working at once. You will see a new one to pass on.",
  },
};

async function load() {
  try {
    const page = await api(`/api/admin/users${next ? `?${new URLSearchParams({ cursor: next })}` : ""}`);
    next = page.next_cursor;
    body.append(...page.items.map(row));
    more.hidden = !next;
  } catch (error) {
    report(error);
  }
}

function row(user) {
  const item = clone("person-template");
  item.dataset.id = user.id;
  item.dataset.disabled = user.disabled;
  item.querySelector("time").dateTime = user.created_at;
  fill(item, {
    name: user.name,
    email: user.email,
    role: user.role === "admin" ? "Administrator" : "User",
    state: user.disabled ? "Disabled" : "Active",
  });
  localiseTimes(item);
  for (const button of item.querySelectorAll("[data-act]")) {
    const act = ACTS[button.dataset.act];
    button.textContent = act.label(user);
    // Nobody locks themselves out by a slip.
    if (user.email === table.dataset.self && button.dataset.act !== "password") button.remove();
    button.addEventListener("click", () => change(item, user, act));
  }
  return item;
}

async function change(item, user, act) {
  if (!(await confirmed({ title: `${act.label(user)}: ${user.name}?`, text: act.warning(user), action: act.label(user) }))) return;
  dismissReports();
  try {
    const { user: changed, password } = await api(`/api/admin/users/${user.id}`, { method: "PATCH", json: act.change(user) });
    item.replaceWith(row(changed));
    status.textContent = `${changed.name} changed.`;
    if (password) showPassword(changed.email, password);
  } catch (error) {
    report(error);
  }
}

function showPassword(email, password) {
  fill(dialog, { email, password });
  dialog.showModal();
  dialog.addEventListener("close", () => fill(dialog, { password: "" }), { once: true });
}

dialog.querySelector("[data-copy]").addEventListener("click", async (event) => {
  const copied = await copyText(dialog.querySelector("output").textContent, dialog);
  event.target.textContent = copied ? "Copied" : "Select it and copy";
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  dismissReports();
  const person = Object.fromEntries(new FormData(form));
  if (person.password === "") delete person.password;
  try {
    const { user, password } = await api("/api/admin/users", { json: person });
    body.append(row(user));
    form.reset();
    status.textContent = `${user.name} added.`;
    if (password) showPassword(user.email, password);
  } catch (error) {
    report(error);
  }
});

more.addEventListener("click", load);
load();
