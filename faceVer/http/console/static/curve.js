// The plot of the Compare view: how many strangers would reach a score.

import { about } from "./api.js";
import { h, s } from "./dom.js";
import { fitted, line, text } from "./plots.js";
import { oneIn, points, powerAt } from "./scale.js";
import { score as number } from "./words.js";

// Decades of the rate that are kept free above the first and below the last measured point.
const ABOVE = 0.35;
const BEYOND = 0.8;
// Pixels; the second where nothing was measured and there is only a scale to show.
const HEIGHT = 274;
const LOW = 120;

/** The false match rate over the score, with the thresholds; `show(score)` puts a marker on it. */
export function curvePlot() {
  const box = h("div", { class: "plot" });
  let shown = null;
  const redraw = fitted(box, (width) => box.replaceChildren(drawCurve(width, shown)));
  return {
    element: box,
    show(score) {
      shown = score;
      redraw();
    },
  };
}

function drawCurve(width, shown) {
  const known = points();
  const height = known.length ? HEIGHT : LOW;
  const area = { left: known.length ? 88 : 14, right: width - 14, top: 38, bottom: height - 40 };
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
  const decades = known.length
    ? [Math.ceil(Math.log10(known[0].fmr)), Math.floor(Math.log10(known.at(-1).fmr) + 1e-9)]
    : [-1, -5];
  const y = (power) =>
    area.top + ((decades[0] + ABOVE - power) / (decades[0] - decades[1] + ABOVE + BEYOND)) * (area.bottom - area.top);
  if (known.length) {
    svg.append(
      ...[
        s("rect", {
          x: area.left,
          y: y(decades[1]),
          width: area.right - area.left,
          height: area.bottom - y(decades[1]),
          class: "beyond",
        }),
        width > 360 && text(area.left + 8, area.bottom - 8, "rarer than was measured"),
      ].filter(Boolean),
    );
    for (let power = decades[0]; power >= decades[1]; power--)
      svg.append(
        line(area.left, y(power), area.right, y(power), "grid"),
        text(area.left - 8, y(power) + 4, `1 in ${oneIn(10 ** power)}`, { "text-anchor": "end" }),
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
  if (known.length) svg.append(...drawPoints(known, x, y));
  if (shown !== null) svg.append(...drawMarker(shown, known, { x, y, area, decades }));
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

function drawPoints(known, x, y) {
  const path = [];
  for (let n = 1; n < known.length; n++) {
    const [left, right] = [known[n - 1].score, known[n].score];
    for (let step = n === 1 ? 0 : 1; step <= 24; step++) {
      const score = left + ((right - left) * step) / 24;
      path.push(`${x(score).toFixed(1)} ${y(powerAt(score)).toFixed(1)}`);
    }
  }
  return [
    s("path", { d: `M${path.join("L")}`, class: "curve" }),
    ...known.map((point) => s("circle", { cx: x(point.score), cy: y(Math.log10(point.fmr)), r: 3, class: "measured" })),
  ];
}

function drawMarker(shown, known, { x, y, area, decades }) {
  let power = decades[1] - BEYOND / 2;
  if (known.length && shown < known[0].score) power = decades[0] + ABOVE;
  else if (known.length && shown <= known.at(-1).score) power = powerAt(shown);
  const [at, up] = [x(shown), Math.max(area.top, Math.min(area.bottom, y(power)))];
  const right = shown > 0.5;
  return [
    line(at, up, at, area.bottom, "drop"),
    s("circle", { cx: at, cy: up, r: 7, class: "marker" }),
    text(at + (right ? -13 : 13), up + (right && power >= decades[1] ? -8 : 4), "this pair", {
      "text-anchor": right ? "end" : "start",
      class: "strong halo",
    }),
  ];
}

function curveLabel(shown) {
  const known = points();
  const rows = known.map((point) => `score ${point.score}: 1 in ${oneIn(point.fmr)}`).join("; ");
  const mark = shown === null ? "" : ` This pair: ${number(shown)}.`;
  return `How many strangers would reach a score. ${rows || "Not measured for this model"}. ${thresholds()
    .map((one) => one.join(" "))
    .join(", ")}.${mark}`;
}
