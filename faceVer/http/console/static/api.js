// Requests to the server. Addresses are relative to the page, so that it also works below a path of a proxy.

import { bytesOf } from "./dom.js";

/** A failed request. status: 0 if there was no response. code: of docs/contract.md, or UNREADABLE or UNSUPPORTED.
 * details: any of {requestId, retryAfter, reason, file}. */
export class ServerError extends Error {
  constructor(status, code, message, details = {}) {
    super(message);
    Object.assign(this, { status, code, requestId: "", retryAfter: 0, reason: "", file: null }, details);
  }

  /** Whether the file is not the cause, so that it may succeed later. */
  get isTemporary() {
    return (this.status === 0 && !this.code) || this.status === 401 || this.status === 429 || this.status >= 500;
  }
}

/** Codes of errors that the page finds before it sends a file. */
export const UNREADABLE = "unreadable";
export const UNSUPPORTED = "unsupported";

const IMAGE_TYPES = new Set([
  "image/jpeg",
  "image/png",
  "image/webp",
  "image/heic",
  "image/heif",
  "image/avif",
  "image/bmp",
  "image/tiff",
]);
const MAX_RETRIES = 8;
// Milliseconds for which `about` stays valid.
const ABOUT_LIFETIME = 5000;
// Characters that a header can contain.
const HEADER_VALUE = /^[\x20-\x7e\xa0-\xff]*$/;
// Approximate bytes of a form's part without its content.
const PART_OVERHEAD = 300;
const MAX_COMPARISONS = 1000;

const TEMPLATE = /\.fvt$/i;
const PHOTO = /\.(jpe?g|png|webp|hei[cf]|avif|bmp|tiff?|gif)$/i;

export const isTemplate = ({ name }) => TEMPLATE.test(name);
export const isPhoto = ({ name, type }) => PHOTO.test(name) || Boolean(type?.startsWith("image/"));

/** The Content-Type to send a file with. The server recognizes an image by its bytes, so any image type will do. */
export function typeOf({ name, type = "" }) {
  // Some operating systems consider .fvt a video format.
  if (isTemplate({ name })) return "application/octet-stream";
  if (isPhoto({ name, type })) return IMAGE_TYPES.has(type) ? type : "image/jpeg";
  return type || "application/octet-stream";
}

/** The server's version, models, thresholds and limits; `loadAbout` fills it. */
export const about = {};

export const maxFileBytes = () => Math.min(about.limits.file_bytes, about.limits.request_bytes);

let key = "";
export const setKey = (value) => (key = value.trim());

const events = new EventTarget();
/** Call `listener` each time the server rejects a request because its key is missing or wrong. */
export const onKeyRejected = (listener) => events.addEventListener("keyrejected", listener);
/** Call `listener` each time `about` has changed. */
export const onAboutChanged = (listener) => events.addEventListener("aboutchanged", listener);

let loaded = 0;
export async function loadAbout() {
  const { document } = await request("console/about", { quiet: true });
  loaded = Date.now();
  const before = JSON.stringify(about);
  Object.assign(about, document);
  if (JSON.stringify(about) !== before) events.dispatchEvent(new Event("aboutchanged"));
}

/** Load `about` again if it is old: the server may have been restarted with other settings. */
async function refreshAbout() {
  if (Math.abs(Date.now() - loaded) > ABOUT_LIFETIME) await loadAbout();
}

export async function loadStatus(signal) {
  await refreshAbout();
  return (await request("console/status", { signal, quiet: true })).document;
}

/** A sample photo as a file. */
export async function sampleFile(name) {
  const { document } = await request(`console/${name}`, { read: "blob" });
  return new File([document], name, { type: "image/jpeg" });
}

/** Raises ServerError if a file was moved, deleted or changed since the user chose it. */
export async function checkReadable(file) {
  try {
    const reader = file?.stream().getReader();
    await reader?.read();
    await reader?.cancel();
  } catch {
    throw new ServerError(0, UNREADABLE, "not sent", { file });
  }
}

/** A request of the user's. options: see `request`; file: the one that is sent, if any. */
async function post(path, options) {
  await refreshAbout();
  if (options.file?.size > maxFileBytes()) throw new ServerError(413, "BPE-002007", "not sent", options);
  return request(path, { retries: MAX_RETRIES, ...options });
}

/** {document, requestId}. retries: how often to repeat the request if the server is busy; onwait(seconds) is called
 * before each. quiet: do not ask the user for a key. Raises ServerError, AbortError. */
async function request(path, { retries = 0, onwait, quiet = false, ...options } = {}) {
  for (let left = retries; ; left--) {
    try {
      return await send(path, options);
    } catch (error) {
      if (error.status === 401 && !quiet) events.dispatchEvent(new Event("keyrejected"));
      if (error.status !== 503 || left <= 0) throw error;
      onwait?.(error.retryAfter);
      await sleep(error.retryAfter, options.signal);
    }
  }
}

async function send(path, { body, type, file, signal, read = "json" }) {
  if (!HEADER_VALUE.test(key)) throw new ServerError(401, "BPE-002008", "not sent");
  const headers = {};
  if (type) headers["Content-Type"] = type;
  if (key) headers["X-API-Key"] = key;
  let response;
  try {
    response = await fetch(path, { method: body ? "POST" : "GET", body, headers, signal, cache: "no-cache" });
    if (response.ok) return { document: await response[read](), requestId: requestIdOf(response) };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    await checkReadable(file);
    throw new ServerError(0, "", "no response");
  }
  throw await errorOf(response, file);
}

const requestIdOf = (response) => response.headers.get("X-Request-ID") ?? "";

async function errorOf(response, file) {
  // The response may be a page of a proxy.
  const document = (await response.json().catch(() => null)) ?? {};
  const message = document.message ?? `HTTP ${response.status} ${response.statusText}`.trim();
  const retryAfter = Number(response.headers.get("Retry-After")) || 1;
  const code = String(document.code ?? "");
  return new ServerError(response.status, code, message, { requestId: requestIdOf(response), retryAfter, file });
}

const sleep = (seconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });

/** What the server found in a photo. face: the `choice` of one of its faces, "" = the only one. `error` is a
 * ServerError, or null. */
export async function examineFace(file, { face = "", ...options } = {}) {
  const type = isPhoto(file) ? typeOf(file) : "image/jpeg";
  const path = face ? `console/face?face=${encodeURIComponent(face)}` : "console/face";
  const { document, requestId } = await post(path, { body: file, file, type, ...options });
  const { code, message, reason } = document.error ?? {};
  return { ...document, error: code ? new ServerError(200, code, message, { reason, requestId }) : null };
}

/** The liveness of a photo, a video or an archive. */
export async function checkLiveness(file, options = {}) {
  const body = new FormData();
  // The browser may give an archive a Content-Type that the server rejects.
  body.append("media", new Blob([file], { type: "application/octet-stream" }), file.name);
  const { document, requestId } = await post("console/liveness", { body, file, ...options });
  return { ...document, requestId };
}

const templatePart = (template) => new Blob([bytesOf(template)], { type: "application/octet-stream" });

/** {score, decision} of two templates, given in base64. */
export async function compare(left, right, options = {}) {
  const body = new FormData();
  body.append("bio_feature", templatePart(left), "a.fvt");
  body.append("bio_template", templatePart(right), "b.fvt");
  return (await post("v1/face/pattern/compare", { body, ...options })).document;
}

/** {score, decision} of one template with each of many, in their order. */
export async function compareMany(probe, templates, options = {}) {
  const results = [];
  const { parts, request_bytes } = about.limits;
  const fitting = Math.floor(request_bytes / (templatePart(probe).size + PART_OVERHEAD));
  const batch = Math.max(1, Math.min(MAX_COMPARISONS, parts - 1, fitting - 1));
  for (let start = 0; start < templates.length; start += batch) {
    const body = new FormData();
    body.append("template_1", templatePart(probe), "probe.fvt");
    templates
      .slice(start, start + batch)
      .forEach((template, n) => body.append("templates_n", templatePart(template), String(n)));
    const { document } = await post("v1/face/pattern/compare_n", { body, ...options });
    results.push(...document.results);
  }
  return results;
}
