// The Search view: one photo, the probe, compared with many.

import { isTemplate, onAboutChanged, sampleFile } from "./api.js";
import { curlBox, firstParts, moreParts, part, text } from "./curl.js";
import { button, h, replaceKeepingFocus, save } from "./dom.js";
import { ACCEPT_PHOTOS, acceptDrops, fileButton, invitation } from "./files.js";
import { Gallery } from "./gallery.js";
import { DECISIONS, errorBox } from "./messages.js";
import { PhotoSlot } from "./photo.js";
import { ranking, toCsv, unusableList } from "./ranking.js";

const SAMPLES = ["sample-1.jpg", "sample-2.jpg", "sample-3.jpg"];
// Milliseconds between two announcements of the progress.
const ANNOUNCE = 10_000;

export const title = "Search";

export function mount(root) {
  const gallery = new Gallery({ onprogress: showProgress, onwait: showWaiting, onranked: render });
  const curl = curlBox();
  const probe = new PhotoSlot("Photo to look for", (slot) => gallery.setProbe(slot.template), { rest: add });
  const table = ranking();
  const unusable = unusableList();
  const choose = fileButton(
    "photo",
    "Choose files",
    add,
    { multiple: true, accept: `${ACCEPT_PHOTOS},.fvt` },
    { class: "primary" },
  );
  const folder = fileButton("folder", "Choose folder", add, { webkitdirectory: true });
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
  // `count` changes with every photo: too often for a screen reader, which reads this element instead.
  const announcement = h("span", { class: "visually-hidden", role: "status" });
  const toggle = button("stop", "Stop", () => (gallery.busy ? gallery.stop() : resume()));
  const strip = h("div", { class: "progress", hidden: true }, bar, count, toggle);
  const errors = h("div");
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
    save("search.csv", new Blob([toCsv(table.sorted(), unusableEntries())], { type: "text/csv" })),
  );
  const tools = h("div", { class: "row filters", hidden: true }, filter, only, csv, button("", "Clear all", clear));
  const hint = h("div", { class: "quiet" });
  const element = h(
    "section",
    { class: "card", "aria-label": "Search in" },
    h("header", {}, h("h2", {}, "Search in")),
    drop,
    strip,
    announcement,
    errors,
    tools,
    hint,
    table.element,
    unusable.element,
  );
  let shownError = [];
  let announced = 0;
  acceptDrops(element, add);
  onAboutChanged(() => gallery.setProbe(probe.template));

  function add(files) {
    gallery.add(files);
  }

  const resume = () => gallery.start();

  function clear() {
    filter.value = only.value = "";
    table.reset();
    gallery.clear();
    choose[0].focus();
  }

  const unusableEntries = () => gallery.entries.filter((entry) => entry.error);

  function showProgress() {
    const { entries, waiting, total, busy, error } = gallery;
    const bad = unusableEntries().length;
    const stopped = !busy && waiting.length > 0;
    strip.hidden = !total;
    bar.max = Math.max(1, total);
    bar.value = entries.length;
    count.textContent = `${entries.length} of ${total} read${bad ? `, ${bad} cannot be used` : ""}${busy ? " …" : stopped ? ", stopped" : ""}`;
    drop.classList.toggle("small", total > 0);
    const focused = document.activeElement === toggle;
    toggle.hidden = !busy && (!stopped || error !== null);
    toggle.querySelector("svg").toggleAttribute("hidden", !busy);
    toggle.querySelector("span").textContent = busy ? "Stop" : "Continue";
    showError(error, resume);
    if (focused && toggle.hidden) (errors.querySelector(".row button") ?? count).focus();
    if (!busy || Date.now() - announced > ANNOUNCE) announce();
  }

  function announce() {
    announced = Date.now();
    if (announcement.textContent !== count.textContent) announcement.textContent = count.textContent;
  }

  /** Show an error, unless the view shows it already; null: show none. */
  function showError(error, retry) {
    const identity = error ? [error.status, error.code, retry] : [];
    if (String(identity) === String(shownError)) return;
    shownError = identity;
    const boxes = error ? [errorBox(error, button("", "Try again", retry))] : [];
    replaceKeepingFocus(errors, boxes, () => (toggle.hidden ? count : toggle));
  }

  function showWaiting() {
    count.textContent = "The server is busy; continuing in a moment …";
  }

  /** Show the curl commands: one endpoint compares photos, another one templates. */
  function showCommands() {
    const usable = gallery.entries.filter((entry) => !entry.error);
    const files = usable.length ? usable : [{ name: "one.fvt" }, { name: "other.fvt" }];
    const templates = files.filter(isTemplate);
    const photos = files.filter((file) => !isTemplate(file));
    const first = [part("sample_1", probe.file, "photo.jpg"), ...text("face_1", probe.face)];
    const commands = (field, files, endpoint) =>
      files.length ? [[...first, ...firstParts(field, files), `v1/face/pattern/${endpoint}`], moreParts(files)] : [];
    curl.show(
      ...commands("templates_n", templates, "verify_n"),
      ...commands("samples_n", photos, "extract_and_compare_n"),
    );
  }

  function render() {
    showCommands();
    const bad = unusableEntries();
    const filtered = gallery.entries.filter(passesFilter);
    const any = gallery.entries.length > bad.length;
    tools.hidden = !gallery.entries.length;
    csv.disabled = !any;
    hint.textContent = any ? advice(filtered) : "";
    table.show(filtered);
    unusable.show(bad);
    showError(gallery.error, resume);
  }

  function passesFilter({ name, decision, error }) {
    const wanted = filter.value.trim().toLowerCase();
    return !error && name.toLowerCase().includes(wanted) && (!only.value || decision === only.value);
  }

  function advice(filtered) {
    if (!filtered.length) return "No photo matches the filter.";
    if (probe.template) return "";
    return probe.empty
      ? "Add the photo to look for to rank these."
      : "These are ranked as soon as the photo to look for can be used.";
  }

  async function takeSamples() {
    try {
      const [first, ...rest] = await Promise.all(SAMPLES.map(sampleFile));
      probe.take(first);
      add(rest);
    } catch (error) {
      showError(error, takeSamples);
    }
  }

  const lead =
    "The server makes a template of every photo and compares it with the template of the photo to look for. You can also add stored templates (.fvt).";
  root.append(
    h(
      "div",
      { class: "lead" },
      h("div", {}, h("h1", { tabindex: -1 }, "Search among photos"), h("p", {}, lead)),
      h(
        "p",
        { class: "row" },
        h("span", { class: "samples" }, "Samples: ", button("", "two photos", takeSamples, { class: "link" })),
      ),
    ),
    h("div", { class: "search-grid" }, probe.element, element),
    curl.element,
  );
  showCommands();

  return {
    /** Take pasted files, or files dropped outside the cards. A single photo becomes the probe if there is none. */
    take(files) {
      if (probe.empty && files.length === 1 && !isTemplate(files[0])) probe.take(files[0]);
      else add(files);
    },
  };
}
