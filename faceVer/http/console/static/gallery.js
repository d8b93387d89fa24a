// What is searched: photos and templates, read some at a time, and their scores against one template.

import { LEFT_OUT, ServerError, checkReadable, compare, compareMany, face, isPhoto, isTemplate } from "./api.js";
import { bytesOf, h } from "./dom.js";

const AT_A_TIME = 2;
// How often a request is repeated while the server is busy, and milliseconds between comparisons while photos come in.
const PATIENCE = 600;
const PAUSE = 400;
const THUMB = 96;

const fits = (file) => !file.name.startsWith(".") && (isTemplate(file) || isPhoto(file));
const named = (file) => ({ name: file.webkitRelativePath || file.name, type: file.type });

export class Gallery {
  /** Entries are {name, type, template, thumb, score, decision}, or {name, type, error}. onprogress(): one more was
   * read, or reading began or ended. onpause(): the server is busy. onranked(): scores came or went, or could not be
   * had. `failure` is what keeps files from being read, else templates from being compared, or null. */
  constructor({ onprogress, onpause, onranked }) {
    Object.assign(this, { onprogress, onpause, onranked });
    this.probe = null;
    this.comparing = false;
    this.again = false;
    this.timer = null;
    this.empty();
  }

  empty() {
    this.entries = [];
    this.waiting = [];
    this.reading = new Set();
    this.halt = new AbortController();
    this.unread = null;
    this.unranked = null;
  }

  get busy() {
    return this.reading.size > 0;
  }

  get total() {
    return this.entries.length + this.reading.size + this.waiting.length;
  }

  get failure() {
    return this.unread ?? this.unranked;
  }

  add(files) {
    for (const file of files) {
      if (fits(file)) this.waiting.push(file);
      else this.entries.push({ ...named(file), error: new ServerError(0, LEFT_OUT, "not sent") });
    }
    this.go();
  }

  /** Read and compare what is left: of new files, after a stop, after a failure. */
  go() {
    if (this.halt.signal.aborted) this.halt = new AbortController();
    this.unread = null;
    this.next();
    if (!this.busy) this.rank();
  }

  /** Read no further for now. */
  stop() {
    this.halt.abort();
  }

  clear() {
    this.halt.abort();
    this.entries.forEach(forget);
    this.empty();
    this.onprogress();
    this.onranked();
  }

  /** The template to compare with, or null. */
  lookFor(template) {
    this.probe = template;
    for (const entry of this.entries) (delete entry.score, delete entry.decision);
    this.rank();
  }

  next() {
    const held = this.unread || this.halt.signal.aborted;
    while (!held && this.reading.size < AT_A_TIME && this.waiting.length) this.work(this.waiting.shift());
    this.onprogress();
  }

  async work(file) {
    const { reading, halt } = this;
    reading.add(file);
    const entry = await this.read(file, halt.signal).catch((error) => ({ error }));
    if (reading !== this.reading) return forget(entry);
    reading.delete(file);
    if (entry.error && halt.signal.aborted) this.waiting.unshift(file);
    else if (entry.error?.passing) {
      // At the end, as it might be this file that the server fails at.
      this.waiting.push(file);
      this.unread = entry.error;
    } else this.entries.push({ ...named(file), ...entry });
    this.next();
    if (!this.busy) this.rank();
    else
      this.timer ??= setTimeout(() => {
        this.timer = null;
        this.rank();
      }, PAUSE);
  }

  async read(file, signal) {
    const options = { signal, pauses: PATIENCE, onpause: this.onpause };
    if (isTemplate(file)) {
      const template = await base64Of(file);
      await compare(template, template, options); // whether it is one
      return { template, thumb: null };
    }
    const answer = await face(file, options);
    if (answer.error) throw answer.error;
    return { template: answer.template, thumb: await thumbnail(answer).catch(() => null) };
  }

  /** Compare what has no score yet, in one request at a time. */
  async rank() {
    if (this.comparing) return void (this.again = true);
    const { probe } = this;
    const open = this.entries.filter((entry) => entry.template && entry.score === undefined);
    this.unranked = null;
    if (probe && open.length) {
      this.comparing = true;
      try {
        const templates = open.map((entry) => entry.template);
        const results = await compareMany(probe, templates, { pauses: PATIENCE });
        if (probe === this.probe)
          results.forEach(({ score, decision }, n) => Object.assign(open[n], { score, decision }));
      } catch (error) {
        this.unranked = error;
      }
      this.comparing = false;
      const again = this.again;
      this.again = false;
      if (again && !this.unranked) return this.rank();
    }
    this.onranked();
  }
}

const forget = ({ thumb }) => thumb && URL.revokeObjectURL(thumb);

async function base64Of(file) {
  await checkReadable(file);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** The face and its surroundings as a small square; the address of a picture in memory. */
async function thumbnail({ preview, faces }) {
  const picture = await createImageBitmap(new Blob([bytesOf(preview.jpeg)], { type: "image/jpeg" }));
  const [left, top, right, bottom] = faces[0].box;
  const side = Math.min(Math.max(right - left, bottom - top) * 1.5, picture.width, picture.height);
  const x = Math.min(Math.max(0, (left + right - side) / 2), picture.width - side);
  const y = Math.min(Math.max(0, (top + bottom - side) / 2), picture.height - side);
  const canvas = h("canvas", { width: THUMB, height: THUMB });
  canvas.getContext("2d").drawImage(picture, x, y, side, side, 0, 0, THUMB, THUMB);
  picture.close();
  return URL.createObjectURL(await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85)));
}
