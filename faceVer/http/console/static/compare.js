// Two photos, one score.

import { about, compare, onFacts, sample } from "./api.js";
import { curvePlot } from "./curve.js";
import { button, h, icon, swap } from "./dom.js";
import { leftOut } from "./drop.js";
import { PhotoPlace } from "./photo.js";
import { part, recipe } from "./recipe.js";
import { rarityWords } from "./scale.js";
import { DECISIONS, decisionWords, score, trouble } from "./words.js";

const SAMPLES = { same: ["sample-1.jpg", "sample-2.jpg"], other: ["sample-1.jpg", "sample-3.jpg"] };

export const title = "Compare";

export function mount(root) {
  const places = ["First photo", "Second photo"].map(
    (name, n) => new PhotoPlace(name, () => changed(), { rest: (files) => takeLast(places[1 - n], files) }),
  );
  const note = h("p", { class: "fine note", role: "status" });
  const verdict = h("div", { class: "verdict", role: "status", "aria-live": "polite", tabindex: -1 });
  const basis = h("p", { class: "fine" }, source());
  const plot = curvePlot();
  const curl = recipe();
  let abort = null;

  const marks = h("input", { type: "checkbox", onchange: () => pair.classList.toggle("marks", marks.checked) });
  const pair = h(
    "div",
    { class: "pair" },
    ...places.map((place) => place.element),
    h(
      "section",
      { class: "card result", "aria-label": "Result" },
      h("header", {}, h("h2", {}, "Result")),
      verdict,
      plot.element,
      basis,
    ),
  );
  // What `note` is about: it goes with it.
  let last = null;
  onFacts(() => {
    basis.textContent = source();
    changed();
  });

  function takeLast(place, [file, ...more]) {
    place.take((last = file));
    note.textContent = leftOut(more.length, "two photos are compared");
  }

  const tell = (...elements) => swap(verdict, elements, () => verdict);

  async function changed() {
    abort?.abort();
    clear.disabled = places.every((place) => place.empty);
    if (places.every((place) => place.file !== last)) note.textContent = "";
    plot.show(null);
    curl.show([
      ...places.map((place, n) => part(`sample_${n + 1}`, place.file, ["first.jpg", "second.jpg"][n])),
      "v1/face/pattern/extract_and_compare",
    ]);
    const [left, right] = places.map((place) => place.template);
    if (!left || !right) return tell(waiting(places));
    abort = new AbortController();
    const { signal } = abort;
    tell(h("p", { class: "busy" }, h("span", { class: "spinner", "aria-hidden": "true" }), "Comparing …"));
    try {
      const outcome = await compare(left, right, { signal });
      tell(...words(outcome));
      plot.show(outcome.score);
    } catch (error) {
      if (error.name !== "AbortError") tell(trouble(error, button("", "Try again", changed)));
    }
  }

  async function show(kind) {
    try {
      const files = await Promise.all(SAMPLES[kind].map(sample));
      files.forEach((file, n) => places[n].take(file));
    } catch (error) {
      tell(trouble(error, button("", "Try again", () => show(kind))));
    }
  }

  function clearBoth() {
    places.forEach((place) => place.clear());
    places[0].focus();
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
          "Do both show the same person? The score tells how much they look alike, the curve how rare that is among strangers.",
        ),
      ),
      h(
        "p",
        { class: "row" },
        h(
          "span",
          { class: "samples" },
          "Samples: ",
          button("", "same person", () => show("same"), { class: "link" }),
          " or ",
          button("", "two people", () => show("other"), { class: "link" }),
        ),
        h("label", { class: "switch" }, marks, h("span", {}, "Landmarks")),
        clear,
      ),
    ),
    note,
    pair,
    curl.element,
  );
  changed();

  return {
    /** Files that were pasted or dropped beside the places: two for both; one for the place that has the focus (of
     * what was pasted), else the first that is empty, else the second. */
    take(files, focus = null) {
      const focused = places.find((place) => place.element.contains(focus));
      const start = files.length > 1 ? places[0] : (places.find((place) => place.empty) ?? places[1]);
      const order = (focused ?? start) === places[0] ? places : [...places].reverse();
      order[0].take(files[0]);
      if (files.length > 1) takeLast(order[1], files.slice(1));
    },
  };
}

function waiting(places) {
  const failed = places.some((place) => place.unusable);
  const missing = places.filter((place) => place.empty).length;
  if (failed) return h("p", { class: "quiet" }, "There is no score, because one of the photos cannot be used.");
  return h(
    "p",
    { class: "quiet" },
    missing === 2 ? "Add two photos." : missing === 1 ? "Add the other photo." : "One moment …",
  );
}

function words({ score: value, decision }) {
  const { icon: glyph, tone, short, long } = DECISIONS[decision];
  return [
    h(
      "p",
      { class: `big ${tone}` },
      h("span", { class: "number" }, score(value)),
      h("span", { class: "badge" }, icon(glyph), short),
    ),
    h("p", { class: "long" }, `${long}. `, h("span", { class: "muted" }, decisionWords(decision))),
    h("p", { class: "muted" }, rarityWords(value)),
  ];
}

const source = () =>
  about.calibration.points.length
    ? "Measured on development data; your cameras and people may differ."
    : "This model’s error rates were not measured; scores are provisional.";
