// The plot of the Compare view: the false match rate over the score.

import { about } from "./api.js";
import { h, s } from "./dom.js";
import { logRateAt, oneIn, points } from "./match-rate.js";
import { formatScore } from "./messages.js";
import { line, redrawOnResize, text } from "./svg.js";

// Free space above the first and below the last measured point, in decades of the rate.
const SPACE_ABOVE = 0.35;
const SPACE_BELOW = 0.8;
// Pixels; the second if the model was not measured, so that there is no curve.
const HEIGHT = 274;
const HEIGHT_WITHOUT_CURVE = 120;

/** The false match rate over the score, with the thresholds: {element, show}. show(score): sets a marker there. */
export function scorePlot() {
  const box = h("div", { class: "plot" });
  let shown = null;
  const redraw = redrawOnResize(box, (width) => box.replaceChildren(draw(width, shown)));
  return {
    element: box,
    show(score) {
      shown = score;
      redraw();
    },
  };
}

function draw(width, shown) {
  const measured = points();
  const height = measured.length ? HEIGHT : HEIGHT_WITHOUT_CURVE;
  const area = { left: measured.length ? 88 : 14, right: width - 14, top: 38, bottom: height - 40 };
  const svg = s("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": curveLabel(shown),
  });
  const x = (score) => area.left + score * (area.right - area.left);
  for (let n = 0; n <= 4; n++)
    svg.append(
      line(x(n / 4), area.top, x(n / 4), area.bottom, "grid"),
      text(x(n / 4), area.bottom + 16, String(n / 4), { "text-anchor": "middle" }),
    );
  svg.append(text((area.left + area.right) / 2, height - 5, "score", { "text-anchor": "middle", class: "axis" }));
  const decades = measured.length
    ? [Math.ceil(Math.log10(measured[0].fmr)), Math.floor(Math.log10(measured.at(-1).fmr) + 1e-9)]
    : [-1, -5];
  const y = (logRate) => {
    const range = decades[0] - decades[1] + SPACE_ABOVE + SPACE_BELOW;
    return area.top + ((decades[0] + SPACE_ABOVE - logRate) / range) * (area.bottom - area.top);
  };
  if (measured.length) {
    svg.append(
      ...[
        s("rect", {
          x: area.left,
          y: y(decades[1]),
          width: area.right - area.left,
          height: area.bottom - y(decades[1]),
          class: "unmeasured",
        }),
        width > 360 && text(area.left + 8, area.bottom - 8, "rarer than measured"),
      ].filter(Boolean),
    );
    for (let decade = decades[0]; decade >= decades[1]; decade--)
      svg.append(
        line(area.left, y(decade), area.right, y(decade), "grid"),
        text(area.left - 8, y(decade) + 4, `1 in ${oneIn(10 ** decade)}`, { "text-anchor": "end" }),
      );
    svg.append(text(4, 13, "strangers who would reach it", { class: "axis" }));
  }
  thresholds().forEach(([name, value], row) => {
    const right = x(value) > area.left + (area.right - area.left) * 0.5;
    svg.append(
      line(x(value), area.top - 8 - 13 * row, x(value), area.bottom, "threshold"),
      text(x(value) + (right ? -5 : 5), area.top - 1 - 13 * row, `${name} ${value}`, {
        "text-anchor": right ? "end" : "start",
        class: "strong",
      }),
    );
  });
  if (measured.length) svg.append(...drawPoints(measured, x, y));
  if (shown !== null) svg.append(...drawMarker(shown, measured, { x, y, area, decades }));
  return svg;
}

function thresholds() {
  const { approve, operator } = about.thresholds;
  return operator < approve
    ? [
        ["approve", approve],
        ["operator", operator],
      ]
    : [["threshold", approve]];
}

function drawPoints(measured, x, y) {
  const path = [];
  for (let n = 1; n < measured.length; n++) {
    const [left, right] = [measured[n - 1].score, measured[n].score];
    for (let step = n === 1 ? 0 : 1; step <= 24; step++) {
      const score = left + ((right - left) * step) / 24;
      path.push(`${x(score).toFixed(1)} ${y(logRateAt(score)).toFixed(1)}`);
    }
  }
  return [
    s("path", { d: `M${path.join("L")}`, class: "curve" }),
    ...measured.map((point) =>
      s("circle", { cx: x(point.score), cy: y(Math.log10(point.fmr)), r: 3, class: "measured" }),
    ),
  ];
}

function drawMarker(shown, measured, { x, y, area, decades }) {
  let logRate = decades[1] - SPACE_BELOW / 2;
  if (measured.length && shown < measured[0].score) logRate = decades[0] + SPACE_ABOVE;
  else if (measured.length && shown <= measured.at(-1).score) logRate = logRateAt(shown);
  const [cx, cy] = [x(shown), Math.max(area.top, Math.min(area.bottom, y(logRate)))];
  const right = shown > 0.5;
  return [
    line(cx, cy, cx, area.bottom, "drop"),
    s("circle", { cx, cy, r: 7, class: "marker" }),
    text(cx + (right ? -13 : 13), cy + (right && logRate >= decades[1] ? -8 : 4), "this pair", {
      "text-anchor": right ? "end" : "start",
      class: "strong halo",
    }),
  ];
}

function curveLabel(shown) {
  const rates = points().map((point) => `score ${point.score}: 1 in ${oneIn(point.fmr)}`);
  const limits = thresholds().map(([name, value]) => `${name} ${value}`);
  const pair = shown === null ? "" : ` This pair: ${formatScore(shown)}.`;
  return `How many strangers would reach a score. ${rates.join("; ") || "Not measured for this model"}. ${limits.join(", ")}.${pair}`;
}
