// How users give files to the page: file dialogs and drag and drop, both with folders.

import { button, h, icon } from "./dom.js";

/** Call `ontake(files)` with the files that are dropped on an element, including those in folders. Files dropped on an
 * inner element that accepts drops itself are ignored. */
export function acceptDrops(element, ontake) {
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
    const files = await droppedFiles(event.dataTransfer);
    if (files.length) ontake(files);
  });
}

async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const entries = [];
  // The reader returns at most a hundred entries of a folder at a time.
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) break;
    entries.push(...batch);
  }
  return (await Promise.all(entries.sort((a, b) => a.name.localeCompare(b.name)).map(filesOf))).flat();
}

/** A sentence about `number` files that a view did not take, "" if there are none. */
export const ignoredNote = (number, reason) =>
  number > 0 ? `${number} ${number === 1 ? "file was" : "files were"} ignored: ${reason}.` : "";

/** [button, hidden input]: opens the file dialog. options: of the input (accept, multiple, webkitdirectory, capture).
 * properties: of the button. */
export function fileButton(name, label, ontake, options = {}, properties = {}) {
  const input = h("input", { type: "file", hidden: true, tabindex: -1, "aria-hidden": "true", ...options });
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) ontake(files);
  });
  return [button(name, label, () => input.click(), properties), input];
}

/** The content of an empty drop area. name: of its icon. */
export const invitation = (name, title, note, ...buttons) =>
  h(
    "div",
    { class: "invite" },
    h("span", { class: "medal" }, icon(name)),
    h("p", {}, title),
    h("p", { class: "row" }, buttons),
    h("p", { class: "fine" }, note),
  );

/** Photos, for the `accept` attribute of a file input. */
export const ACCEPT_PHOTOS = "image/*,.heic,.heif,.tif,.tiff,.avif";
