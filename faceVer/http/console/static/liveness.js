// The Liveness view: the PAD score of a photo, a video or an archive, frame by frame.

import { about, checkLiveness, isPhoto, onAboutChanged } from "./api.js";
import { fromCamera } from "./camera.js";
import { body, curlBox, part } from "./curl.js";
import { button, h, icon, iconButton, jpegUrl } from "./dom.js";
import { acceptDrops, fileButton, ignoredNote, invitation } from "./files.js";
import { bestShot, folderDocument, hints, statuses, verdictOf } from "./liveness-result.js";
import { analysisError, errorBox, formatBytes } from "./messages.js";
import { describeFrame, padPlot } from "./pad-plot.js";
import { framed, outlines } from "./photo.js";

const ACCEPT_MEDIA = "image/*,video/*,.heic,.heif,.mkv,.avi,.zip,.tar,.tgz,.gz";
const MEDIA_TYPES = { IMAGE_FOLDER: "photo", VIDEO_FOLDER: "video", SHOTS_SET_FOLDER: "archive of photos" };
const SECTION = "Photo or video";

export const title = "Liveness";

const photoCommand = (file) => [...body(file, "selfie.jpg"), "v1/face/liveness/detect"];
// Without the file's type: the browser may give an archive a Content-Type that the server rejects.
const formCommand = (file) => [
  !file || file.type.startsWith("video/") ? part("video1", file, "selfie.mp4") : part("media1", { name: file.name }),
  `-F 'payload={"analyses": [{"type": "quality", "params": {"extract_best_shot": true}}]}'`,
  "v1/face/liveness/detect",
];

export function mount(root) {
  const stage = h("div", { class: "stage" });
  const facts = h("div", { class: "facts" });
  const head = h("header");
  const verdict = h("div", { class: "verdict", role: "status", "aria-live": "polite" });
  const plot = padPlot((index) => pick(index, true));
  const strip = h("div", { class: "frame-strip", role: "group", "aria-label": "Analyzed frames" });
  const readout = h("p", { class: "fine readout" });
  const curve = h(
    "div",
    { hidden: true },
    h("h3", {}, "PAD score, frame by frame"),
    plot.element,
    strip,
    readout,
  );
  const shot = h("div", { class: "shot" });
  const states = h("div", { class: "states" });
  const documentBox = h("div");
  const grid = h(
    "div",
    { class: "liveness-grid" },
    h("section", { class: "card photo", "aria-label": SECTION }, head, stage, facts),
    h(
      "section",
      { class: "card result", "aria-label": "Result" },
      h("header", {}, h("h2", {}, "Result")),
      verdict,
      curve,
    ),
    shot,
    states,
  );
  const note = h("p", { class: "fine note", role: "status" });
  const curl = curlBox();
  let abort = null;
  let current = null;
  let player = null;
  let url = "";
  let seekTarget = -1;
  onAboutChanged(() => stage.classList.contains("vacant") && clear());

  function clear() {
    const focused = head.parentElement.contains(document.activeElement);
    abort?.abort();
    removeResult();
    head.replaceChildren(h("h2", {}, SECTION));
    const choose = fileButton(
      "film",
      "Choose file",
      ([file]) => take(file),
      { accept: ACCEPT_MEDIA },
      { class: "primary" },
    );
    const camera = button("camera", "Use camera", async () => take(await fromCamera({ video: true })));
    stage.className = "stage vacant";
    stage.replaceChildren(
      invitation(
        "film",
        "A photo, a video, or an archive of photos",
        "or drop it here, or paste a photo",
        choose,
        camera,
      ),
    );
    facts.replaceChildren();
    curl.show(photoCommand(), formCommand());
    verdict.replaceChildren(
      ...(about.liveness
        ? hints()
        : [h("p", { class: "quiet" }, "The liveness models are not loaded on this server.")]),
    );
    if (focused) choose[0].focus();
  }

  const replaceButton = () => fileButton("film", "Another file", ([file]) => take(file), { accept: ACCEPT_MEDIA });

  function removeResult() {
    if (url) URL.revokeObjectURL(url);
    [url, current, player] = ["", null, null];
    note.textContent = "";
    curve.hidden = true;
    grid.classList.remove("moving");
    [shot, states, documentBox].forEach((element) => element.replaceChildren());
  }

  function takeFirst([file, ...ignored]) {
    take(file);
    note.textContent = ignoredNote(ignored.length, "one file is checked at a time");
  }

  async function take(file) {
    if (!file) return;
    abort?.abort();
    const own = (abort = new AbortController());
    const focused = head.parentElement.contains(document.activeElement);
    removeResult();
    head.replaceChildren(h("h2", {}, SECTION), iconButton("cross", "Remove the file", clear));
    if (focused) head.querySelector("button").focus();
    stage.className = "stage";
    const busy = h("span", {}, `Analyzing ${file.name} …`);
    stage.replaceChildren(
      h("p", { class: "busy", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), busy),
    );
    facts.replaceChildren();
    curl.show(isPhoto(file) ? photoCommand(file) : formCommand(file));
    verdict.replaceChildren(h("p", { class: "quiet" }, "One moment …"));
    try {
      const report = await checkLiveness(file, {
        signal: own.signal,
        onwait: () => (busy.textContent = "The server is busy; waiting …"),
      });
      if (own === abort) show(file, report);
    } catch (error) {
      if (error.name === "AbortError" || own !== abort) return;
      stage.className = "stage failed";
      stage.replaceChildren(
        h(
          "div",
          { class: "invite" },
          h("span", { class: "medal" }, icon("file")),
          h("p", { class: "file" }, file.name),
        ),
      );
      facts.replaceChildren(
        errorBox(
          error,
          button("", "Try again", () => take(file)),
          replaceButton(),
          button("", "Remove", clear),
        ),
      );
      verdict.replaceChildren(h("p", { class: "quiet" }, "There is no score."));
    }
  }

  function show(file, report) {
    const { document, frames, pad_score, requestId } = report;
    const [{ info, media_type }] = document.media;
    const { width, height, duration } = info.video ?? info.original ?? info.shots_set;
    const timed = media_type === "VIDEO_FOLDER";
    const end = Math.max(duration ?? 0, ...frames.map((frame) => frame.time), 0.1);
    current = { report, timed };
    const details = [
      MEDIA_TYPES[media_type],
      `${width} × ${height} pixels`,
      duration ? `${duration.toFixed(1)} s` : null,
      formatBytes(file.size),
    ];
    facts.replaceChildren(
      h("p", { class: "file", title: file.name }, file.name),
      h("p", { class: "fine" }, details.filter(Boolean).join(" · ")),
      h("p", { class: "row" }, replaceButton()),
    );
    if (timed) play(file, width, height);
    const [analysis] = document.analyses;
    const failure = pad_score === null ? errorBox(analysisError(analysis, requestId)) : null;
    verdict.replaceChildren(...(failure ? [failure] : verdictOf(report)));
    curve.hidden = frames.length < 2;
    if (!curve.hidden) {
      plot.show({ ...report, timed, end });
      strip.replaceChildren(...frames.map(thumb));
    }
    pick(
      frames.findIndex((frame) => frame.pad_score !== null),
      true,
    );
    grid.classList.toggle("moving", frames.length > 1);
    shot.replaceChildren(...bestShot(analysis, file));
    states.replaceChildren(statuses(document, analysis));
    documentBox.replaceChildren(folderDocument(document));
  }

  /** Show a player for the video. If the browser cannot play it, show its frames. */
  function play(file, width, height) {
    url = URL.createObjectURL(file);
    const video = h("video", {
      src: url,
      controls: true,
      muted: true,
      playsinline: true,
      preload: "auto",
      "aria-label": `${file.name}, playing it moves the cursor of the plot`,
    });
    video.muted = true;
    video.addEventListener("timeupdate", () => plot.cursor(video.currentTime));
    video.addEventListener("play", unpick);
    video.addEventListener("seeking", () => {
      // The player rounds the time, and limits it to the duration.
      if (Math.abs(video.currentTime - Math.min(seekTarget, video.duration)) > 0.001) unpick();
    });
    video.addEventListener("error", () => {
      player = null;
      facts.append(h("p", { class: "fine" }, "This browser cannot play the video. The page shows its frames."));
      pick(0, false);
    });
    player = video;
    stage.replaceChildren(framed(width, height, video));
  }

  /** Undo `pick`, when the video moves to another time. */
  function unpick() {
    seekTarget = -1;
    stage.querySelector(".outlines")?.remove();
    readout.textContent = "";
    markPicked(-1);
  }

  function markPicked(index) {
    strip.querySelectorAll("button").forEach((thumb, n) => thumb.setAttribute("aria-pressed", String(n === index)));
    plot.pick(index);
  }

  /** Show a frame, the first one for the index -1. seek: whether to move the video there. */
  function pick(index, seek) {
    const { report, timed } = current;
    const position = Math.max(0, index);
    const frame = report.frames[position];
    if (!frame) return stage.replaceChildren(h("p", { class: "quiet" }, "No frame was analyzed."));
    const { width, height, jpeg } = frame.image;
    const box =
      frame.box &&
      outlines(width, height, [{ role: "subject", box: frame.box.map((edge, n) => edge * (n % 2 ? height : width)) }]);
    if (player) {
      stage.querySelector(".outlines")?.remove();
      if (seek) {
        player.pause();
        player.currentTime = seekTarget = frame.time;
      }
      // The box of a frame that the server rotated to find the face does not fit the unrotated video.
      if (box && player.paused && !frame.rotated) player.after(box);
    } else {
      const name = frame.name || (report.frames.length > 1 ? `Frame ${position + 1}` : "The photo");
      const alt = `${name}${frame.box ? ", the face outlined" : ", no face found"}`;
      stage.replaceChildren(framed(width, height, h("img", { src: jpegUrl(jpeg), alt, width, height }), box));
    }
    markPicked(position);
    if (timed && seek) plot.cursor(frame.time);
    readout.textContent = describeFrame(frame, position, timed);
  }

  function thumb(frame, index) {
    const { width, height, jpeg } = frame.image;
    return h(
      "button",
      {
        type: "button",
        class: frame.pad_score === null ? "none" : frame.pad_score > current.report.threshold ? "above" : "",
        "aria-pressed": "false",
        "aria-label": describeFrame(frame, index, current.timed),
        onclick: () => pick(index, true),
      },
      h("img", { src: jpegUrl(jpeg), alt: "", width, height, loading: "lazy" }),
      h("span", { "aria-hidden": "true" }, frame.pad_score === null ? "no face" : frame.pad_score.toFixed(2)),
    );
  }

  root.append(
    h(
      "div",
      { class: "lead" },
      h(
        "div",
        {},
        h("h1", { tabindex: -1 }, "Check liveness"),
        h(
          "p",
          {},
          "Does the camera see a real person, or a presentation attack: a print, a screen, a mask? The PAD score (presentation attack detection) ranges from 0, a real person, to 1, an attack. It can be wrong: use it together with other checks.",
        ),
      ),
    ),
    note,
    grid,
    documentBox,
    curl.element,
  );
  acceptDrops(stage.parentElement, takeFirst);
  clear();

  return {
    take: takeFirst,
    hide: () => player?.pause(),
  };
}
