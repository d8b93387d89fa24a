// What plots are made of. They are SVG made by hand, redrawn at the width they get, so that letters keep their size.

import { h, s } from "./dom.js";

/** Call `draw(width)` now and whenever the box gets another width. */
export function fitted(box, draw) {
  let last = 0;
  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width && width !== last) draw((last = width));
  });
  observer.observe(box);
  return () => last && draw(last);
}

export const text = (x, y, words, properties = {}) => s("text", { x, y, ...properties }, words);
export const line = (x1, y1, x2, y2, name) => s("line", { x1, y1, x2, y2, class: name });

/** A score between 0 and 1 with its threshold. */
export function meter(value, threshold, words) {
  const area = h("div", { class: "meter", role: "img", "aria-label": words });
  area.append(
    h("span", { class: "gate", css: { left: `${threshold * 100}%` } }, h("i", {}, String(threshold))),
    h("span", { class: "hand", css: { left: `${value * 100}%` } }),
  );
  return area;
}

/** The last numbers as a line. values: newest last. */
export function sparkline(values, most) {
  const [width, height] = [300, 64];
  const svg = s("svg", {
    class: "spark",
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  const top = Math.max(1, ...values);
  const spots = values.map(
    (value, n) =>
      `${(width - ((values.length - 1 - n) * width) / (most - 1)).toFixed(1)} ${(height - 3 - (value / top) * (height - 8)).toFixed(1)}`,
  );
  if (spots.length > 1) {
    const first = spots[0].split(" ")[0];
    svg.append(
      s("path", { d: `M${spots.join("L")}L${width} ${height}L${first} ${height}Z`, class: "under" }),
      s("path", { d: `M${spots.join("L")}`, class: "over" }),
    );
  }
  return svg;
}
