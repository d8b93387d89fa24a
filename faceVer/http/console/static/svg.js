// Parts of plots, which are SVG. A plot is redrawn at each change of its width, so that its text keeps its size.

import { h, s } from "./dom.js";

/** Call `draw(width)` now and each time the width of the box changes. Returns a function that draws again. */
export function redrawOnResize(box, draw) {
  let last = 0;
  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width && width !== last) draw((last = width));
  });
  observer.observe(box);
  return () => last && draw(last);
}

export const text = (x, y, content, properties = {}) => s("text", { x, y, ...properties }, content);
export const line = (x1, y1, x2, y2, name) => s("line", { x1, y1, x2, y2, class: name });

/** A scale from 0 to 1 with a score and its threshold. label: for assistive technology. */
export const meter = (score, threshold, label) =>
  h(
    "div",
    { class: "meter", role: "img", "aria-label": label },
    h("span", { class: "threshold", css: { left: `${threshold * 100}%` } }, h("i", {}, String(threshold))),
    h("span", { class: "value", css: { left: `${score * 100}%` } }),
  );

/** A line through numbers, the newest last. capacity: numbers that fill the width. */
export function sparkline(values, capacity) {
  const [width, height] = [300, 64];
  const svg = s("svg", {
    class: "spark",
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  const top = Math.max(1, ...values);
  const points = values.map((value, n) => {
    const x = width - ((values.length - 1 - n) * width) / (capacity - 1);
    const y = height - 3 - (value / top) * (height - 8);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  if (points.length > 1) {
    const first = points[0].split(" ")[0];
    svg.append(
      s("path", { d: `M${points.join("L")}L${width} ${height}L${first} ${height}Z`, class: "under" }),
      s("path", { d: `M${points.join("L")}`, class: "over" }),
    );
  }
  return svg;
}
