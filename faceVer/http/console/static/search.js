// One photo against many.

import { isTemplate, onFacts, sample } from "./api.js";
import { button, h, save, swap } from "./dom.js";
import { PHOTOS, chooser, invitation, takesDrops } from "./drop.js";
import { Gallery } from "./gallery.js";
import { PhotoPlace } from "./photo.js";
import { asCsv, losses, ranking } from "./ranking.js";
import { others, part, recipe, some } from "./recipe.js";
import { DECISIONS, trouble } from "./words.js";

const SAMPLES = ["sample-1.jpg", "sample-2.jpg", "sample-3.jpg"];
// Milliseconds between two announcements of how far it is.
const TELL = 10_000;

export const title = "Search";

export function mount(root) {
  const gallery = new Gallery({ onprogress: progress, onpause: pausing, onranked: render });
  const curl = recipe();
  const probe = new PhotoPlace("Photo to look for", (place) => gallery.lookFor(place.template), { rest: add });
  const table = ranking();
  const lost = losses();
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
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Photos read" });
  const count = h("span", { class: "count", tabindex: -1 });
  // What `count` shows changes with every photo; nobody wants to hear all of it.
  const voice = h("span", { class: "away", role: "status" });
  const halt = button("stop", "Stop", () => (gallery.busy ? gallery.stop() : goOn()));
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
    save("search.csv", new Blob([asCsv(table.sorted(), unusable())], { type: "text/csv" })),
  );
  const tools = h("div", { class: "row filters", hidden: true }, filter, only, csv, button("", "Clear all", clear));
  const hint = h("div", { class: "quiet" });
  const element = h(
    "section",
    { class: "card", "aria-label": "Search in" },
    h("header", {}, h("h2", {}, "Search in")),
    drop,
    strip,
    voice,
    failed,
    tools,
    hint,
    table.element,
    lost.element,
  );
  let told = [];
  let spoken = 0;
  takesDrops(element, add);
  onFacts(() => gallery.lookFor(probe.template));

  function add(files) {
    gallery.add(files);
  }

  const goOn = () => gallery.go();

  function clear() {
    filter.value = only.value = "";
    table.reset();
    gallery.clear();
    choose[0].focus();
  }

  const unusable = () => gallery.entries.filter((entry) => entry.error);

  function progress() {
    const { entries, waiting, total, busy, failure } = gallery;
    const bad = unusable().length;
    const stopped = !busy && waiting.length > 0;
    strip.hidden = !total;
    bar.max = Math.max(1, total);
    bar.value = entries.length;
    count.textContent = `${entries.length} of ${total} read${bad ? `, ${bad} cannot be used` : ""}${busy ? " …" : stopped ? ", stopped" : ""}`;
    drop.classList.toggle("small", total > 0);
    const focused = document.activeElement === halt;
    halt.hidden = !busy && (!stopped || failure !== null);
    halt.querySelector("svg").toggleAttribute("hidden", !busy);
    halt.querySelector("span").textContent = busy ? "Stop" : "Continue";
    fail(failure, goOn);
    if (focused && halt.hidden) (failed.querySelector(".row button") ?? count).focus();
    if (!busy || Date.now() - spoken > TELL) say();
  }

  function say() {
    spoken = Date.now();
    if (voice.textContent !== count.textContent) voice.textContent = count.textContent;
  }

  /** Show what went wrong, unless it is shown already. */
  function fail(error, retry) {
    const now = error ? [error.status, error.code, retry] : [];
    if (String(now) === String(told)) return;
    told = now;
    const boxes = error ? [trouble(error, button("", "Try again", retry))] : [];
    swap(failed, boxes, () => (halt.hidden ? count : halt));
  }

  function pausing() {
    count.textContent = "The server is busy; continuing in a moment …";
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

  function render() {
    tell();
    const bad = unusable();
    const found = gallery.entries.filter(fits);
    const any = gallery.entries.length > bad.length;
    tools.hidden = !gallery.entries.length;
    csv.disabled = !any;
    hint.textContent = any ? advice(found) : "";
    table.show(found);
    lost.show(bad);
    fail(gallery.failure, goOn);
  }

  function fits({ name, decision, error }) {
    const words = filter.value.trim().toLowerCase();
    return !error && name.toLowerCase().includes(words) && (!only.value || decision === only.value);
  }

  function advice(found) {
    if (!found.length) return "Nothing fits the filter.";
    if (probe.template) return "";
    return probe.empty
      ? "Add the photo to look for; then these are ranked."
      : "They are ranked once the photo to look for can be used.";
  }

  async function samples() {
    try {
      const [first, ...rest] = await Promise.all(SAMPLES.map(sample));
      probe.take(first);
      add(rest);
    } catch (error) {
      fail(error, samples);
    }
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
