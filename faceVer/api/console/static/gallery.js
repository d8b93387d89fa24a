// What is searched: photos and templates, read some at a time, and their scores against one template.

import { compare, compareMany, face, isPhoto, isTemplate } from "./api.js";
import { bytesOf, h } from "./dom.js";

const AT_A_TIME = 2;
// How often a request is repeated while the server is busy, and milliseconds between comparisons while photos come in.
const PATIENCE = 600;
const PAUSE = 400;
const THUMB = 96;

const fits = (file) => !file.name.startsWith(".") && (isTemplate(file) || isPhoto(file));

export class Gallery {
  /** Entries are {name, type, template, thumb, score, decision}, or {name, type, error}. onprogress(): one more was
   * read, or reading began or ended. onpause(): the server is busy. onranked(error): scores came or went, or could not
   * be had. */
  constructor({ onprogress, onpause, onranked }) {
    Object.assign(this, { onprogress, onpause, onranked });
    this.entries = [];
    this.total = 0;
    this.probe = null;
    this.waiting = [];
    this.running = 0;
    this.stopping = new AbortController();
    this.comparing = false;
    this.again = false;
    this.timer = null;
  }

  get busy() {
    return this.running > 0;
  }

  /** Read files; returns how many were left out, being neither photo nor template. */
  add(files) {
    const wanted = files.filter(fits);
    if (this.stopping.signal.aborted) this.stopping = new AbortController();
    this.waiting.push(...wanted);
    this.total += wanted.length;
    this.begin();
    return files.length - wanted.length;
  }

  /** Read no further. */
  stop() {
    this.stopping.abort();
    this.waiting.length = 0;
  }

  clear() {
    this.stop();
    this.entries.forEach((entry) => entry.thumb && URL.revokeObjectURL(entry.thumb));
    this.entries = [];
    this.total = 0;
    this.onprogress();
    this.onranked();
  }

  /** The template to compare with, or null. */
  lookFor(template) {
    this.probe = template;
    for (const entry of this.entries) (delete entry.score, delete entry.decision);
    this.rank();
  }

  begin() {
    while (this.running < AT_A_TIME && this.waiting.length && !this.stopping.signal.aborted) this.work();
    if (!this.running) this.total = this.entries.length;
    this.onprogress();
  }

  async work() {
    this.running++;
    const { signal } = this.stopping;
    while (this.waiting.length && !signal.aborted) {
      const file = this.waiting.shift();
      const told = { name: file.webkitRelativePath || file.name, type: file.type };
      let entry;
      try {
        entry = { ...told, ...(await this.read(file, signal)) };
      } catch (error) {
        entry = { ...told, error };
      }
      if (signal.aborted) break;
      this.entries.push(entry);
      this.onprogress();
      this.timer ??= setTimeout(() => {
        this.timer = null;
        this.rank();
      }, PAUSE);
    }
    this.running--;
    this.begin();
    if (!this.running) this.rank();
  }

  async read(file, signal) {
    const options = { signal, pauses: PATIENCE, onpause: this.onpause };
    if (isTemplate(file)) {
      const template = await base64Of(file);
      await compare(template, template, options); // whether it is one
      return { template, thumb: null };
    }
    const answer = await face(file, options);
    if (answer.error) throw Object.assign(new Error(answer.error.message), { status: 200, ...answer.error });
    return { template: answer.template, thumb: await thumbnail(answer) };
  }

  /** Compare what has no score yet, in one request at a time. */
  async rank() {
    if (this.comparing) return void (this.again = true);
    const { probe } = this;
    const open = this.entries.filter((entry) => entry.template && entry.score === undefined);
    let failure;
    if (probe && open.length) {
      this.comparing = true;
      try {
        const templates = open.map((entry) => entry.template);
        const results = await compareMany(probe, templates, { pauses: PATIENCE });
        if (probe === this.probe)
          results.forEach(({ score, decision }, n) => Object.assign(open[n], { score, decision }));
      } catch (error) {
        failure = error;
      }
      this.comparing = false;
      const again = this.again;
      this.again = false;
      if (again && !failure) return this.rank();
    }
    this.onranked(failure);
  }
}

async function base64Of(file) {
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
