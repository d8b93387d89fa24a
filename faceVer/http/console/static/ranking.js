// What a search found, and what could not be used.

import { h, icon } from "./dom.js";
import { rarity, rarityShort } from "./scale.js";
import { DECISIONS, explain, score } from "./words.js";

const PAGE = 100;
// So many losses are shown by default.
const FEW = 5;

/** The table: {element, show, sorted, reset}. show(entries): in the order that was chosen; its parts stay, so that the
 * focus does, too. */
export function ranking() {
  let found = [];
  let order = { by: "score", up: false };
  let shown = PAGE;
  const columns = { name: heading("name", "Photo"), score: heading("score", "Score") };
  const body = h("tbody");
  const table = h(
    "table",
    { tabindex: -1 },
    h("caption", { class: "away" }, "Photos by how much they look like the photo to look for"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col", class: "rank" }, "#"),
        columns.name,
        columns.score,
        h("th", { scope: "col", class: "decision" }, "Decision"),
        h("th", { scope: "col", class: "rarity" }, "Strangers who would reach it"),
      ),
    ),
    body,
  );
  const more = h("button", { type: "button", onclick: showMore });
  const element = h("div", { class: "table", hidden: true }, table, h("p", { class: "row" }, more));

  function heading(by, words) {
    const arrow = h("span", { class: "arrow", "aria-hidden": "true" });
    const sort = h("button", { type: "button", class: "sort", onclick: () => sortBy(by) }, words, arrow);
    return h("th", { scope: "col", class: by }, sort);
  }

  function sortBy(by) {
    order = { by, up: order.by === by ? !order.up : by === "name" };
    draw();
  }

  function showMore() {
    shown += PAGE;
    draw();
    if (more.hidden) table.focus({ preventScroll: true });
  }

  function sorted() {
    const by =
      order.by === "name"
        ? (a, b) => a.name.localeCompare(b.name, "en", { numeric: true })
        : (a, b) => (a.score ?? -1) - (b.score ?? -1);
    return [...found].sort((a, b) => (order.up ? 1 : -1) * by(a, b));
  }

  function draw() {
    for (const [by, column] of Object.entries(columns)) {
      const mine = order.by === by;
      column.setAttribute("aria-sort", mine ? (order.up ? "ascending" : "descending") : "none");
      column.querySelector(".arrow").textContent = mine ? (order.up ? "▲" : "▼") : "";
    }
    body.replaceChildren(...sorted().slice(0, shown).map(row));
    const rest = found.length - shown;
    more.hidden = rest <= 0;
    more.textContent = `Show ${Math.min(PAGE, rest)} more of ${found.length}`;
    element.hidden = !found.length;
  }

  return {
    element,
    sorted,
    show(entries) {
      found = entries;
      draw();
    },
    reset: () => (shown = PAGE),
  };
}

function row(entry, number) {
  const decision = DECISIONS[entry.decision];
  return h(
    "tr",
    {},
    h("td", { class: "rank" }, String(number + 1)),
    h(
      "td",
      { class: "name" },
      h(
        "span",
        { class: "who" },
        entry.thumb
          ? h("img", { src: entry.thumb, alt: "", width: 48, height: 48 })
          : h("span", { class: "thumb" }, icon("file")),
        h("span", { class: "file", title: entry.name }, entry.name),
      ),
    ),
    h("td", { class: "score" }, entry.score === undefined ? "–" : score(entry.score)),
    h(
      "td",
      { class: "decision" },
      decision ? h("span", { class: `badge ${decision.tone}` }, icon(decision.icon), decision.short) : "–",
    ),
    h("td", { class: "rarity" }, entry.score === undefined ? "–" : rarityShort(entry.score)),
  );
}

/** The list of what could not be used: {element, show}. It stays as the reader has opened or folded it. */
export function losses() {
  const summary = h("summary");
  const list = h("ul");
  const element = h("details", { class: "losses", hidden: true }, summary, list);
  let asked = false;
  let listed = 0;
  summary.addEventListener("click", () => (asked = true));
  return {
    element,
    show(lost) {
      // They only become more, or none.
      if (lost.length === listed) return;
      listed = lost.length;
      element.hidden = !listed;
      if (!listed) asked = false;
      if (!asked) element.open = listed <= FEW;
      summary.textContent = `${listed} ${listed === 1 ? "file" : "files"} could not be used`;
      list.replaceChildren(...lost.map(loss));
    },
  };
}

function loss({ name, error }) {
  const { status, code, why, requestId } = error;
  const facts = status ? [code, why, requestId && `request ${requestId}`].filter(Boolean).join(" · ") : "";
  return h(
    "li",
    {},
    h("span", { class: "file", title: name }, name),
    h("span", {}, `${explain(error)[0]}.`),
    h("span", { class: "fine mono" }, facts),
  );
}

/** The results as CSV. */
export function asCsv(found, lost) {
  const lines = [["name", "score", "decision", "fmr"]];
  for (const { name, score: value, decision } of found) {
    const rate = value === undefined ? null : rarity(value);
    const fmr = rate ? `${rate.bound}${rate.fmr.toPrecision(2)}` : "";
    lines.push([name, value === undefined ? "" : score(value), decision ?? "", fmr]);
  }
  for (const { name, error } of lost) lines.push([name, "", `not compared: ${explain(error)[0]}`, ""]);
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

// A cell that begins like a formula would be one in a spreadsheet.
const cell = (value) => `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;
