// FaceVer over HTTP, with Node 18 or later and no packages.
//
// Environment: URL, API_KEY (where the server asks for one), PHOTO, SELFIE and OTHER (JPEG), VIDEO. Templates and the
// best shot are written to the current folder. Exit status 0, or 1 with the error on standard error.
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const { URL: base = "http://127.0.0.1:8080", API_KEY: key } = process.env;
const PATTERN = "/v1/face/pattern/";
const LIVENESS = "/v1/face/liveness/";
const JPEG = "image/jpeg";
const TEMPLATE = "application/octet-stream";
const ATTEMPTS = 4;

// An answer that is not 200. Decide by code, the message may change; requestId finds the server's log line.
class FaceVerError extends Error {
  constructor(response, body) {
    const code = body.code ?? `HTTP ${response.status}`;
    const message = body.message ?? response.statusText;
    const requestId = response.headers.get("X-Request-ID") ?? "-";
    super(`${code}: ${message} (HTTP ${response.status}, request ${requestId})`);
    Object.assign(this, { code, status: response.status, requestId });
  }
}

// GET, or POST where there is a body. A 503 with Retry-After is repeated after that time: nothing was done.
async function call(path, body, headers = {}) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(base + path, {
      method: body === undefined ? "GET" : "POST",
      body,
      headers: key ? { ...headers, "X-API-Key": key } : headers,
      signal: AbortSignal.timeout(60_000),
    });
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({})); // not JSON: a proxy's
    const seconds = response.headers.get("Retry-After");
    if (response.status !== 503 || seconds === null || attempt === ATTEMPTS) throw new FaceVerError(response, answer);
    await sleep(1000 * Number(seconds));
  }
}

// parts: [field, bytes, type, file name]
function form(...parts) {
  const data = new FormData();
  for (const [field, bytes, type, name] of parts) data.append(field, new Blob([bytes], { type }), name);
  return data;
}

// The parts of a multipart/form-data answer, by name. response.formData() would read the template as text.
async function formParts(response) {
  const boundary = response.headers.get("Content-Type").match(/boundary="?([^";]+)/)[1];
  const delimiter = `\r\n--${boundary}`;
  const body = Buffer.concat([Buffer.from("\r\n"), Buffer.from(await response.arrayBuffer())]);
  const parts = {};
  for (let at = 0, end; (end = body.indexOf(delimiter, at + 1)) > 0; at = end) {
    const data = body.indexOf("\r\n\r\n", at) + 4;
    const [, name] = body.toString("latin1", at, data).match(/name="([^"]*)"/);
    parts[name] = body.subarray(data, end);
  }
  return parts;
}

const bytes = async (response) => Buffer.from(await response.arrayBuffer());

async function extract(photo) {
  return bytes(await call(PATTERN + "extract", photo, { "Content-Type": JPEG }));
}

async function extractBase64(photo) {
  const headers = { "Content-Type": JPEG, "Content-Transfer-Encoding": "base64" };
  const response = await call(PATTERN + "extract", photo.toString("base64"), headers);
  return Buffer.from(await response.text(), "base64");
}

async function compare(feature, template) {
  const body = form(["bio_feature", feature, TEMPLATE, "feature"], ["bio_template", template, TEMPLATE, "template"]);
  return (await call(PATTERN + "compare", body)).json();
}

async function verify(photo, template) {
  const body = form(["sample", photo, JPEG, "photo.jpg"], ["bio_template", template, TEMPLATE, "template"]);
  const { score, bio_feature } = await formParts(await call(PATTERN + "verify", body));
  return { score: JSON.parse(score).score, template: bio_feature };
}

// [{filename, score, decision}], in the order of the gallery. gallery: name -> template
async function search(photo, gallery) {
  const templates = Object.entries(gallery).map(([name, template]) => ["templates_n", template, TEMPLATE, name]);
  const response = await call(PATTERN + "verify_n", form(["sample_1", photo, JPEG, "photo.jpg"], ...templates));
  return (await response.json()).results;
}

// {passed, score}: the score is the PAD score, 1 = attack
async function liveness(photo) {
  return (await call(LIVENESS + "detect", photo, { "Content-Type": JPEG })).json();
}

async function folder(video) {
  const payload = {
    "media:tags": { video1: ["video_selfie", "video_selfie_blank"] },
    analyses: [{ type: "quality", params: { extract_best_shot: true } }],
  };
  const body = form(["video1", video, "video/mp4", "video.mp4"]);
  body.append("payload", JSON.stringify(payload));
  const document = await (await call(LIVENESS + "detect", body)).json();
  const [analysis] = document.analyses;
  if (analysis.state !== "FINISHED") {
    throw new Error(`${analysis.error_code}: ${analysis.error_message}`); // no face, several people
  }
  const [result] = analysis.results_media;
  return {
    result: document.system_resolution,
    score: result.results_data.confidence_spoofing,
    shot: Buffer.from(result.output_images[0].image_b64, "base64"),
  };
}

async function main({ PHOTO = "photo.jpg", SELFIE = "selfie.jpg", OTHER = "other.jpg", VIDEO = "video.mp4" }) {
  const [photo, selfie, other, video] = await Promise.all([PHOTO, SELFIE, OTHER, VIDEO].map((path) => readFile(path)));

  const health = await (await call(PATTERN + "health")).json();
  console.log(`health ${health.status}`);

  const gallery = {};
  for (const [name, image] of [["photo.fvt", photo], ["other.fvt", other]]) {
    gallery[name] = await extract(image);
    await writeFile(name, gallery[name]);
    console.log(`template ${name} ${gallery[name].length}`);
  }

  const compared = await compare(gallery["photo.fvt"], gallery["other.fvt"]);
  console.log(`compare ${compared.score.toFixed(6)} ${compared.decision}`);

  const verified = await verify(selfie, gallery["photo.fvt"]);
  await writeFile("selfie.fvt", verified.template);
  console.log(`verify ${verified.score.toFixed(6)} selfie.fvt ${verified.template.length}`);

  for (const { filename, score, decision } of await search(selfie, gallery)) {
    console.log(`search ${filename} ${score.toFixed(6)} ${decision}`);
  }

  console.log(`base64 ${(await extractBase64(photo)).equals(gallery["photo.fvt"]) ? "equal" : "different"}`);

  const { passed, score } = await liveness(selfie);
  console.log(`liveness ${passed ? "passed" : "failed"} ${score.toFixed(6)}`);

  const analysed = await folder(video);
  await writeFile("best_shot.jpg", analysed.shot);
  console.log(`folder ${analysed.result} ${analysed.score.toFixed(6)}`);
  console.log(`best shot best_shot.jpg ${analysed.shot.length}`);
}

try {
  await main(process.env);
} catch (error) {
  console.error(`error ${error.message}${error.cause ? ` (${error.cause.code})` : ""}`); // why a connection failed
  process.exitCode = 1;
}
