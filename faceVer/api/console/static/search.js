// One photo against many.

import { button, h, icon, save } from "./dom.js";
import { isTemplate } from "./api.js";
import { PHOTOS, chooser, invitation, takesDrops } from "./drop.js";
import { Gallery } from "./gallery.js";
import { PhotoPlace } from "./photo.js";
import { others, part, recipe, some } from "./recipe.js";
import { rarity, rarityShort } from "./scale.js";
import { DECISIONS, explain, score, trouble } from "./words.js";

const PAGE = 100;
const SAMPLES = ["sample-1.jpg", "sample-2.jpg", "sample-3.jpg"];

export const title = "Search";

export function mount(root) {
  const gallery = new Gallery({ onprogress: progress, onpause: pausing, onranked: render });
  const curl = recipe();
  const probe = new PhotoPlace("Photo to look for", (place) => gallery.lookFor(place.template), { rest: add });
  let shown = PAGE;
  let order = { by: "score", up: false };

  const choose = chooser(
    "photo",
    "Choose files",
    add,
    { multiple: true, accept: `${PHOTOS},.fvt` },
    { class: "primary" },
  );
  const folder = chooser("folder", "Choose folder", add, { webkitdirectory: true });
  const invite = invitation(
    "folder",
    "Photos and templates to search in",
    "or drop files and folders here",
    choose,
    folder,
  );
  const drop = h("div", { class: "stage vacant gallery" }, invite);
  const note = h("p", { class: "fine", role: "status" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Photos read" });
  const count = h("span", { class: "count", role: "status" });
  const halt = button("stop", "Stop", () => gallery.stop());
  const strip = h("div", { class: "progress", hidden: true }, bar, count, halt);
  const failed = h("div");
  const filter = h("input", {
    type: "search",
    placeholder: "Filter by name",
    "aria-label": "Filter by name",
    oninput: () => render(),
  });
  const only = h(
    "select",
    { "aria-label": "Show decisions", onchange: () => render() },
    h("option", { value: "" }, "All decisions"),
    Object.entries(DECISIONS).map(([value, { short }]) => h("option", { value }, short)),
  );
  const csv = button("download", "CSV", () =>
    save("search.csv", new Blob([table(rows(), lost())], { type: "text/csv" })),
  );
  const tools = h("div", { class: "row filters", hidden: true }, filter, only, csv, button("", "Clear all", clear));
  const list = h("div", { class: "table" });
  const losses = h("div");
  const element = h(
    "section",
    { class: "card", "aria-label": "Search in" },
    h("header", {}, h("h2", {}, "Search in")),
    drop,
    note,
    strip,
    failed,
    tools,
    list,
    losses,
  );
  takesDrops(element, add);

  function add(files) {
    const left = gallery.add(files);
    const were = left === 1 ? "file was" : "files were";
    note.textContent = left ? `${left} ${were} left out: neither photo nor template (.fvt).` : "";
  }

  function clear() {
    shown = PAGE;
    note.textContent = "";
    gallery.clear();
    choose[0].focus();
  }

  const lost = () => gallery.entries.filter((entry) => entry.error);

  function rows() {
    const words = filter.value.trim().toLowerCase();
    const fits = (entry) =>
      !entry.error && entry.name.toLowerCase().includes(words) && (!only.value || entry.decision === only.value);
    const by =
      order.by === "name"
        ? (a, b) => a.name.localeCompare(b.name, "en", { numeric: true })
        : (a, b) => (a.score ?? -1) - (b.score ?? -1);
    return gallery.entries.filter(fits).sort((a, b) => (order.up ? 1 : -1) * by(a, b));
  }

  function progress() {
    const { entries, total, busy } = gallery;
    const bad = lost().length;
    strip.hidden = !total;
    bar.max = Math.max(1, total);
    bar.value = Math.min(entries.length, total);
    halt.hidden = !busy;
    count.textContent = `${entries.length} of ${total} read${bad ? `, ${bad} cannot be used` : ""}${busy ? " …" : ""}`;
    drop.classList.toggle("small", total > 0);
  }

  function pausing() {
    count.textContent = "The server is busy; going on in a moment …";
  }

  /** Photos and templates are compared by methods of their own. */
  function tell() {
    const used = gallery.entries.filter((entry) => !entry.error);
    const given = used.length ? used : [{ name: "one.fvt" }, { name: "other.fvt" }];
    const stored = given.filter(isTemplate);
    const photos = given.filter((file) => !isTemplate(file));
    const first = part("sample_1", probe.file, "photo.jpg");
    const command = (field, files, method) =>
      files.length ? [[first, ...some(field, files), `v1/face/pattern/${method}`], others(files)] : [];
    curl.show(
      ...command("templates_n", stored, "verify_n"),
      ...command("samples_n", photos, "extract_and_compare_n"),
    );
  }

  function render(error) {
    tell();
    const any = gallery.entries.length > lost().length;
    tools.hidden = !gallery.entries.length;
    csv.disabled = !any;
    list.replaceChildren(...(any ? results(rows()) : []));
    losses.replaceChildren(...(lost().length ? [failures(lost())] : []));
    failed.replaceChildren(
      ...(error
        ? [
            trouble(
              error,
              button("", "Try again", () => gallery.rank()),
            ),
          ]
        : []),
    );
  }

  function results(found) {
    const parts = [];
    const words = probe.empty
      ? "Add the photo to look for; then these are ranked."
      : "They are ranked once the photo to look for can be used.";
    if (!probe.template) parts.push(h("p", { class: "quiet" }, words));
    if (!found.length) return [...parts, h("p", { class: "quiet" }, "Nothing fits the filter.")];
    parts.push(
      h(
        "table",
        {},
        h("caption", { class: "away" }, "Photos by how much they look like the photo to look for"),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col", class: "rank" }, "#"),
            heading("name", "Photo"),
            heading("score", "Score"),
            h("th", { scope: "col", class: "decision" }, "Decision"),
            h("th", { scope: "col", class: "rarity" }, "Strangers who would reach it"),
          ),
        ),
        h("tbody", {}, found.slice(0, shown).map(row)),
      ),
    );
    const more = Math.min(PAGE, found.length - shown);
    if (more > 0)
      parts.push(
        h(
          "p",
          { class: "row" },
          button("", `Show ${more} more of ${found.length}`, () => ((shown += PAGE), render())),
        ),
      );
    return parts;
  }

  function heading(by, words) {
    const mine = order.by === by;
    return h(
      "th",
      { scope: "col", class: by, "aria-sort": mine ? (order.up ? "ascending" : "descending") : "none" },
      h(
        "button",
        { type: "button", class: "sort", onclick: () => sortBy(by) },
        words,
        h("span", { class: "arrow", "aria-hidden": "true" }, mine ? (order.up ? "▲" : "▼") : ""),
      ),
    );
  }

  function sortBy(by) {
    order = { by, up: order.by === by ? !order.up : by === "name" };
    render();
    list.querySelector(`th.${by} button`)?.focus();
  }

  async function samples() {
    const files = await Promise.all(
      SAMPLES.map(
        async (name) => new File([await (await fetch(`console/${name}`)).blob()], name, { type: "image/jpeg" }),
      ),
    );
    probe.take(files[0]);
    add(files.slice(1));
  }

  const lead =
    "Every photo is made into a template, and the templates are compared with the one of the photo to look for. Stored templates (.fvt) are taken, too.";
  root.append(
    h(
      "div",
      { class: "lead" },
      h("div", {}, h("h1", { tabindex: -1 }, "Search among photos"), h("p", {}, lead)),
      h(
        "p",
        { class: "row" },
        h("span", { class: "samples" }, "Samples: ", button("", "two photos", samples, { class: "link" })),
      ),
    ),
    h("div", { class: "hunt" }, probe.element, element),
    curl.element,
  );
  tell();

  return {
    /** Files that were pasted or dropped beside the places. One photo is looked for, if there is none yet. */
    take(files) {
      if (probe.empty && files.length === 1 && !isTemplate(files[0])) probe.take(files[0]);
      else add(files);
    },
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

function failures(lost) {
  return h(
    "details",
    { class: "losses", open: lost.length <= 5 },
    h("summary", {}, `${lost.length} ${lost.length === 1 ? "file" : "files"} could not be used`),
    h(
      "ul",
      {},
      lost.map((entry) =>
        h(
          "li",
          {},
          h("span", { class: "file", title: entry.name }, entry.name),
          h("span", {}, `${explain(entry.error)[0]}.`),
          h("span", { class: "fine mono" }, [entry.error.code, entry.error.why].filter(Boolean).join(" · ")),
        ),
      ),
    ),
  );
}

/** The results as CSV. */
function table(found, lost) {
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
