// How rare a comparison score is among different people, from the points that were measured (docs/accuracy.md).
// Between two points the logarithm of the false match rate is interpolated over the cosine; nothing is extrapolated.

import { about } from "./api.js";

const logistic = (x) => 1 / (1 + Math.exp(-x));

/** The cosine of a score: the score map of the server, inverted. */
function cosineOf(score) {
  const { slope, midpoint } = about.calibration;
  const low = logistic(slope * (-1 - midpoint));
  const high = logistic(slope * (1 - midpoint));
  const share = Math.min(Math.max(low + score * (high - low), 1e-15), 1 - 1e-15);
  return midpoint + Math.log(share / (1 - share)) / slope;
}

/** The measured points, least strict first. */
export const points = () => [...about.calibration.points].sort((a, b) => b.fmr - a.fmr);

/** log10 of the false match rate at a score from the first to the last of the measured points. */
export function powerAt(score) {
  const known = points();
  const n = Math.max(
    1,
    known.findIndex((point) => score <= point.score),
  );
  const [left, right] = [known[n - 1], known[n] ?? known[n - 1]];
  const span = right.cosine - left.cosine;
  const share = span ? Math.min(1, Math.max(0, (cosineOf(score) - left.cosine) / span)) : 0;
  return Math.log10(left.fmr) * (1 - share) + Math.log10(right.fmr) * share;
}

/** {fmr, bound}: bound is "" where it was measured, "<" or ">" beyond the points; null where nothing was measured. */
export function rarity(score) {
  const known = points();
  if (!known.length) return null;
  if (score < known[0].score) return { fmr: known[0].fmr, bound: ">" };
  if (score > known.at(-1).score) return { fmr: known.at(-1).fmr, bound: "<" };
  return { fmr: 10 ** powerAt(score), bound: "" };
}

/** 1 over a rate, with two digits, as people say it: 4,300. */
export function oneIn(fmr) {
  const number = 1 / fmr;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(number) + 1e-9) - 1);
  return (Math.round(number / unit) * unit).toLocaleString("en");
}

/** "1 in 4,300" for tables. */
export function rarityShort(score) {
  const found = rarity(score);
  if (!found) return "not measured";
  const sign = { "<": "fewer than ", ">": "more than ", "": "" }[found.bound];
  return `${sign}1 in ${oneIn(found.fmr)}`;
}

/** A sentence. */
export function rarityWords(score) {
  const found = rarity(score);
  if (!found) return "How many strangers would score this high was not measured for this model.";
  if (found.bound === "<")
    return `Fewer than 1 stranger in ${oneIn(found.fmr)} would reach this score: it lies beyond what was measured.`;
  if (found.bound === ">") return `More than 1 stranger in ${oneIn(found.fmr)} would reach this score.`;
  return `About 1 stranger in ${oneIn(found.fmr)} would reach this score.`;
}
