// The analyses of a folder: scores, best shots, an operator's decisions.

import { button, h } from "./dom.js";
import { attempt, badge, fileUrl } from "./parts.js";
import { call, may } from "./session.js";

const NAMES = { QUALITY: "Liveness", BIOMETRY: "Same person", COLLECTION: "Collection", DOCUMENTS: "Documents" };
const percent = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));

function scores({ type, results_data: overall, results_media: media, source_media: sources, confs: thresholds }) {
  const { threshold_spoofing: attack, threshold_max: same } = thresholds;
  if (type === "QUALITY")
    return media.map(({ source_media_id: id, results_data: found }) => {
      const name = sources.find((item) => item.media_id === id)?.original_name ?? "Media item";
      return [`PAD score of ${name}, an attack above ${attack}`, percent(found?.confidence_spoofing)];
    });
  if (!overall) return [];
  return [
    [`Lowest similarity, the same person from ${same}`, percent(overall.min_confidence)],
    ["Highest similarity", percent(overall.max_confidence)],
  ];
}

const shots = ({ results_media: media }) =>
  media.flatMap(({ output_images: images }) => images ?? []).filter((image) => image.original_url);

/** onchange: called after a decision. */
export function analysisCard(analysis, onchange) {
  const name = NAMES[analysis.type] ?? analysis.type;
  const place = h("div");
  const decide = (label, decision, iconName) => {
    const control = button(
      iconName,
      label,
      async () => {
        const body = { resolution_operator: decision };
        const path = `api/analyses/${analysis.analysis_id}/`;
        if (await attempt(control, place, () => call("PATCH", path, { body }))) onchange();
      },
      { "aria-pressed": String(analysis.resolution_operator === decision) },
    );
    return control;
  };
  const decided = analysis.resolution_operator !== null;
  const rows = [
    ["Result", badge(analysis.resolution_status)],
    ["Operator", badge(analysis.resolution_operator)],
    ...scores(analysis),
    ...(analysis.error_message ? [["Error", `${analysis.error_code} · ${analysis.error_message}`]] : []),
  ];
  return h(
    "section",
    { class: "card", "aria-label": name },
    h("header", {}, h("h2", {}, name), h("span", { class: "fine" }, analysis.state)),
    h(
      "dl",
      { class: "pairs" },
      rows.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
    ),
    shots(analysis).map((image) => h("img", { class: "best-shot", src: fileUrl(image.original_url), alt: "Best shot" })),
    may("decide") && analysis.state === "FINISHED"
      ? h(
          "div",
          { class: "row", role: "group", "aria-label": `Decision on ${name}` },
          decide("Pass", "SUCCESS", "check"),
          decide("Decline", "DECLINED", "cross"),
          decided ? decide("Take back", null, "") : null,
        )
      : null,
    place,
  );
}
