// The same as the page does, for a terminal.

import { about, onFacts, typeOf } from "./api.js";
import { button, copy, h } from "./dom.js";

// Of many files so many are named.
const NAMED = 5;

/** A text as one word of a POSIX shell. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A file as a part of a form. file: {name, type}; where it is missing the command shows `example`. curl itself gives
 * a meaning to some characters of a name, unless it is in double quotes. */
export function part(field, file, example) {
  const name = file?.name ?? example;
  const path = /^[^\s";,\\]+$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
  return `-F ${quoted(`${field}=@${path};type=${typeOf(file ?? { name })}`)}`;
}

/** The first of many files as parts. */
export const some = (field, files) => files.slice(0, NAMED).map((file) => part(field, file));
export const others = (files) =>
  files.length > NAMED ? `# and in the same way: ${files.length - NAMED} more` : "";

/** A file as the body. */
export const body = (file, example) => [
  `--data-binary ${quoted(`@${file?.name ?? example}`)}`,
  `-H 'Content-Type: ${typeOf(file ?? { name: example })}'`,
];

/** A folded box of commands: {element, show}. show(…commands): a command is its arguments, the last one the method's
 * path; or the text of a comment. */
export function recipe() {
  const code = h("code");
  const element = h(
    "details",
    { class: "recipe" },
    h("summary", {}, "The same with curl"),
    h("pre", { tabindex: 0 }, code),
    button("copy", "Copy", (event) => copy(code.textContent, event.currentTarget)),
  );
  const url = new URL(".", location.href).href;
  let shown = [];
  const written = (command) => {
    if (typeof command === "string") return command;
    const key = about.key ? ["-H 'X-API-Key: YOUR-KEY'"] : [];
    return `curl ${[...key, ...command.slice(0, -1), quoted(url + command.at(-1))].join(" \\\n     ")}`;
  };
  const write = () => (code.textContent = shown.filter(Boolean).map(written).join("\n"));
  onFacts(write);
  return {
    element,
    show(...commands) {
      shown = commands;
      write();
    },
  };
}
