// What a liveness check found, as elements.

import { about } from "./api.js";
import { bytesOf, button, h, icon, jpegUrl, save, stem } from "./dom.js";
import { meter } from "./plots.js";
import { STATUSES, score as number } from "./words.js";

export const hints = () => [
  h("p", { class: "quiet" }, "Add a media item. Good to know:"),
  h(
    "ul",
    { class: "hints" },
    h("li", {}, "A video tells more than a single photo: some seconds, looking at the camera."),
    h("li", {}, `Up to ${about.limits.frames} frames of it are looked at, spread over its length.`),
    h("li", {}, "The surroundings count, too: do not crop the picture to the face."),
    h("li", {}, "Gestures are not checked, and a video made by software is not recognised as such."),
  ),
];

/** A score and what it means. */
export function outcome({ score, threshold, passed, frames }) {
  const seen = frames.filter((frame) => frame.attack !== null).length;
  const basis =
    frames.length > 1
      ? `${seen} of ${frames.length} frames show a face; frontal ones count more.`
      : "A single photo is the hard case: a video tells more.";
  return [
    h(
      "p",
      { class: `big ${passed ? "good" : "bad"}` },
      h("span", { class: "number" }, number(score)),
      h("span", { class: "badge" }, icon(passed ? "check" : "alert"), passed ? "Passed" : "Declined"),
    ),
    h(
      "p",
      { class: "long" },
      passed ? "No attack was detected. " : "An attack is suspected. ",
      h(
        "span",
        { class: "muted" },
        `The PAD score is ${passed ? "not above" : "above"} the threshold, ${threshold}.`,
      ),
    ),
    frames.length > 1 ? null : meter(score, threshold, `PAD score ${number(score)}, threshold ${threshold}`),
    h("p", { class: "muted" }, basis),
  ].filter(Boolean);
}

export function bestShot(analysis, file) {
  const [shot] = analysis.results_media?.[0]?.output_images ?? [];
  if (!shot) return [];
  const { width, height } = shot.info.original;
  return [
    h(
      "section",
      { class: "card", "aria-label": "Best shot" },
      h("header", {}, h("h2", {}, "Best shot")),
      h("img", { src: jpegUrl(shot.image_b64), alt: "The frame in which the face is seen best", width, height }),
      h("p", { class: "fine" }, `Sharpest, most frontal, eyes open. ${width} × ${height} pixels.`),
      h(
        "p",
        { class: "row" },
        button("download", "Save best shot", () =>
          save(`${stem(file.name)}-best-shot.jpg`, new Blob([bytesOf(shot.image_b64)], { type: "image/jpeg" })),
        ),
      ),
    ),
  ];
}

/** The statuses of a folder document, in words. */
export function statuses(document, analysis) {
  const values = {
    state: analysis.state,
    resolution_status: analysis.resolution_status,
    folder_status: document.resolution_status,
    system_resolution: document.system_resolution,
  };
  const rows = Object.entries(values).map(([field, value]) => {
    const [label, meanings] = STATUSES[field];
    return h(
      "div",
      {},
      h("dt", {}, label),
      h("dd", {}, h("span", { class: "mono value" }, value), h("span", { class: "muted" }, meanings[value] ?? "")),
    );
  });
  if (analysis.error_code !== null)
    rows.push(
      h(
        "div",
        {},
        h("dt", {}, "Error"),
        h(
          "dd",
          {},
          h("span", { class: "mono value" }, String(analysis.error_code)),
          h("span", { class: "muted" }, analysis.error_message),
        ),
      ),
    );
  return h(
    "section",
    { class: "card", "aria-label": "Statuses" },
    h("header", {}, h("h2", {}, "Statuses")),
    h("dl", {}, rows),
  );
}

/** The whole folder document; its pictures shortened. */
export function papers(document) {
  const text = JSON.stringify(
    document,
    (key, value) => (key === "image_b64" && value ? `${value.slice(0, 24)}… (${value.length} characters)` : value),
    2,
  );
  return h(
    "details",
    { class: "card papers" },
    h("summary", {}, "The folder document, as a client of the API gets it"),
    h("pre", { tabindex: 0 }, h("code", {}, text)),
  );
}
