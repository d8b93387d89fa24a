// The dialog that makes a folder of files, and begins analyses of them.

import { h } from "./dom.js";
import { fileButton } from "./files.js";
import { ask, select } from "./parts.js";
import { ApiError, call } from "./session.js";

const VIDEO = /\.(mp4|mov|webm|avi|mkv|zip|tar|t?gz)$/i;
const TAGS = {
  photo_selfie: ["photo_selfie"],
  photo_id_front: ["photo_id", "photo_id_front"],
  photo_id_back: ["photo_id", "photo_id_back"],
  video: ["video_selfie", "video_selfie_blank"],
};
const KINDS = [
  ["photo_selfie", "Selfie"],
  ["photo_id_front", "Document, front"],
  ["photo_id_back", "Document, back"],
];

export function uploadDialog() {
  const chosen = [];
  const list = h("ul", { class: "chosen" });
  const show = () =>
    list.replaceChildren(
      ...chosen.map(({ file, kind }) =>
        h("li", { class: "row" }, h("span", { class: "file" }, file.name), kind ?? h("span", { class: "fine" }, "Video or archive")),
      ),
    );
  const add = (files) => {
    for (const file of files) {
      const isVideo = VIDEO.test(file.name) || file.type.startsWith("video/");
      chosen.push({ file, kind: isVideo ? null : select(KINDS, "photo_selfie", { "aria-label": `Kind of ${file.name}` }) });
    }
    show();
  };
  const box = (name, label) =>
    h("label", { class: "switch" }, h("input", { type: "checkbox", name, checked: true }), label);
  let folder = null;
  return ask("New folder", "Photos, videos or archives of photos of one person.", "Create", create, {
    fields: [
      h("div", { class: "row" }, fileButton("folder", "Choose files", add, { multiple: true })),
      list,
      h("fieldset", {}, h("legend", {}, "Analyses"), box("quality", "Liveness"), box("biometry", "Same person (two or more files)")),
    ],
  });

  async function create({ quality, biometry }) {
    if (!chosen.length) throw new ApiError(400, null, "Choose a file.");
    // If the request for analyses fails, the next try is for the same folder.
    folder ??= await call("POST", "api/folders/", { body: form() });
    const analyses = [quality && { type: "quality" }, biometry && chosen.length > 1 && { type: "biometry" }].filter(Boolean);
    if (analyses.length) await call("POST", `api/folders/${folder.folder_id}/analyses/`, { body: { analyses } });
    location.hash = `folder/${folder.folder_id}`;
  }

  function form() {
    const body = new FormData();
    const tags = {};
    chosen.forEach(({ file, kind }, number) => {
      tags[`file${number}`] = TAGS[kind?.value ?? "video"];
      body.append(`file${number}`, file, file.name);
    });
    body.append("payload", JSON.stringify({ "media:tags": tags }));
    return body;
  }
}
