// The gallery of a search: reads photos and templates, a few at a time, and compares them with the probe.

import {
  ServerError,
  UNSUPPORTED,
  checkReadable,
  compare,
  compareMany,
  examineFace,
  isPhoto,
  isTemplate,
} from "./api.js";
import { bytesOf, h } from "./dom.js";

const CONCURRENT_READS = 2;
// Most retries of a request while the server is busy.
const RETRIES = 600;
// Milliseconds between two comparisons while files are read.
const COMPARISON_INTERVAL = 400;
const THUMB = 96;

const isSupported = (file) => !file.name.startsWith(".") && (isTemplate(file) || isPhoto(file));
const nameAndType = (file) => ({ name: file.webkitRelativePath || file.name, type: file.type });

export class Gallery {
  /** onprogress(): reading started or ended, or a file was read. onwait(): the server is busy. onranked(): scores were
   * set or removed, or the comparison failed.
   *
   * entries: {name, type, template, thumb, score, decision}, or {name, type, error}. */
  constructor({ onprogress, onwait, onranked }) {
    Object.assign(this, { onprogress, onwait, onranked });
    this.probe = null;
    this.comparing = false;
    this.compareAgain = false;
    this.timer = null;
    this.reset();
  }

  reset() {
    this.entries = [];
    this.waiting = [];
    this.reading = new Set();
    this.abort = new AbortController();
    this.readError = null;
    this.compareError = null;
  }

  get busy() {
    return this.reading.size > 0;
  }

  get total() {
    return this.entries.length + this.reading.size + this.waiting.length;
  }

  /** The error that stopped reading, otherwise the one that stopped comparing, or null. */
  get error() {
    return this.readError ?? this.compareError;
  }

  add(files) {
    for (const file of files) {
      if (isSupported(file)) this.waiting.push(file);
      else this.entries.push({ ...nameAndType(file), error: new ServerError(0, UNSUPPORTED, "not sent") });
    }
    this.start();
  }

  /** Read and compare the files that are left: new ones, or those left by a stop or an error. */
  start() {
    if (this.abort.signal.aborted) this.abort = new AbortController();
    this.readError = null;
    this.readNext();
    if (!this.busy) this.rank();
  }

  /** Stop reading; `start` continues. */
  stop() {
    this.abort.abort();
  }

  clear() {
    this.abort.abort();
    this.entries.forEach(releaseThumb);
    this.reset();
    this.onprogress();
    this.onranked();
  }

  /** Compare all entries with another template; null: with none. */
  setProbe(template) {
    this.probe = template;
    for (const entry of this.entries) (delete entry.score, delete entry.decision);
    this.rank();
  }

  readNext() {
    const stopped = this.readError || this.abort.signal.aborted;
    while (!stopped && this.reading.size < CONCURRENT_READS && this.waiting.length) this.addEntry(this.waiting.shift());
    this.onprogress();
  }

  async addEntry(file) {
    const { reading, abort } = this;
    reading.add(file);
    const entry = await this.read(file, abort.signal).catch((error) => ({ error }));
    // The gallery was cleared in the meantime.
    if (reading !== this.reading) return releaseThumb(entry);
    reading.delete(file);
    if (entry.error && abort.signal.aborted) this.waiting.unshift(file);
    else if (entry.error?.isTemporary) {
      // To the end of the queue, because the server may fail at this very file.
      this.waiting.push(file);
      this.readError = entry.error;
    } else this.entries.push({ ...nameAndType(file), ...entry });
    this.readNext();
    if (!this.busy) this.rank();
    else
      this.timer ??= setTimeout(() => {
        this.timer = null;
        this.rank();
      }, COMPARISON_INTERVAL);
  }

  async read(file, signal) {
    const options = { signal, retries: RETRIES, onwait: this.onwait };
    if (isTemplate(file)) {
      const template = await base64Of(file);
      await compare(template, template, options); // fails if the file is not a template
      return { template, thumb: null };
    }
    const report = await examineFace(file, options);
    if (report.error) throw report.error;
    return { template: report.template, thumb: await thumbnail(report).catch(() => null) };
  }

  /** Compare the entries without a score with the probe, with one request at a time. */
  async rank() {
    if (this.comparing) return void (this.compareAgain = true);
    const { probe } = this;
    const unscored = this.entries.filter((entry) => entry.template && entry.score === undefined);
    this.compareError = null;
    if (probe && unscored.length) {
      this.comparing = true;
      try {
        const templates = unscored.map((entry) => entry.template);
        const results = await compareMany(probe, templates, { retries: RETRIES });
        if (probe === this.probe)
          results.forEach(({ score, decision }, n) => Object.assign(unscored[n], { score, decision }));
      } catch (error) {
        this.compareError = error;
      }
      this.comparing = false;
      const again = this.compareAgain;
      this.compareAgain = false;
      if (again && !this.compareError) return this.rank();
    }
    this.onranked();
  }
}

const releaseThumb = ({ thumb }) => thumb && URL.revokeObjectURL(thumb);

async function base64Of(file) {
  await checkReadable(file);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192)
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return btoa(text);
}

/** The address, in memory, of a small square image of the face and its surroundings. */
async function thumbnail({ preview, faces }) {
  const image = await createImageBitmap(new Blob([bytesOf(preview.jpeg)], { type: "image/jpeg" }));
  const [left, top, right, bottom] = faces[0].box;
  const side = Math.min(Math.max(right - left, bottom - top) * 1.5, image.width, image.height);
  const x = Math.min(Math.max(0, (left + right - side) / 2), image.width - side);
  const y = Math.min(Math.max(0, (top + bottom - side) / 2), image.height - side);
  const canvas = h("canvas", { width: THUMB, height: THUMB });
  canvas.getContext("2d").drawImage(image, x, y, side, side, 0, 0, THUMB, THUMB);
  image.close();
  return URL.createObjectURL(await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85)));
}
