// The same as the page does, for a terminal.

import { about } from "./api.js";
import { button, copy, h } from "./dom.js";

/** A folded box of commands, each given as its lines. {url} is put in. */
export function recipe(...commands) {
  const url = new URL(".", location.href).href.replace(/\/$/, "");
  const key = about.key ? "-H 'X-API-Key: YOUR-KEY' " : "";
  const text = commands
    .map((lines) => lines.join(" \\\n     "))
    .join("\n")
    .replaceAll("{url}", url)
    .replaceAll("curl ", `curl ${key}`);
  return h(
    "details",
    { class: "recipe" },
    h("summary", {}, "The same with curl"),
    h("pre", { tabindex: 0 }, h("code", {}, text)),
    button("copy", "Copy", (event) => copy(text, event.currentTarget)),
  );
}
