// Building the page: cloning templates, filling them with text, showing times in the reader's own time zone.

/** A copy of the only element in the template `id`. */
export function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

/** Puts each value as plain text into the element marked `data-text="name"`. */
export function fill(root, values) {
  for (const [name, value] of Object.entries(values)) {
    const slot = root.matches(`[data-text="${name}"]`) ? root : root.querySelector(`[data-text="${name}"]`);
    if (slot) slot.textContent = value ?? "";
  }
  return root;
}

/** Calls `act` once the person has stopped typing. */
export function afterTyping(input, act) {
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(act, 200);
  });
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_WITH_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

/** Shows every `<time>` below `root` in the reader's time zone. */
export function localiseTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) time.textContent = MOMENT.format(moment);
  }
}

/** The day of a moment as a heading: Today, Yesterday, Monday 4 May, 4 May 2025. */
export function dayName(iso, now = new Date()) {
  const moment = new Date(iso);
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).valueOf();
  const days = Math.round((midnight(now) - midnight(moment)) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return (moment.getFullYear() === now.getFullYear() ? DAY : DAY_WITH_YEAR).format(moment);
}

/** A size as people say it; the server's `size_text` in JavaScript. */
export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = bytes / 1000;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 9.95 ? size.toFixed(1) : size.toFixed(0)} ${units[unit]}`;
}
