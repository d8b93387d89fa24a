// The server's methods. Addresses are relative to the page, so that it works behind a proxy's path, too.

import { bytesOf } from "./dom.js";

/** An answer that is an error. status: 0 where there was no answer. */
export class ServerError extends Error {
  constructor(status, code, message, requestId = "", retryAfter = 0) {
    super(message);
    Object.assign(this, { status, code, requestId, retryAfter });
  }
}

const IMAGE_TYPES = new Set([
  "image/jpeg",
  "image/png",
  "image/webp",
  "image/heic",
  "image/heif",
  "image/bmp",
  "image/tiff",
]);
const PAUSES = 8;

const TEMPLATE = /\.fvt$/i;
const PHOTO = /\.(jpe?g|png|webp|hei[cf]|avif|bmp|tiff?|gif)$/i;

/** What a file is, by its {name, type}. */
export const isTemplate = ({ name }) => TEMPLATE.test(name);
export const isPhoto = ({ name, type }) => PHOTO.test(name) || Boolean(type?.startsWith("image/"));

/** The label of a file that is sent as it is. The server tells a picture from its bytes: any it accepts will do. */
export function typeOf({ name, type = "" }) {
  // Some systems know .fvt as a kind of video.
  if (isTemplate({ name })) return "application/octet-stream";
  if (isPhoto({ name, type })) return IMAGE_TYPES.has(type) ? type : "image/jpeg";
  return type || "application/octet-stream";
}

/** What the server told about itself; filled by `load`. */
export const about = {};

let key = "";
export const setKey = (value) => (key = value.trim());

const refused = new EventTarget();
/** Call `listener` whenever a key is missing or wrong. */
export const onKeyRefused = (listener) => refused.addEventListener("refused", listener);

export async function load() {
  Object.assign(about, await (await call("console/about")).json());
}

export const status = async (signal) => (await call("console/status", { signal, quiet: true })).json();

/** One request. pauses: how often to wait and come again where the server is busy; onpause is told the seconds. quiet:
 * nobody is asked for a key. */
async function call(path, { body, type, signal, pauses = 0, onpause, quiet = false } = {}) {
  const headers = {};
  if (type) headers["Content-Type"] = type;
  if (key) headers["X-API-Key"] = key;
  for (let left = pauses; ; left--) {
    let answer;
    try {
      answer = await fetch(path, { method: body ? "POST" : "GET", body, headers, signal, cache: "no-cache" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ServerError(0, "", "no answer");
    }
    if (answer.ok) return answer;
    const error = await failure(answer);
    if (error.status === 401 && !quiet) refused.dispatchEvent(new Event("refused"));
    if (error.status !== 503 || left <= 0) throw error;
    onpause?.(error.retryAfter);
    await pause(error.retryAfter, signal);
  }
}

async function failure(answer) {
  let document = {};
  try {
    document = await answer.json();
  } catch {
    // Something between here and the server answered.
  }
  return new ServerError(
    answer.status,
    document.code ?? "",
    document.message ?? answer.statusText,
    answer.headers.get("X-Request-ID") ?? "",
    Number(answer.headers.get("Retry-After")) || 1,
  );
}

const pause = (seconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });

const checkSize = (file) => {
  if (file.size > about.limits.file_bytes) throw new ServerError(413, "BPE-002007", "not sent");
};

/** What a photo shows. */
export async function face(file, options = {}) {
  checkSize(file);
  const type = isPhoto(file) ? typeOf(file) : "image/jpeg";
  return (await call("console/face", { body: file, type, pauses: PAUSES, ...options })).json();
}

/** The liveness of a photo, a video or an archive. */
export async function liveness(file, options = {}) {
  checkSize(file);
  const body = new FormData();
  // An archive may be labelled as a kind of file that no medium is.
  body.append("medium", new Blob([file], { type: "application/octet-stream" }), file.name);
  return (await call("console/liveness", { body, pauses: PAUSES, ...options })).json();
}

const part = (template) => new Blob([bytesOf(template)], { type: "application/octet-stream" });

/** {score, decision} of two templates, in base64. */
export async function compare(left, right, options = {}) {
  const body = new FormData();
  body.append("bio_feature", part(left), "a.fvt");
  body.append("bio_template", part(right), "b.fvt");
  return (await call("v1/face/pattern/compare", { body, pauses: PAUSES, ...options })).json();
}

/** {score, decision} of one template against each of many, in their order. */
export async function compareMany(probe, templates, options = {}) {
  const results = [];
  const most = Math.min(1000, about.limits.parts - 1);
  for (let start = 0; start < templates.length; start += most) {
    const body = new FormData();
    body.append("template_1", part(probe), "probe.fvt");
    templates.slice(start, start + most).forEach((one, n) => body.append("templates_n", part(one), String(n)));
    const answer = await call("v1/face/pattern/compare_n", { body, pauses: PAUSES, ...options });
    results.push(...(await answer.json()).results);
  }
  return results;
}
