// The clipboard, also on plain HTTP where browsers withhold its modern interface.

/** Copies `text`; true if it worked. Extra elements go into `place`, which must not be inert. */
export async function copyText(text, place = document.body) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    place.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
