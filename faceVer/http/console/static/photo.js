// A slot for one photo: takes a file, sends it to the server and shows it with its faces outlined.

import { examineFace } from "./api.js";
import { fromCamera } from "./camera.js";
import { bytesOf, button, h, icon, iconButton, jpegUrl, s, save, stem } from "./dom.js";
import { ACCEPT_PHOTOS, acceptDrops, fileButton, invitation } from "./files.js";
import { errorBox } from "./messages.js";

const ROLES = { subject: "Face", second_person: "Another person", background: "Ignored" };
const LANDMARKS = ["left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth"];

/** Outlines of faces on an image. faces: {role, box, landmarks} in pixels of an image of width x height. */
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
      group.append(s("circle", { cx, cy, r: dot, class: "landmark" }, s("title", {}, LANDMARKS[n]))),
    );
    svg.append(group);
  }
  return svg;
}

/** A frame with the aspect ratio width / height. layers: the image and what covers it. */
export const framed = (width, height, ...layers) =>
  h("div", { class: "frame", css: { "--ratio": String(width / height) } }, layers);

export class PhotoSlot {
  /** onchange(slot): the photo or its template was set or removed. note: a text below the buttons of the empty slot.
   * rest(files): receives all but the first of the files that are dropped on the slot. */
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
    acceptDrops(this.element, ([file, ...more]) => {
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
    Object.assign(this, { template: null, file: null, name: "", face: "", unusable: false });
    this.remove.hidden = true;
    this.facts.replaceChildren();
    this.stage.className = "stage vacant";
    const choose = fileButton(
      "photo",
      "Choose photo",
      ([file]) => this.take(file),
      { accept: ACCEPT_PHOTOS },
      { class: "primary", "aria-label": `Choose photo: ${this.title}` },
    );
    // On phones and tablets the camera application of the system is better.
    const camera = matchMedia("(pointer: coarse)").matches
      ? fileButton(
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

  /** Focus the first button of the empty slot. */
  focus() {
    this.first.focus();
  }

  /** face: the `choice` of one of the file's faces, "" = the only one. */
  async take(file, face = "") {
    if (!file) return;
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    Object.assign(this, { template: null, file, name: file.name || "photo.jpg", face, unusable: false });
    this.onchange(this);
    this.busy("Looking for a face …");
    try {
      const report = await examineFace(file, {
        face,
        signal: abort.signal,
        onwait: () => this.busy("The server is busy; waiting …"),
      });
      if (abort === this.abort) this.show(report);
    } catch (error) {
      if (error.name !== "AbortError" && abort === this.abort) this.fail(error);
    }
  }

  busy(message) {
    const focused = this.element.contains(document.activeElement);
    this.remove.hidden = false;
    if (focused) this.remove.focus();
    this.stage.className = "stage";
    this.stage.replaceChildren(
      h("p", { class: "busy", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), message),
    );
    this.facts.replaceChildren();
  }

  show(report) {
    const { preview, faces, error } = report;
    this.template = report.template;
    this.unusable = error !== null;
    const image = h("img", {
      src: jpegUrl(preview.jpeg),
      alt: `${this.name}, ${summary(report)}`,
      width: preview.width,
      height: preview.height,
    });
    // The labels of many faces would cover them.
    const named = faces.length > 3 ? ["subject"] : ["subject", "second_person"];
    const labelled = faces.filter((face) => named.includes(face.role) && faces.length > 1);
    this.stage.className = "stage";
    this.stage.replaceChildren(
      framed(
        preview.width,
        preview.height,
        image,
        outlines(preview.width, preview.height, faces),
        labelled.map((face) => label(face, preview)),
        this.picks(report),
      ),
    );
    this.facts.replaceChildren(
      h("p", { class: "file", title: this.name }, this.name),
      h("p", { class: "fine" }, details(report)),
    );
    const hint = error ? "Click the face to use in the picture." : "To use another face, click it in the picture.";
    if (faces.length > 1) this.facts.append(h("p", { class: "fine" }, hint));
    if (error) this.facts.append(errorBox(error));
    const saveTemplate = () => save(`${stem(this.name)}.fvt`, new Blob([bytesOf(this.template)]));
    const properties = { title: `${report.template_bytes} bytes`, "aria-label": `Save template: ${this.title}` };
    const saveButton = error ? null : button("download", "Save template", saveTemplate, properties);
    this.facts.append(h("p", { class: "row" }, saveButton, this.replaceButton()));
    this.onchange(this);
  }

  /** A button over each face that could be used instead, from left to right. */
  picks({ preview: { width, height }, faces, error }) {
    if (faces.length < 2) return [];
    const ordered = [...faces].sort((one, other) => one.box[0] + one.box[2] - other.box[0] - other.box[2]);
    return ordered.map((face, n) => {
      if (face.role === "subject" && !error) return null;
      const [left, top, right, bottom] = face.box;
      const name = `Use face ${n + 1} of ${faces.length} from the left: ${this.title}`;
      return h("button", {
        type: "button",
        class: "pick",
        title: "Use this face",
        "aria-label": name,
        css: {
          left: `${(100 * left) / width}%`,
          top: `${(100 * top) / height}%`,
          width: `${(100 * (right - left)) / width}%`,
          height: `${(100 * (bottom - top)) / height}%`,
        },
        onclick: () => this.take(this.file, face.choice),
      });
    });
  }

  replaceButton() {
    const properties = { "aria-label": `Another photo: ${this.title}` };
    return fileButton("photo", "Another photo", ([file]) => this.take(file), { accept: ACCEPT_PHOTOS }, properties);
  }

  fail(error) {
    this.unusable = true;
    this.stage.className = "stage failed";
    this.stage.replaceChildren(
      h("div", { class: "invite" }, h("span", { class: "medal" }, icon("photo")), h("p", { class: "file" }, this.name)),
    );
    this.facts.replaceChildren(
      errorBox(
        error,
        button("", "Try again", () => this.take(this.file, this.face)),
        this.replaceButton(),
        button("", "Remove", () => this.clear()),
      ),
    );
    this.onchange(this);
  }
}

function summary({ faces }) {
  if (faces.length === 0) return "no face found";
  return faces.length === 1 ? "one face outlined" : `${faces.length} faces outlined`;
}

function details({ width, height, faces: [subject], rotation }) {
  return [
    `${width} × ${height} pixels`,
    ...(subject ? [`face of ${subject.side} pixels`, `confidence ${subject.confidence.toFixed(2)}`] : []),
    ...(rotation ? [`rotated by ${rotation}° to find the face`] : []),
  ].join(" · ");
}

function label({ role, box }, { width, height }) {
  const [left, top, right, bottom] = box;
  const above = top > height * 0.1;
  const side =
    left + right > width
      ? { right: `${100 - (100 * Math.min(width, right)) / width}%` }
      : { left: `${(100 * Math.max(0, left)) / width}%` };
  const position = { ...side, top: `${(100 * (above ? top : Math.min(bottom, height * 0.94))) / height}%` };
  return h("span", { class: `tag ${role}${above ? " above" : ""}`, css: position, "aria-hidden": "true" }, ROLES[role]);
}
