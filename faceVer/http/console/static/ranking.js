// The results of a search: a table of scores, and a list of the files that cannot be used.

import { h, icon } from "./dom.js";
import { matchRate, matchRateText } from "./match-rate.js";
import { DECISIONS, explain, formatScore } from "./messages.js";

const PAGE = 100;
// A list of at most this many unusable files is open from the start.
const FEW = 5;

/** The table of scores: {element, show, sorted, reset}. show(entries) replaces the rows, but not the controls, so that
 * these keep the focus. sorted(): the entries in the order of the table. reset(): back to the first page. */
export function ranking() {
  let shownEntries = [];
  let order = { by: "score", up: false };
  let shown = PAGE;
  const columns = { name: heading("name", "Photo"), score: heading("score", "Score") };
  const body = h("tbody");
  const table = h(
    "table",
    { tabindex: -1 },
    h("caption", { class: "visually-hidden" }, "Photos by similarity to the photo to look for"),
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
        h("th", { scope: "col", class: "match-rate" }, "Strangers who would reach it"),
      ),
    ),
    body,
  );
  const more = h("button", { type: "button", onclick: showMore });
  const element = h("div", { class: "table", hidden: true }, table, h("p", { class: "row" }, more));

  function heading(by, label) {
    const arrow = h("span", { class: "arrow", "aria-hidden": "true" });
    const sort = h("button", { type: "button", class: "sort", onclick: () => sortBy(by) }, label, arrow);
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
    const compare =
      order.by === "name"
        ? (a, b) => a.name.localeCompare(b.name, "en", { numeric: true })
        : (a, b) => (a.score ?? -1) - (b.score ?? -1);
    return [...shownEntries].sort((a, b) => (order.up ? 1 : -1) * compare(a, b));
  }

  function draw() {
    for (const [by, column] of Object.entries(columns)) {
      const isSorted = order.by === by;
      column.setAttribute("aria-sort", isSorted ? (order.up ? "ascending" : "descending") : "none");
      column.querySelector(".arrow").textContent = isSorted ? (order.up ? "▲" : "▼") : "";
    }
    body.replaceChildren(...sorted().slice(0, shown).map(row));
    const rest = shownEntries.length - shown;
    more.hidden = rest <= 0;
    more.textContent = `Show ${Math.min(PAGE, rest)} more of ${shownEntries.length}`;
    element.hidden = !shownEntries.length;
  }

  return {
    element,
    sorted,
    show(entries) {
      shownEntries = entries;
      draw();
    },
    reset: () => (shown = PAGE),
  };
}

function row(entry, index) {
  const decision = DECISIONS[entry.decision];
  return h(
    "tr",
    {},
    h("td", { class: "rank" }, String(index + 1)),
    h(
      "td",
      { class: "name" },
      h(
        "span",
        { class: "photo-name" },
        entry.thumb
          ? h("img", { src: entry.thumb, alt: "", width: 48, height: 48 })
          : h("span", { class: "thumb" }, icon("file")),
        h("span", { class: "file", title: entry.name }, entry.name),
      ),
    ),
    h("td", { class: "score" }, entry.score === undefined ? "–" : formatScore(entry.score)),
    h(
      "td",
      { class: "decision" },
      decision ? h("span", { class: `badge ${decision.tone}` }, icon(decision.icon), decision.short) : "–",
    ),
    h("td", { class: "match-rate" }, entry.score === undefined ? "–" : matchRateText(entry.score)),
  );
}

/** The list of files that cannot be used: {element, show}. show(entries) does not open or close the list after the user
 * has opened or closed it. */
export function unusableList() {
  const summary = h("summary");
  const list = h("ul");
  const element = h("details", { class: "unusable", hidden: true }, summary, list);
  let toggled = false;
  let listed = 0;
  summary.addEventListener("click", () => (toggled = true));
  return {
    element,
    show(entries) {
      // Between two calls entries are only added, or all removed.
      if (entries.length === listed) return;
      listed = entries.length;
      element.hidden = !listed;
      if (!listed) toggled = false;
      if (!toggled) element.open = listed <= FEW;
      summary.textContent = `${listed} ${listed === 1 ? "file" : "files"} could not be used`;
      list.replaceChildren(...entries.map(unusableItem));
    },
  };
}

function unusableItem({ name, error }) {
  const { status, code, reason, requestId } = error;
  const details = status ? [code, reason, requestId && `request ${requestId}`].filter(Boolean).join(" · ") : "";
  return h(
    "li",
    {},
    h("span", { class: "file", title: name }, name),
    h("span", {}, `${explain(error)[0]}.`),
    h("span", { class: "fine mono" }, details),
  );
}

/** The results as CSV: the compared entries, then the unusable ones. */
export function toCsv(compared, unusable) {
  const lines = [["name", "score", "decision", "fmr"]];
  for (const { name, score, decision } of compared) {
    const rate = score === undefined ? null : matchRate(score);
    const fmr = rate ? `${rate.bound}${rate.fmr.toPrecision(2)}` : "";
    lines.push([name, score === undefined ? "" : formatScore(score), decision ?? "", fmr]);
  }
  for (const { name, error } of unusable) lines.push([name, "", `not compared: ${explain(error)[0]}`, ""]);
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

// The apostrophe keeps a spreadsheet from treating the cell as a formula.
const cell = (value) => `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;
