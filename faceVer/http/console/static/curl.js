// The page's requests as curl commands.

import { about, onAboutChanged, typeOf } from "./api.js";
import { button, copy, h } from "./dom.js";

// Most files that a command names.
const MAX_FILES = 5;

/** A text as one word of a POSIX shell. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The arguments for a file as a part of a form. file: {name, type}; without it, `example` is the name. */
export function part(field, file, example) {
  const name = file?.name ?? example;
  // Some characters have a meaning for curl itself, unless the name is in double quotes.
  const path = /^[^\s";,\\]+$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
  return `-F ${quoted(`${field}=@${path};type=${typeOf(file ?? { name })}`)}`;
}

/** The arguments for a text as a part of a form, none if it is "". */
export const text = (field, value) => (value ? [`-F ${quoted(`${field}=${value}`)}`] : []);

/** The arguments for the first of many files. */
export const firstParts = (field, files) => files.slice(0, MAX_FILES).map((file) => part(field, file));
/** A comment about the other files, "" if there are none. */
export const moreParts = (files) =>
  files.length > MAX_FILES ? `# and in the same way: ${files.length - MAX_FILES} more` : "";

/** The arguments for a file as the request's body. */
export const body = (file, example) => [
  `--data-binary ${quoted(`@${file?.name ?? example}`)}`,
  `-H 'Content-Type: ${typeOf(file ?? { name: example })}'`,
];

/** A box with commands, closed at first: {element, show}. show(…commands): a command is the list of its arguments, of
 * which the last is the endpoint's path, or the text of a comment. */
export function curlBox() {
  const code = h("code");
  const element = h(
    "details",
    { class: "curl" },
    h("summary", {}, "The same with curl"),
    h("pre", { tabindex: 0 }, code),
    button("copy", "Copy", (event) => copy(code.textContent, event.currentTarget)),
  );
  const url = new URL(".", location.href).href;
  let shown = [];
  const lineOf = (command) => {
    if (typeof command === "string") return command;
    const key = about.key_required ? ["-H 'X-API-Key: YOUR-KEY'"] : [];
    return `curl ${[...key, ...command.slice(0, -1), quoted(url + command.at(-1))].join(" \\\n     ")}`;
  };
  const write = () => (code.textContent = shown.filter(Boolean).map(lineOf).join("\n"));
  onAboutChanged(write);
  return {
    element,
    show(...commands) {
      shown = commands;
      write();
    },
  };
}
