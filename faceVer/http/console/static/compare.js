// The Compare view: two photos and their score.

import { about, compare, onAboutChanged, sampleFile } from "./api.js";
import { curlBox, part, text } from "./curl.js";
import { button, h, icon, replaceKeepingFocus } from "./dom.js";
import { ignoredNote } from "./files.js";
import { matchRateSentence } from "./match-rate.js";
import { DECISIONS, decisionReason, errorBox, formatScore } from "./messages.js";
import { PhotoSlot } from "./photo.js";
import { scorePlot } from "./score-plot.js";

const SAMPLES = { same: ["sample-1.jpg", "sample-2.jpg"], other: ["sample-1.jpg", "sample-3.jpg"] };

export const title = "Compare";

export function mount(root) {
  const slots = ["First photo", "Second photo"].map(
    (name, n) => new PhotoSlot(name, () => update(), { rest: (files) => takeLast(slots[1 - n], files) }),
  );
  const note = h("p", { class: "fine note", role: "status" });
  const verdict = h("div", { class: "verdict", role: "status", "aria-live": "polite", tabindex: -1 });
  const basis = h("p", { class: "fine" }, calibrationNote());
  const plot = scorePlot();
  const curl = curlBox();
  let abort = null;

  const landmarks = h("input", {
    type: "checkbox",
    onchange: () => pair.classList.toggle("landmarks", landmarks.checked),
  });
  const pair = h(
    "div",
    { class: "pair" },
    ...slots.map((slot) => slot.element),
    h(
      "section",
      { class: "card result", "aria-label": "Result" },
      h("header", {}, h("h2", {}, "Result")),
      verdict,
      plot.element,
      basis,
    ),
  );
  // The file that was taken when `note` was written; `note` is cleared when the file is removed.
  let last = null;
  onAboutChanged(() => {
    basis.textContent = calibrationNote();
    update();
  });

  function takeLast(slot, [file, ...ignored]) {
    slot.take((last = file));
    note.textContent = ignoredNote(ignored.length, "two photos are compared");
  }

  const showVerdict = (...elements) => replaceKeepingFocus(verdict, elements, () => verdict);

  async function update() {
    abort?.abort();
    clear.disabled = slots.every((slot) => slot.empty);
    if (slots.every((slot) => slot.file !== last)) note.textContent = "";
    plot.show(null);
    curl.show([
      ...slots.map((slot, n) => part(`sample_${n + 1}`, slot.file, ["first.jpg", "second.jpg"][n])),
      ...slots.flatMap((slot, n) => text(`face_${n + 1}`, slot.face)),
      "v1/face/pattern/extract_and_compare",
    ]);
    const [left, right] = slots.map((slot) => slot.template);
    if (!left || !right) return showVerdict(whatIsMissing(slots));
    abort = new AbortController();
    const { signal } = abort;
    showVerdict(h("p", { class: "busy" }, h("span", { class: "spinner", "aria-hidden": "true" }), "Comparing …"));
    try {
      const comparison = await compare(left, right, { signal });
      showVerdict(...verdictOf(comparison));
      plot.show(comparison.score);
    } catch (error) {
      if (error.name !== "AbortError") showVerdict(errorBox(error, button("", "Try again", update)));
    }
  }

  async function takeSamples(kind) {
    try {
      const files = await Promise.all(SAMPLES[kind].map(sampleFile));
      files.forEach((file, n) => slots[n].take(file));
    } catch (error) {
      showVerdict(errorBox(error, button("", "Try again", () => takeSamples(kind))));
    }
  }

  function clearBoth() {
    slots.forEach((slot) => slot.clear());
    slots[0].focus();
  }

  const clear = button("", "Clear both", clearBoth, { disabled: true });
  root.append(
    h(
      "div",
      { class: "lead" },
      h(
        "div",
        {},
        h("h1", { tabindex: -1 }, "Compare two photos"),
        h(
          "p",
          {},
          "Do both show the same person? The score says how similar the faces are; the curve shows how many strangers would reach that score.",
        ),
      ),
      h(
        "p",
        { class: "row" },
        h(
          "span",
          { class: "samples" },
          "Samples: ",
          button("", "same person", () => takeSamples("same"), { class: "link" }),
          " or ",
          button("", "two people", () => takeSamples("other"), { class: "link" }),
        ),
        h("label", { class: "switch" }, landmarks, h("span", {}, "Landmarks")),
        clear,
      ),
    ),
    note,
    pair,
    curl.element,
  );
  update();

  return {
    /** Take pasted files, or files dropped outside the slots. Two files fill both slots. A single file goes to the slot
     * that contains `focus`, otherwise to the first empty slot, otherwise to the second. */
    take(files, focus = null) {
      const focused = slots.find((slot) => slot.element.contains(focus));
      const start = files.length > 1 ? slots[0] : (slots.find((slot) => slot.empty) ?? slots[1]);
      const order = (focused ?? start) === slots[0] ? slots : [...slots].reverse();
      order[0].take(files[0]);
      if (files.length > 1) takeLast(order[1], files.slice(1));
    },
  };
}

function whatIsMissing(slots) {
  const failed = slots.some((slot) => slot.unusable);
  const missing = slots.filter((slot) => slot.empty).length;
  if (failed) return h("p", { class: "quiet" }, "There is no score, because one of the photos cannot be used.");
  return h(
    "p",
    { class: "quiet" },
    missing === 2 ? "Add two photos." : missing === 1 ? "Add the other photo." : "One moment …",
  );
}

function verdictOf({ score, decision }) {
  const { icon: glyph, tone, short, long } = DECISIONS[decision];
  return [
    h(
      "p",
      { class: `big ${tone}` },
      h("span", { class: "number" }, formatScore(score)),
      h("span", { class: "badge" }, icon(glyph), short),
    ),
    h("p", { class: "long" }, `${long}. `, h("span", { class: "muted" }, decisionReason(decision))),
    h("p", { class: "muted" }, matchRateSentence(score)),
  ];
}

const calibrationNote = () =>
  about.calibration.points.length
    ? "Measured on development data; results for your cameras and people may differ."
    : "This model’s error rates were not measured; scores are provisional.";
