// A place for one photo: takes it, has the server look at it, shows it with the faces outlined.

import { face as look } from "./api.js";
import { fromCamera } from "./camera.js";
import { bytesOf, button, h, icon, iconButton, jpegUrl, s, save, stem } from "./dom.js";
import { PHOTOS, chooser, invitation, takesDrops } from "./drop.js";
import { trouble } from "./words.js";

const ROLES = { subject: "Face", second: "Another person", background: "Passed over" };
const NAMES = ["left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth"];

/** Outlines over a picture. faces: {role, box, landmarks} in pixels of width x height. */
export function outlines(width, height, faces) {
  const svg = s("svg", { class: "outlines", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const dot = Math.max(width, height) / 150;
  for (const { role, box, landmarks } of faces) {
    const [left, top, right, bottom] = box;
    const group = s("g", { class: role });
    const shape = {
      x: left,
      y: top,
      width: right - left,
      height: bottom - top,
      rx: Math.min(right - left, bottom - top) * 0.06,
    };
    group.append(s("rect", { ...shape, class: "under" }), s("rect", { ...shape, class: "over" }));
    (landmarks ?? []).forEach(([cx, cy], n) =>
      group.append(s("circle", { cx, cy, r: dot, class: "mark" }, s("title", {}, NAMES[n]))),
    );
    svg.append(group);
  }
  return svg;
}

/** A picture in a frame of its own shape. over: what lies on it. */
export const framed = (width, height, ...over) =>
  h("div", { class: "frame", css: { "--ratio": String(width / height) } }, over);

export class PhotoPlace {
  /** onchange(place): its photo or its template came or went. note: under the buttons of the empty place. rest(files):
   * takes what is dropped here beyond the first file. */
  constructor(title, onchange, { note = "or paste it from the clipboard", rest } = {}) {
    this.title = title;
    this.note = note;
    this.onchange = () => {};
    this.abort = null;
    this.stage = h("div", { class: "stage" });
    this.facts = h("div", { class: "facts" });
    this.remove = iconButton("cross", `Remove ${title.toLowerCase()}`, () => this.clear());
    this.head = h("header", {}, h("h2", {}, title), this.remove);
    this.element = h("section", { class: "card photo", "aria-label": title }, this.head, this.stage, this.facts);
    takesDrops(this.element, ([file, ...more]) => {
      this.take(file);
      if (more.length) rest?.(more);
    });
    this.clear();
    this.onchange = onchange;
  }

  get empty() {
    return this.file === null;
  }

  clear() {
    const focused = this.element.contains(document.activeElement);
    this.abort?.abort();
    Object.assign(this, { template: null, file: null, name: "", unusable: false });
    this.remove.hidden = true;
    this.facts.replaceChildren();
    this.stage.className = "stage vacant";
    const choose = chooser(
      "photo",
      "Choose photo",
      ([file]) => this.take(file),
      { accept: PHOTOS },
      { class: "primary", "aria-label": `Choose photo: ${this.title}` },
    );
    // On phones and tablets the system's own camera is the better one.
    const camera = matchMedia("(pointer: coarse)").matches
      ? chooser(
          "camera",
          "Camera",
          ([file]) => this.take(file),
          { accept: "image/*", capture: "user" },
          { "aria-label": `Camera: ${this.title}` },
        )
      : button("camera", "Camera", async () => this.take(await fromCamera()), {
          "aria-label": `Camera: ${this.title}`,
        });
    this.stage.replaceChildren(invitation("person", "Drop a photo here", this.note, choose, camera));
    this.first = choose[0];
    if (focused) this.focus();
    this.onchange(this);
  }

  /** Of the empty place. */
  focus() {
    this.first.focus();
  }

  async take(file) {
    if (!file) return;
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    Object.assign(this, { template: null, file, name: file.name || "photo.jpg", unusable: false });
    this.onchange(this);
    this.busy("Looking for a face …");
    try {
      const answer = await look(file, {
        signal: abort.signal,
        onpause: () => this.busy("The server is busy; waiting …"),
      });
      if (abort === this.abort) this.show(answer);
    } catch (error) {
      if (error.name !== "AbortError" && abort === this.abort) this.fail(error);
    }
  }

  busy(words) {
    const focused = this.element.contains(document.activeElement);
    this.remove.hidden = false;
    if (focused) this.remove.focus();
    this.stage.className = "stage";
    this.stage.replaceChildren(
      h("p", { class: "busy", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), words),
    );
    this.facts.replaceChildren();
  }

  show(answer) {
    const { preview, faces, error } = answer;
    this.template = answer.template;
    this.unusable = error !== null;
    const picture = h("img", {
      src: jpegUrl(preview.jpeg),
      alt: `${this.name}, ${this.summary(answer)}`,
      width: preview.width,
      height: preview.height,
    });
    const named = faces.filter((face) => face.role !== "background" && faces.length > 1);
    this.stage.className = "stage";
    this.stage.replaceChildren(
      framed(
        preview.width,
        preview.height,
        picture,
        outlines(preview.width, preview.height, faces),
        named.map((face) => label(face, preview)),
      ),
    );
    this.facts.replaceChildren(
      h("p", { class: "file", title: this.name }, this.name),
      h("p", { class: "fine" }, this.details(answer)),
    );
    if (error) this.facts.append(trouble(error));
    const saving = () => save(`${stem(this.name)}.fvt`, new Blob([bytesOf(this.template)]));
    const about = { title: `${answer.template_bytes} bytes`, "aria-label": `Save template: ${this.title}` };
    this.facts.append(
      h("p", { class: "row" }, error ? null : button("download", "Save template", saving, about), this.another()),
    );
    this.onchange(this);
  }

  another() {
    const words = { "aria-label": `Another photo: ${this.title}` };
    return chooser("photo", "Another photo", ([file]) => this.take(file), { accept: PHOTOS }, words);
  }

  summary({ faces }) {
    return faces.length === 0
      ? "no face found"
      : faces.length === 1
        ? "one face outlined"
        : `${faces.length} faces outlined`;
  }

  details(answer) {
    const words = [`${answer.width} × ${answer.height} pixels`];
    const subject = answer.faces[0];
    if (subject) words.push(`face of ${subject.side} pixels`, `found with confidence ${subject.confidence.toFixed(2)}`);
    if (answer.turned) words.push(`turned by ${answer.turned}° to find the face`);
    return words.join(" · ");
  }

  fail(error) {
    this.unusable = true;
    this.stage.className = "stage failed";
    this.stage.replaceChildren(
      h("div", { class: "invite" }, h("span", { class: "medal" }, icon("photo")), h("p", { class: "file" }, this.name)),
    );
    this.facts.replaceChildren(
      trouble(
        error,
        button("", "Try again", () => this.take(this.file)),
        this.another(),
        button("", "Remove", () => this.clear()),
      ),
    );
    this.onchange(this);
  }
}

function label({ role, box }, { width, height }) {
  const [left, top, right, bottom] = box;
  const above = top > height * 0.1;
  const side =
    left + right > width
      ? { right: `${100 - (100 * Math.min(width, right)) / width}%` }
      : { left: `${(100 * Math.max(0, left)) / width}%` };
  const place = { ...side, top: `${(100 * (above ? top : Math.min(bottom, height * 0.94))) / height}%` };
  return h("span", { class: `tag ${role}${above ? " above" : ""}`, css: place, "aria-hidden": "true" }, ROLES[role]);
}
