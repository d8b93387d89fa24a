// The plot of the Liveness view: the PAD score of every frame.

import { h, s } from "./dom.js";
import { fitted, line, text } from "./plots.js";
import { score as number } from "./words.js";

const HEIGHT = 220;
// Pixels between the plot's ends and its frame.
const INSET = 12;
// Of the legend, in pixels: a row's height, a line's length, a letter's width.
const ROW = 16;
const DASH = 22;
const LETTER = 7.2;

/** One frame in words. clock: whether the media item has a time. */
export function told(frame, index, clock) {
  const where = clock ? `At ${frame.time.toFixed(2)} s` : frame.name || `Frame ${index + 1}`;
  if (frame.attack === null) return `${where}: no face was found, the frame does not count.`;
  const aside = frame.weight < 0.6 ? " (the head is turned aside)" : "";
  const second = frame.alone ? "" : ", a second face";
  return `${where}: PAD score ${frame.attack.toFixed(3)}, weight ${frame.weight.toFixed(2)}${aside}${second}.`;
}

/** result: {frames, threshold, score, clock, end}; clock: whether frames have a time, which then ends at `end` seconds.
 * onpick(index): a point was chosen. */
export function timePlot(onpick) {
  const box = h("div", { class: "plot" });
  let shown = null;
  let picked = -1;
  let second = null;
  const redraw = fitted(box, (width) => shown && box.replaceChildren(draw(width, shown, picked, second, onpick)));
  return {
    element: box,
    show(result) {
      [shown, picked, second] = [result, -1, null];
      redraw();
    },
    pick(index) {
      picked = index;
      redraw();
    },
    /** The place in a video that is playing, in seconds. */
    cursor(time) {
      second = time;
      const mark = box.querySelector(".cursor");
      mark?.removeAttribute("hidden");
      if (mark) place(mark, time);
    },
  };
}

function place(mark, time) {
  const { left, right, end } = mark.dataset;
  const x = Number(left) + (Number(right) - Number(left)) * Math.min(1, Math.max(0, time / Number(end)));
  mark.setAttribute("transform", `translate(${x.toFixed(1)} 0)`);
}

function draw(width, result, picked, second, onpick) {
  const { frames, clock, end } = result;
  const [left, right] = [40, width - 12];
  const { parts, rows } = legend(result, left, right);
  const area = { left, right, top: 10 + ROW * rows, bottom: HEIGHT - 38 };
  const last = clock ? end : Math.max(1, frames.length - 1);
  const inner = { left: area.left + INSET, right: area.right - INSET };
  const x = (value) => inner.left + (value / last) * (inner.right - inner.left);
  const y = (value) => area.bottom - value * (area.bottom - area.top);
  const at = (frame, index) => x(clock ? frame.time : index);
  const spots = frames.map((frame, index) => ({
    frame,
    index,
    x: at(frame, index),
    y: frame.attack === null ? area.bottom : y(frame.attack),
  }));
  const scored = spots.filter(({ frame }) => frame.attack !== null);
  return s(
    "svg",
    {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: "img",
      "aria-label": summary(result, scored.length),
    },
    ...axes(area, x, y, last, clock, width),
    ...levels(result, area, y),
    ...parts,
    scored.length > 1
      ? s("path", {
          d: `M${scored.map((one) => `${one.x.toFixed(1)} ${one.y.toFixed(1)}`).join("L")}`,
          class: "curve thin",
        })
      : null,
    clock ? cursor(area, inner, last, second) : null,
    spots.map((one) => spot(one, result, one.index === picked, onpick)),
  );
}

function summary({ frames, clock, score, threshold }, seen) {
  const together = score === null ? "no score" : number(score);
  return `PAD score over ${clock ? "time" : "the frames"}: ${seen} of ${frames.length} frames have a score; together ${together}, threshold ${threshold}.`;
}

function axes(area, x, y, last, clock, width) {
  const middle = (area.left + area.right) / 2;
  return [
    ...[0, 0.5, 1].flatMap((value) => [
      line(area.left, y(value), area.right, y(value), "grid"),
      text(area.left - 8, y(value) + 4, String(value), { "text-anchor": "end" }),
    ]),
    ...ticks(last, clock, width).flatMap((value) => [
      line(x(value), area.bottom, x(value), area.bottom + 4, "tick"),
      text(x(value), area.bottom + 17, String(clock ? value : value + 1), { "text-anchor": "middle" }),
    ]),
    text(middle, HEIGHT - 4, clock ? "seconds" : "frame", { "text-anchor": "middle" }),
  ];
}

/** What the lines of `levels` are: in one row above the plot, or in two where it is narrow. */
function legend({ threshold, score }, left, right) {
  const first = `threshold ${threshold}`;
  const parts = [line(left, 10, left + DASH, 10, "threshold"), text(left + DASH + 6, 14, first, { class: "strong" })];
  if (score === null) return { parts, rows: 1 };
  const words = `together ${number(score)}`;
  const start = right - words.length * LETTER - DASH - 6;
  const rows = start < left + DASH + 12 + first.length * LETTER ? 2 : 1;
  const up = ROW * (rows - 1);
  const place = rows === 2 ? left : start;
  parts.push(
    line(place, 10 + up, place + DASH, 10 + up, "together"),
    text(place + DASH + 6, 14 + up, words, { class: "strong" }),
  );
  return { parts, rows };
}

/** The threshold and the score. */
function levels({ threshold, score }, area, y) {
  const zone = { x: area.left, y: area.top, width: area.right - area.left, height: y(threshold) - area.top };
  const across = (value, name) => line(area.left, y(value), area.right, y(value), name);
  const parts = [
    s("rect", { ...zone, class: "zone" }),
    text(area.left + 6, y(threshold) - 6, "attack", { class: "aside" }),
    across(threshold, "threshold"),
  ];
  if (score !== null) parts.push(across(score, "together"));
  return parts;
}

function cursor(area, inner, last, second) {
  const facts = { "data-left": inner.left, "data-right": inner.right, "data-end": last };
  const mark = s("g", { class: "cursor", hidden: second === null, ...facts }, line(0, area.top, 0, area.bottom, "now"));
  place(mark, second ?? 0);
  return mark;
}

function spot({ frame, index, x, y }, { threshold, clock }, picked, onpick) {
  const shape =
    frame.attack === null
      ? s("path", { d: `M${x - 4} ${y - 4}l8 8m0-8l-8 8`, class: "missing" })
      : s("circle", {
          cx: x,
          cy: y,
          r: 3 + 4 * frame.weight,
          class: frame.attack > threshold ? "point above" : "point",
        });
  return s(
    "g",
    { class: `spot${picked ? " picked" : ""}`, onclick: () => onpick(index) },
    s("title", {}, told(frame, index, clock)),
    shape,
    s("circle", { cx: x, cy: y, r: 13, class: "target" }),
  );
}

function ticks(last, clock, width) {
  const most = Math.max(2, Math.floor(width / 70));
  const steps = clock ? [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60] : [1, 2, 5, 10, 20, 50, 100, 200];
  const step = steps.find((one) => last / one <= most) ?? last;
  return Array.from({ length: Math.floor(last / step + 1e-9) + 1 }, (_, n) => Number((n * step).toFixed(2)));
}
