// What codes and statuses mean, and what to do about them, in plain words.

import { LEFT_OUT, ServerError, UNREADABLE, about, isPhoto, mostBytes } from "./api.js";
import { copy, h, icon } from "./dom.js";

const tell = ({ requestId }) =>
  `Try again. If it happens again, ${requestId ? "give the request id below to" : "tell"} the operator of the server`;

/** The last six digits of a code, without the processor's prefix -> [what happened, what to do]; the latter may be a
 * function of the error. */
const CODES = {
  "001001": ["The server made a mistake", (error) => `${tell(error)}: its log tells more.`],
  "001002": [
    "The models did not run",
    "See the Status page: it tells which processor is out of order. Trying again may help once it is back.",
  ],
  "001003": ["The server is busy", "It is working on as many requests as it takes. Try again in a moment."],
  "002001": ["This kind of file is not accepted", "Use a photo: JPEG, PNG, WebP, HEIC, BMP or TIFF."],
  "002002": ["The server did not understand the page", "Reload the page: it may be older than the server."],
  "002003": [
    "This file could not be read as a photo",
    "It may be damaged, empty, larger than the limit in pixels, or something else than a photo. Open it on your device and save it again as JPEG or PNG.",
  ],
  "002004": [
    "This template could not be read",
    "A template works only with the model that made it, and only if it is whole. Make it again from the photo.",
  ],
  "002005": ["This kind of file is not accepted", "Use a photo, a video or an archive of photos."],
  "002006": ["The server did not understand the page", "Reload the page: it may be older than the server."],
  "002007": [
    "The file is too large",
    (error) => `A file may have ${bytes(mostBytes())} at most. ${smaller(error)}`,
  ],
  "002008": ["An API key is needed", "Enter the key at the top of the page, then try again."],
  "003001": [
    "The face cannot be used",
    "A face is there, but too small, blurred, dark or cut off to make a template of. Use a sharper photo with the whole face in it.",
  ],
  "003002": [
    "No face was found",
    "Use a photo in which one face is seen from the front, well lit, uncovered and not too small.",
  ],
  "003003": [
    "More than one person is in the picture",
    "It would be a guess whose face is meant. Crop it, or use a picture that shows a single person.",
  ],
  "003004": ["The server did not understand the page", "Reload the page: it may be older than the server."],
};
const MEDIUM = [
  "This file could not be read",
  "It may be damaged, longer or larger than the limits, or neither a photo, a video (MP4, MOV, WebM, AVI, MKV) nor an archive of photos (ZIP, TAR).",
];
const NO_ANSWER = [
  "The server cannot be reached",
  "Check the connection, and that the server is running. Nothing was lost: try again.",
];
const SILENT = [
  "The server does not answer",
  "The proxy in front of it says so. It may be starting, or be at work for too long: try again in a moment.",
];
const UNKNOWN = ["Something went wrong", (error) => `${tell(error)}.`];

const smaller = ({ file }) =>
  `Make it smaller${file && !isPhoto(file) ? ", or send a shorter recording" : ""}.`;

/** What the page itself finds -> the same. */
const OWN = {
  [UNREADABLE]: [
    "This file can no longer be read",
    "It was moved, deleted or changed after it was chosen. Choose it again.",
  ],
  [LEFT_OUT]: ["Neither photo nor template (.fvt)", "Choose photos and templates."],
};

/** Statuses without a code: not the server answered, but a proxy in front of it -> the same. */
const BARE = {
  401: CODES["002008"],
  413: [
    "The file is too large",
    (error) => `The proxy in front of the server takes no file as large as this. ${smaller(error)}`,
  ],
  429: CODES["001003"],
  502: SILENT,
  503: CODES["001003"],
  504: SILENT,
};

/** [what happened, what to do] for an error that has `status` and `code`. */
export function explain(error) {
  const [title, advice] = wordsFor(error);
  return [title, typeof advice === "function" ? advice(error) : advice];
}

function wordsFor({ status, code = "" }) {
  if (status === 0) return OWN[code] ?? NO_ANSWER;
  if (code === "LDE-002004") return MEDIUM;
  return CODES[code.slice(4)] ?? BARE[status] ?? UNKNOWN;
}

/** An error as a box: words first, then code and request id in small print, to copy. actions: further elements. */
export function trouble(error, ...actions) {
  const [title, advice] = explain(error);
  const facts = [
    error.why ? `Reason: ${error.why}.` : "",
    [error.code, error.message].filter(Boolean).join(" · "),
    error.requestId ? `Request ${error.requestId}` : "",
  ].filter(Boolean);
  const text = `${title}\n${facts.join("\n")}`;
  const small = h(
    "div",
    { class: "fine" },
    facts.map((fact) => h("p", {}, fact)),
    h(
      "button",
      { type: "button", class: "link", onclick: (event) => copy(text, event.currentTarget) },
      h("span", {}, "Copy details"),
    ),
  );
  return h(
    "div",
    { class: "notice bad", role: "alert" },
    icon("alert"),
    h(
      "div",
      {},
      h("h3", {}, title),
      h("p", {}, advice),
      error.status === 0 ? null : small,
      actions.length ? h("p", { class: "row" }, actions) : null,
    ),
  );
}

/** Field of a folder document -> [label, what its values mean]. */
export const STATUSES = {
  state: [
    "Analysis state",
    {
      PROCESSING: "The analysis is still running.",
      FINISHED: "The analysis ran to its end; whether it was passed stands in its result.",
      FAILED: "The analysis could not be completed; the error says why.",
    },
  ],
  resolution_status: [
    "Analysis result",
    {
      PROCESSING: "There is no result yet.",
      SUCCESS: "The check was passed: the PAD score is not above the threshold.",
      OPERATOR_REQUIRED: "The check left it open: a person has to look.",
      DECLINED: "The check was not passed: the PAD score is above the threshold.",
      FAILED: "There is no result, because the analysis could not be completed.",
    },
  ],
  folder_status: [
    "Folder status",
    {
      INITIAL: "No analysis was requested.",
      PROCESSING: "Analyses are still running.",
      FINISHED: "All analyses of the request ran to their end.",
      FAILED: "At least one analysis of the request could not be completed.",
    },
  ],
  system_resolution: [
    "Folder result",
    {
      INITIAL: "No analysis was requested.",
      PROCESSING: "There is no result yet.",
      SUCCESS: "All analyses of the request were passed.",
      OPERATOR_REQUIRED: "No analysis was declined, but a person has to look at one or more.",
      DECLINED: "At least one analysis of the request was declined.",
      FAILED: "There is no result, because an analysis could not be completed.",
    },
  ],
};

/** A failed analysis as an error. */
export function analysisError(analysis, requestId) {
  const message = analysis.error_message ?? "";
  const code = message.startsWith("Could not locate face")
    ? "LDE-003002"
    : message.startsWith("More than one")
      ? "LDE-003003"
      : "";
  return new ServerError(200, code, `${analysis.error_code} · ${message}`, { requestId });
}

export const DECISIONS = {
  approved: { icon: "check", tone: "good", short: "Approved", long: "Taken to be the same person" },
  operator_required: { icon: "person", tone: "warn", short: "Operator", long: "A person has to decide" },
  declined: { icon: "cross", tone: "bad", short: "Declined", long: "Taken to be different people" },
};

/** Why a decision is what it is. */
export function decisionWords(decision) {
  const { approve, operator } = about.thresholds;
  if (decision === "approved") return `The score is at or above the threshold, ${approve}.`;
  if (decision === "operator_required") return `The score lies between ${operator} and ${approve}.`;
  return `The score is below the threshold, ${operator}.`;
}

/** A score, with the six digits that the server gives. */
export const score = (value) => value.toFixed(6);

export function bytes(number) {
  if (number < 1024) return `${number} B`;
  const units = ["kB", "MB", "GB"];
  let unit = -1;
  let value = number;
  do {
    value /= 1024;
    unit++;
  } while (value >= 1000 && unit < units.length - 1);
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function duration(seconds) {
  const parts = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [size, unit] = parts[first];
  const words = [`${Math.floor(seconds / size)} ${unit}`];
  if (parts[first + 1] && first < 2)
    words.push(`${Math.floor((seconds % size) / parts[first + 1][0])} ${parts[first + 1][1]}`);
  return words.join(" ");
}
