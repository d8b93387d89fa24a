// The media of a folder.

import { h, icon } from "./dom.js";
import { fileUrl } from "./parts.js";

function preview(item) {
  const name = item.original_name ?? "media item";
  const [thumb, file] = [fileUrl(item.thumb_url), fileUrl(item.original_url)];
  if (!file) return h("div", { class: "thumb erased" }, icon("cross"), h("span", { class: "fine" }, "Erased"));
  if (item.media_type.startsWith("VIDEO"))
    return h("video", { src: file, poster: thumb || null, controls: true, preload: "metadata", "aria-label": name });
  const image = thumb ? h("img", { src: thumb, alt: name }) : h("span", {}, icon("file"), `Open ${name}`);
  return h("a", { href: file, target: "_blank", rel: "noopener" }, image);
}

function facts(item) {
  const info = item.info.video ?? item.info.original ?? item.info.shots_set ?? {};
  return [
    info.width ? `${info.width} × ${info.height}` : "",
    info.duration ? `${info.duration.toFixed(1)} s` : "",
    info["mime-type"] ?? "",
  ].filter(Boolean);
}

export const mediaCard = (folder) =>
  h(
    "section",
    { class: "card", "aria-label": "Media" },
    h("header", {}, h("h2", {}, "Media")),
    folder.media.length
      ? h(
          "ul",
          { class: "media-grid" },
          folder.media.map((item) =>
            h(
              "li",
              {},
              preview(item),
              h("p", { class: "file" }, item.original_name ?? "–"),
              h("p", { class: "fine" }, facts(item).join(" · ")),
              h("p", { class: "fine" }, item.tags.join(", ")),
            ),
          ),
        )
      : h("p", { class: "quiet" }, "No media."),
  );
