// The server's methods. Addresses are relative to the page, so that it works behind a proxy's path, too.

import { bytesOf } from "./dom.js";

/** A request that was not answered as wished. status: 0 where there was no answer; code: of the contract, or one of those
 * below; facts: what else is known of {requestId, retryAfter, why, file}. */
export class ServerError extends Error {
  constructor(status, code, message, facts = {}) {
    super(message);
    Object.assign(this, { status, code, requestId: "", retryAfter: 0, why: "", file: null }, facts);
  }

  /** Whether the fault is not the file's, so that it may be taken another time. */
  get passing() {
    return (this.status === 0 && !this.code) || this.status === 401 || this.status === 429 || this.status >= 500;
  }
}

/** Codes of what went wrong before anything was sent. */
export const UNREADABLE = "unreadable";
export const LEFT_OUT = "left out";

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
// Milliseconds for which the state that the server reported is taken to hold.
const FRESH = 5000;
// What a header may carry.
const SENDABLE = /^[\x20-\x7e\xa0-\xff]*$/;
// Bytes of a form's part beside its content, roughly.
const AROUND = 300;

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

/** What the server reported about itself; filled by `load`. */
export const about = {};

/** Bytes a file may have. */
export const mostBytes = () => Math.min(about.limits.file_bytes, about.limits.request_bytes);

let key = "";
export const setKey = (value) => (key = value.trim());

const events = new EventTarget();
/** Call `listener` whenever a key is missing or wrong. */
export const onKeyRefused = (listener) => events.addEventListener("refused", listener);
/** Call `listener` whenever `about` has changed. */
export const onFacts = (listener) => events.addEventListener("facts", listener);

let loaded = 0;
export async function load() {
  const { document } = await call("console/about", { quiet: true });
  loaded = Date.now();
  const before = JSON.stringify(about);
  Object.assign(about, document);
  if (JSON.stringify(about) !== before) events.dispatchEvent(new Event("facts"));
}

/** The server may have been restarted since, with other settings. */
async function refresh() {
  if (Math.abs(Date.now() - loaded) > FRESH) await load();
}

export async function status(signal) {
  await refresh();
  return (await call("console/status", { signal, quiet: true })).document;
}

/** A sample picture as a file. */
export async function sample(name) {
  const { document } = await call(`console/${name}`, { read: "blob" });
  return new File([document], name, { type: "image/jpeg" });
}

/** Raises ServerError where a file was moved, deleted or changed since it was chosen. */
export async function checkReadable(file) {
  try {
    const reader = file?.stream().getReader();
    await reader?.read();
    await reader?.cancel();
  } catch {
    throw new ServerError(0, UNREADABLE, "not sent", { file });
  }
}

/** A request that gets work done. file: what is sent, if it is one. */
async function work(path, options) {
  await refresh();
  if (options.file?.size > mostBytes()) throw new ServerError(413, "BPE-002007", "not sent", options);
  return call(path, { pauses: PAUSES, ...options });
}

/** {document, requestId}. pauses: how often to wait and come again where the server is busy; onpause gets the
 * seconds. quiet: the page requests no key. Raises ServerError, AbortError. */
async function call(path, { pauses = 0, onpause, quiet = false, ...request } = {}) {
  for (let left = pauses; ; left--) {
    try {
      return await exchange(path, request);
    } catch (error) {
      if (error.status === 401 && !quiet) events.dispatchEvent(new Event("refused"));
      if (error.status !== 503 || left <= 0) throw error;
      onpause?.(error.retryAfter);
      await pause(error.retryAfter, request.signal);
    }
  }
}

async function exchange(path, { body, type, file, signal, read = "json" }) {
  if (!SENDABLE.test(key)) throw new ServerError(401, "BPE-002008", "not sent");
  const headers = {};
  if (type) headers["Content-Type"] = type;
  if (key) headers["X-API-Key"] = key;
  let answer;
  try {
    answer = await fetch(path, { method: body ? "POST" : "GET", body, headers, signal, cache: "no-cache" });
    if (answer.ok) return { document: await answer[read](), requestId: idOf(answer) };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    await checkReadable(file);
    throw new ServerError(0, "", "no answer");
  }
  throw await failure(answer, file);
}

const idOf = (answer) => answer.headers.get("X-Request-ID") ?? "";

async function failure(answer, file) {
  // Something between here and the server may have answered, with a page of its own.
  const document = (await answer.json().catch(() => null)) ?? {};
  const message = document.message ?? `HTTP ${answer.status} ${answer.statusText}`.trim();
  const retryAfter = Number(answer.headers.get("Retry-After")) || 1;
  const code = String(document.code ?? "");
  return new ServerError(answer.status, code, message, { requestId: idOf(answer), retryAfter, file });
}

const pause = (seconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });

/** What a photo shows. `error` is a ServerError, or null. */
export async function face(file, options = {}) {
  const type = isPhoto(file) ? typeOf(file) : "image/jpeg";
  const { document, requestId } = await work("console/face", { body: file, file, type, ...options });
  const { code, message, why } = document.error ?? {};
  return { ...document, error: code ? new ServerError(200, code, message, { why, requestId }) : null };
}

/** The liveness of a photo, a video or an archive. */
export async function liveness(file, options = {}) {
  const body = new FormData();
  // An archive may be labelled as a kind of file that no media item is.
  body.append("medium", new Blob([file], { type: "application/octet-stream" }), file.name);
  const { document, requestId } = await work("console/liveness", { body, file, ...options });
  return { ...document, requestId };
}

const part = (template) => new Blob([bytesOf(template)], { type: "application/octet-stream" });

/** {score, decision} of two templates, in base64. */
export async function compare(left, right, options = {}) {
  const body = new FormData();
  body.append("bio_feature", part(left), "a.fvt");
  body.append("bio_template", part(right), "b.fvt");
  return (await work("v1/face/pattern/compare", { body, ...options })).document;
}

/** {score, decision} of one template against each of many, in their order. */
export async function compareMany(probe, templates, options = {}) {
  const results = [];
  const { parts, request_bytes } = about.limits;
  const room = Math.floor(request_bytes / (part(probe).size + AROUND));
  const most = Math.max(1, Math.min(1000, parts - 1, room - 1));
  for (let start = 0; start < templates.length; start += most) {
    const body = new FormData();
    body.append("template_1", part(probe), "probe.fvt");
    templates.slice(start, start + most).forEach((one, n) => body.append("templates_n", part(one), String(n)));
    const { document } = await work("v1/face/pattern/compare_n", { body, ...options });
    results.push(...document.results);
  }
  return results;
}
