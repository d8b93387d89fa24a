// Files into the page: chosen, dropped, folders included.

import { button, h, icon } from "./dom.js";

/** Make an element take dropped files; they come as a list, folders opened. What an element within it took is not
 * taken again. */
export function takesDrops(element, ontake) {
  let depth = 0;
  const leave = () => (depth = Math.max(0, depth - 1)) || element.classList.remove("dropping");
  element.addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth++;
    if (event.dataTransfer?.types.includes("Files")) element.classList.add("dropping");
  });
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("dragleave", leave);
  element.addEventListener("drop", async (event) => {
    depth = 0;
    element.classList.remove("dropping");
    if (event.defaultPrevented) return;
    event.preventDefault();
    const files = await dropped(event.dataTransfer);
    if (files.length) ontake(files);
  });
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(opened))).flat();
}

async function opened(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  // A reader gives a folder's entries a hundred at a time.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.sort((a, b) => a.name.localeCompare(b.name)).map(opened))).flat();
}

/** What to say of files that a place could not take. */
export const leftOut = (number, why) =>
  number > 0 ? `${number} ${number === 1 ? "file was" : "files were"} left out: ${why}.` : "";

/** A button that lets files be chosen. options: of the input (accept, multiple, webkitdirectory, capture). */
export function chooser(name, words, ontake, options = {}, properties = {}) {
  const input = h("input", { type: "file", hidden: true, tabindex: -1, "aria-hidden": "true", ...options });
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) ontake(files);
  });
  return [button(name, words, () => input.click(), properties), input];
}

/** The inside of an empty place for files. */
export const invitation = (name, words, note, ...buttons) =>
  h(
    "div",
    { class: "invite" },
    h("span", { class: "medal" }, icon(name)),
    h("p", {}, words),
    h("p", { class: "row" }, buttons),
    h("p", { class: "fine" }, note),
  );

export const PHOTOS = "image/*,.heic,.heif,.tif,.tiff,.avif";
