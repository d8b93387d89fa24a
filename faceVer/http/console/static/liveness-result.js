// The elements that show the result of a liveness check.

import { about } from "./api.js";
import { bytesOf, button, h, icon, jpegUrl, save, stem } from "./dom.js";
import { STATUSES, formatScore } from "./messages.js";
import { meter } from "./svg.js";

export const hints = () => [
  h("p", { class: "quiet" }, "Add a photo, a video or an archive."),
  h(
    "ul",
    { class: "hints" },
    h("li", {}, "A video gives a more reliable result than a single photo: look at the camera for a few seconds."),
    h("li", {}, `The server analyzes up to ${about.limits.frames} frames, spread over the length of the video.`),
    h("li", {}, "It also analyzes the surroundings of the face: do not crop the image to the face."),
    h("li", {}, "It does not detect videos made by software."),
  ),
];

/** The PAD score and what it means. */
export function verdictOf({ pad_score, threshold, passed, frames }) {
  const scored = frames.filter((frame) => frame.pad_score !== null).length;
  const basis =
    frames.length > 1
      ? `${scored} of ${frames.length} frames show a face; frontal faces have more weight.`
      : "The score of a single photo is less reliable than that of a video.";
  return [
    h(
      "p",
      { class: `big ${passed ? "good" : "bad"}` },
      h("span", { class: "number" }, formatScore(pad_score)),
      h("span", { class: "badge" }, icon(passed ? "check" : "alert"), passed ? "Passed" : "Declined"),
    ),
    h(
      "p",
      { class: "long" },
      passed ? "No attack was detected. " : "An attack is suspected. ",
      h("span", { class: "muted" }, `The PAD score is ${passed ? "not above" : "above"} the threshold, ${threshold}.`),
    ),
    frames.length > 1
      ? null
      : meter(pad_score, threshold, `PAD score ${formatScore(pad_score)}, threshold ${threshold}`),
    h("p", { class: "muted" }, basis),
  ].filter(Boolean);
}

/** What was measured of the face, in words. */
function measured({ quality, sharpness, yaw, pitch, roll, eyes_open, brightness, size, inside }) {
  const percent = (share) => `${Math.round(share * 100)} %`;
  return [
    `quality ${quality.toFixed(2)}`,
    `sharpness ${Math.round(sharpness)}`,
    `yaw ${Math.round(yaw)}°`,
    `pitch ${Math.round(pitch)}°`,
    `roll ${Math.round(roll)}°`,
    `eyes open ${percent(eyes_open)}`,
    `brightness ${Math.round(brightness)} of 255`,
    `face ${Math.round(size)} pixels, ${percent(inside)} in the frame`,
  ];
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
      h("img", { src: jpegUrl(shot.image_b64), alt: "The best frame of the face", width, height }),
      h("p", { class: "fine" }, [`${width} × ${height} pixels`, ...measured(shot.technical_meta_data.measures)].join(", ")),
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

/** The statuses of a folder document and their meaning. */
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

/** The JSON of the folder document, with its images shortened. */
export function folderDocument(document) {
  const text = JSON.stringify(
    document,
    (key, value) => (key === "image_b64" && value ? `${value.slice(0, 24)}… (${value.length} characters)` : value),
    2,
  );
  return h(
    "details",
    { class: "card folder-document" },
    h("summary", {}, "The folder document, as the API returns it"),
    h("pre", { tabindex: 0 }, h("code", {}, text)),
  );
}
