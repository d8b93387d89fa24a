// The false match rate (FMR) at a score: how many pairs of different people reach it. It comes from measured points
// (docs/accuracy.md). Between two points the logarithm of the FMR is interpolated over the cosine; nothing is
// extrapolated.

import { about } from "./api.js";

const logistic = (x) => 1 / (1 + Math.exp(-x));

/** The cosine of a score: the inverse of the server's calibrated score map. */
function cosineOf(score) {
  const { slope, midpoint } = about.calibration;
  const low = logistic(slope * (-1 - midpoint));
  const high = logistic(slope * (1 - midpoint));
  const share = Math.min(Math.max(low + score * (high - low), 1e-15), 1 - 1e-15);
  return midpoint + Math.log(share / (1 - share)) / slope;
}

/** The measured points, the highest FMR first. */
export const points = () => [...about.calibration.points].sort((a, b) => b.fmr - a.fmr);

/** log10 of the FMR at a score between the first and the last measured point. */
export function logRateAt(score) {
  const measured = points();
  const n = Math.max(
    1,
    measured.findIndex((point) => score <= point.score),
  );
  const [left, right] = [measured[n - 1], measured[n] ?? measured[n - 1]];
  const span = right.cosine - left.cosine;
  const share = span ? Math.min(1, Math.max(0, (cosineOf(score) - left.cosine) / span)) : 0;
  return Math.log10(left.fmr) * (1 - share) + Math.log10(right.fmr) * share;
}

/** {fmr, bound}: bound is "" between the measured points, "<" or ">" beyond them; null if the model was not measured. */
export function matchRate(score) {
  const measured = points();
  if (!measured.length) return null;
  if (score < measured[0].score) return { fmr: measured[0].fmr, bound: ">" };
  if (score > measured.at(-1).score) return { fmr: measured.at(-1).fmr, bound: "<" };
  return { fmr: 10 ** logRateAt(score), bound: "" };
}

/** 1 over a rate, rounded to two digits: "4,300". */
export function oneIn(fmr) {
  const number = 1 / fmr;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(number) + 1e-9) - 1);
  return (Math.round(number / unit) * unit).toLocaleString("en");
}

/** The FMR at a score for tables: "1 in 4,300". */
export function matchRateText(score) {
  const rate = matchRate(score);
  if (!rate) return "not measured";
  const comparison = { "<": "fewer than ", ">": "more than ", "": "" }[rate.bound];
  return `${comparison}1 in ${oneIn(rate.fmr)}`;
}

/** The FMR at a score as a sentence. */
export function matchRateSentence(score) {
  const rate = matchRate(score);
  if (!rate) return "How many strangers would reach this score was not measured for this model.";
  if (rate.bound === "<")
    return `Fewer than 1 stranger in ${oneIn(rate.fmr)} would reach this score: it is beyond the measured range.`;
  if (rate.bound === ">") return `More than 1 stranger in ${oneIn(rate.fmr)} would reach this score.`;
  return `About 1 stranger in ${oneIn(rate.fmr)} would reach this score.`;
}
