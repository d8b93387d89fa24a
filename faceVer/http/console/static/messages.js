// What codes and statuses mean for the user, and what the user can do.

import { ServerError, UNREADABLE, UNSUPPORTED, about, isPhoto, maxFileBytes } from "./api.js";
import { copy, h, icon } from "./dom.js";

const tryAgain = ({ requestId }) =>
  `Try again. If it happens again, ${requestId ? "send the request id below to" : "inform"} the server's operator`;

/** The last six digits of a code, without the API's prefix -> [what happened, what to do]. The latter may be a function
 * of the error. */
const CODES = {
  "001001": ["The server failed", (error) => `${tryAgain(error)}: the server's log has the details.`],
  "001002": [
    "The models could not be run",
    "The Status page shows which models do not work. Try again when they work.",
  ],
  "001003": ["The server is busy", "It is processing as many requests as it accepts. Try again in a moment."],
  "002001": ["This file type is not accepted", "Use a photo: JPEG, PNG, WebP, HEIC, BMP or TIFF."],
  "002002": ["The server did not understand the page", "Reload the page: it may be older than the server."],
  "002003": [
    "This file could not be read as a photo",
    "It may be damaged, empty, not a photo, or have more pixels than the limit. Open it on your device and save it again as JPEG or PNG.",
  ],
  "002004": [
    "This template could not be read",
    "A template must be complete, and it works only with the model that made it. Make it again from the photo.",
  ],
  "002005": ["This file type is not accepted", "Use a photo, a video or an archive of photos."],
  "002006": ["The server did not understand the page", "Reload the page: it may be older than the server."],
  "002007": [
    "The file is too large",
    (error) => `A file may have at most ${formatBytes(maxFileBytes())}. ${smaller(error)}`,
  ],
  "002008": ["An API key is needed", "Enter the key at the top of the page, then try again."],
  "003001": [
    "The face cannot be used",
    "The face is too small, blurred, dark or cut off for a template. Use a sharper photo that shows all of the face.",
  ],
  "003002": [
    "No face was found",
    "Use a photo that shows one face from the front, well lit, uncovered and not too small.",
  ],
  "003003": [
    "More than one person is in the picture",
    "The server cannot know whose face you mean. Crop the picture, or use one that shows a single person.",
  ],
  "003004": ["The server did not understand the page", "Reload the page: it may be older than the server."],
};
const MEDIA_ITEM = [
  "This file could not be read",
  "It may be damaged, exceed the limits of length or size, or be neither a photo, a video (MP4, MOV, WebM, AVI, MKV) nor an archive of photos (ZIP, TAR).",
];
const UNREACHABLE = [
  "The server cannot be reached",
  "Check the connection, and that the server is running. Nothing was lost: try again.",
];
const NO_RESPONSE = [
  "The server does not respond",
  "A proxy in front of the server reports this. The server may be starting or overloaded: try again in a moment.",
];
const UNKNOWN = ["Something went wrong", (error) => `${tryAgain(error)}.`];

const smaller = ({ file }) =>
  `Make it smaller${file && !isPhoto(file) ? ", or send a shorter recording" : ""}.`;

/** Errors that the page itself finds, in the form of CODES. */
const PAGE_ERRORS = {
  [UNREADABLE]: [
    "This file can no longer be read",
    "It was moved, deleted or changed after you chose it. Choose it again.",
  ],
  [UNSUPPORTED]: ["Neither a photo nor a template (.fvt)", "Choose photos and templates."],
};

/** Statuses without a code, which come from a proxy in front of the server, in the form of CODES. */
const PROXY_ERRORS = {
  401: CODES["002008"],
  413: [
    "The file is too large",
    (error) => `The proxy in front of the server does not accept a file of this size. ${smaller(error)}`,
  ],
  429: CODES["001003"],
  502: NO_RESPONSE,
  503: CODES["001003"],
  504: NO_RESPONSE,
};

/** [what happened, what to do] for an error that has `status` and `code`. */
export function explain(error) {
  const [title, advice] = entryFor(error);
  return [title, typeof advice === "function" ? advice(error) : advice];
}

function entryFor({ status, code = "" }) {
  if (status === 0) return PAGE_ERRORS[code] ?? UNREACHABLE;
  if (code === "LDE-002004") return MEDIA_ITEM;
  return CODES[code.slice(4)] ?? PROXY_ERRORS[status] ?? UNKNOWN;
}

/** A box that explains an error; below in small print its code and request id, with a button that copies them.
 * actions: further elements. */
export function errorBox(error, ...actions) {
  const [title, advice] = explain(error);
  const details = [
    error.reason ? `Reason: ${error.reason}.` : "",
    [error.code, error.message].filter(Boolean).join(" · "),
    error.requestId ? `Request ${error.requestId}` : "",
  ].filter(Boolean);
  const text = `${title}\n${details.join("\n")}`;
  const smallPrint = h(
    "div",
    { class: "fine" },
    details.map((detail) => h("p", {}, detail)),
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
      error.status === 0 ? null : smallPrint,
      actions.length ? h("p", { class: "row" }, actions) : null,
    ),
  );
}

/** Field of a folder document -> [label, meaning of each value]. */
export const STATUSES = {
  state: [
    "Analysis state",
    {
      PROCESSING: "The analysis is still running.",
      FINISHED: "The analysis is complete; its result says whether it was passed.",
      FAILED: "The analysis could not be completed; the error says why.",
    },
  ],
  resolution_status: [
    "Analysis result",
    {
      PROCESSING: "There is no result yet.",
      SUCCESS: "The check was passed: the PAD score is not above the threshold.",
      OPERATOR_REQUIRED: "The check is undecided: a person has to decide.",
      DECLINED: "The check was not passed: the PAD score is above the threshold.",
      FAILED: "There is no result, because the analysis could not be completed.",
    },
  ],
  folder_status: [
    "Folder status",
    {
      INITIAL: "No analysis was requested.",
      PROCESSING: "Analyses are still running.",
      FINISHED: "All analyses of the request are complete.",
      FAILED: "At least one analysis of the request could not be completed.",
    },
  ],
  system_resolution: [
    "Folder result",
    {
      INITIAL: "No analysis was requested.",
      PROCESSING: "There is no result yet.",
      SUCCESS: "All analyses of the request were passed.",
      OPERATOR_REQUIRED: "No analysis was declined, but a person has to decide at least one.",
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
  approved: { icon: "check", tone: "good", short: "Approved", long: "Considered the same person" },
  operator_required: { icon: "person", tone: "warn", short: "Operator", long: "A person has to decide" },
  declined: { icon: "cross", tone: "bad", short: "Declined", long: "Considered different people" },
};

/** Why the server made a decision. */
export function decisionReason(decision) {
  const { approve, operator } = about.thresholds;
  if (decision === "approved") return `The score is at or above the threshold, ${approve}.`;
  if (decision === "operator_required") return `The score is between ${operator} and ${approve}.`;
  return `The score is below the threshold, ${operator}.`;
}

/** A score with six digits, as the server rounds it. */
export const formatScore = (value) => value.toFixed(6);

export function formatBytes(number) {
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

/** Seconds in the two largest units: "3 h 20 min". */
export function formatDuration(seconds) {
  const units = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [size, unit] = units[first];
  const parts = [`${Math.floor(seconds / size)} ${unit}`];
  if (units[first + 1] && first < 2)
    parts.push(`${Math.floor((seconds % size) / units[first + 1][0])} ${units[first + 1][1]}`);
  return parts.join(" ");
}
