// The plot of the Liveness view: the PAD score of every frame.

import { h, s } from "./dom.js";
import { formatScore } from "./messages.js";
import { line, redrawOnResize, text } from "./svg.js";

const HEIGHT = 220;
// Pixels between the edges of the plot and its first and last frame.
const INSET = 12;
// Sizes in the legend, in pixels: height of a row, length of a line, width of a letter.
const ROW = 16;
const DASH = 22;
const LETTER = 7.2;

/** A sentence about one frame. timed: whether the frames have a time, as those of a video. */
export function describeFrame(frame, index, timed) {
  const where = timed ? `At ${frame.time.toFixed(2)} s` : frame.name || `Frame ${index + 1}`;
  if (frame.pad_score === null) return `${where}: no face was found, the frame does not count.`;
  const turned = frame.weight < 0.6 ? " (the head is turned to the side)" : "";
  const second = frame.single_person ? "" : ", a second face";
  return `${where}: PAD score ${frame.pad_score.toFixed(3)}, weight ${frame.weight.toFixed(2)}${turned}${second}.`;
}

/** {element, show, pick, cursor}. show({frames, threshold, pad_score, timed, end}): draw; timed: whether frames have a
 * time, of at most `end` seconds. pick(index): mark a frame. cursor(time): mark a time, in seconds.
 * onpick(index): called when the user clicks on a frame. */
export function padPlot(onpick) {
  const box = h("div", { class: "plot" });
  let shown = null;
  let picked = -1;
  let cursorTime = null;
  const redraw = redrawOnResize(
    box,
    (width) => shown && box.replaceChildren(draw(width, shown, picked, cursorTime, onpick)),
  );
  return {
    element: box,
    show(result) {
      [shown, picked, cursorTime] = [result, -1, null];
      redraw();
    },
    pick(index) {
      picked = index;
      redraw();
    },
    cursor(time) {
      cursorTime = time;
      const cursor = box.querySelector(".cursor");
      cursor?.removeAttribute("hidden");
      if (cursor) moveCursor(cursor, time);
    },
  };
}

function moveCursor(cursor, time) {
  const { left, right, end } = cursor.dataset;
  const x = Number(left) + (Number(right) - Number(left)) * Math.min(1, Math.max(0, time / Number(end)));
  cursor.setAttribute("transform", `translate(${x.toFixed(1)} 0)`);
}

function draw(width, result, picked, cursorTime, onpick) {
  const { frames, timed, end } = result;
  const [left, right] = [40, width - 12];
  const { parts, rows } = legend(result, left, right);
  const area = { left, right, top: 10 + ROW * rows, bottom: HEIGHT - 38 };
  const last = timed ? end : Math.max(1, frames.length - 1);
  const inner = { left: area.left + INSET, right: area.right - INSET };
  const x = (value) => inner.left + (value / last) * (inner.right - inner.left);
  const y = (value) => area.bottom - value * (area.bottom - area.top);
  const spots = frames.map((frame, index) => ({
    frame,
    index,
    x: x(timed ? frame.time : index),
    y: frame.pad_score === null ? area.bottom : y(frame.pad_score),
  }));
  const scored = spots.filter(({ frame }) => frame.pad_score !== null);
  return s(
    "svg",
    {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: "img",
      "aria-label": summary(result, scored.length),
    },
    ...axes(area, x, y, last, timed, width),
    ...levels(result, area, y),
    ...parts,
    scored.length > 1
      ? s("path", {
          d: `M${scored.map((spot) => `${spot.x.toFixed(1)} ${spot.y.toFixed(1)}`).join("L")}`,
          class: "curve thin",
        })
      : null,
    timed ? cursorLine(area, inner, last, cursorTime) : null,
    spots.map((spot) => frameMark(spot, result, spot.index === picked, onpick)),
  );
}

function summary({ frames, timed, pad_score, threshold }, scored) {
  const total = pad_score === null ? "none" : formatScore(pad_score);
  return `PAD scores over ${timed ? "time" : "the frames"}: ${scored} of ${frames.length} frames have a score; total score ${total}, threshold ${threshold}.`;
}

function axes(area, x, y, last, timed, width) {
  const middle = (area.left + area.right) / 2;
  return [
    ...[0, 0.5, 1].flatMap((value) => [
      line(area.left, y(value), area.right, y(value), "grid"),
      text(area.left - 8, y(value) + 4, String(value), { "text-anchor": "end" }),
    ]),
    ...ticks(last, timed, width).flatMap((value) => [
      line(x(value), area.bottom, x(value), area.bottom + 4, "tick"),
      text(x(value), area.bottom + 17, String(timed ? value : value + 1), { "text-anchor": "middle" }),
    ]),
    text(middle, HEIGHT - 4, timed ? "seconds" : "frame", { "text-anchor": "middle" }),
  ];
}

/** The legend of the lines of `levels`: one row above the plot, or two rows if the plot is narrow. */
function legend({ threshold, pad_score }, left, right) {
  const first = `threshold ${threshold}`;
  const parts = [line(left, 10, left + DASH, 10, "threshold"), text(left + DASH + 6, 14, first, { class: "strong" })];
  if (pad_score === null) return { parts, rows: 1 };
  const second = `score ${formatScore(pad_score)}`;
  const start = right - second.length * LETTER - DASH - 6;
  const rows = start < left + DASH + 12 + first.length * LETTER ? 2 : 1;
  const x = rows === 2 ? left : start;
  const y = 10 + ROW * (rows - 1);
  parts.push(line(x, y, x + DASH, y, "total"), text(x + DASH + 6, y + 4, second, { class: "strong" }));
  return { parts, rows };
}

/** Lines at the threshold and at the total score. */
function levels({ threshold, pad_score }, area, y) {
  const zone = { x: area.left, y: area.top, width: area.right - area.left, height: y(threshold) - area.top };
  const across = (value, name) => line(area.left, y(value), area.right, y(value), name);
  const parts = [
    s("rect", { ...zone, class: "zone" }),
    text(area.left + 6, y(threshold) - 6, "attack", { class: "attack" }),
    across(threshold, "threshold"),
  ];
  if (pad_score !== null) parts.push(across(pad_score, "total"));
  return parts;
}

function cursorLine(area, inner, last, time) {
  const scale = { "data-left": inner.left, "data-right": inner.right, "data-end": last };
  const cursor = s("g", { class: "cursor", hidden: time === null, ...scale }, line(0, area.top, 0, area.bottom, "now"));
  moveCursor(cursor, time ?? 0);
  return cursor;
}

function frameMark({ frame, index, x, y }, { threshold, timed }, picked, onpick) {
  const shape =
    frame.pad_score === null
      ? s("path", { d: `M${x - 4} ${y - 4}l8 8m0-8l-8 8`, class: "missing" })
      : s("circle", {
          cx: x,
          cy: y,
          r: 3 + 4 * frame.weight,
          class: frame.pad_score > threshold ? "point above" : "point",
        });
  return s(
    "g",
    { class: `spot${picked ? " picked" : ""}`, onclick: () => onpick(index) },
    s("title", {}, describeFrame(frame, index, timed)),
    shape,
    s("circle", { cx: x, cy: y, r: 13, class: "target" }),
  );
}

function ticks(last, timed, width) {
  const limit = Math.max(2, Math.floor(width / 70));
  const steps = timed ? [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60] : [1, 2, 5, 10, 20, 50, 100, 200];
  const step = steps.find((size) => last / size <= limit) ?? last;
  return Array.from({ length: Math.floor(last / step + 1e-9) + 1 }, (_, n) => Number((n * step).toFixed(2)));
}
