// One media item: the PAD score, frame by frame.

import { about, isPhoto, liveness as inspect, onFacts } from "./api.js";
import { fromCamera } from "./camera.js";
import { button, h, icon, iconButton, jpegUrl } from "./dom.js";
import { chooser, invitation, leftOut, takesDrops } from "./drop.js";
import { bestShot, hints, outcome, papers, statuses } from "./evidence.js";
import { framed, outlines } from "./photo.js";
import { body, part, recipe } from "./recipe.js";
import { timePlot, told } from "./timeline.js";
import { analysisError, bytes, trouble } from "./words.js";

const MEDIA = "image/*,video/*,.heic,.heif,.mkv,.avi,.zip,.tar,.tgz,.gz";
const KINDS = { IMAGE_FOLDER: "photo", VIDEO_FOLDER: "video", SHOTS_SET_FOLDER: "archive of photos" };

export const title = "Liveness";

const onePhoto = (file) => [...body(file, "selfie.jpg"), "v1/face/liveness/detect"];
// An archive may be labelled as a kind of file that no media item is.
const form = (file) => [
  !file || file.type.startsWith("video/") ? part("video1", file, "selfie.mp4") : part("medium1", { name: file.name }),
  `-F 'payload={"analyses": [{"type": "quality", "params": {"extract_best_shot": true}}]}'`,
  "v1/face/liveness/detect",
];

export function mount(root) {
  const stage = h("div", { class: "stage" });
  const facts = h("div", { class: "facts" });
  const head = h("header");
  const verdict = h("div", { class: "verdict", role: "status", "aria-live": "polite" });
  const plot = timePlot((index) => pick(index, true));
  const strip = h("div", { class: "strip-of-frames", role: "group", "aria-label": "Frames that were looked at" });
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
  const paper = h("div");
  const grid = h(
    "div",
    { class: "alive" },
    h("section", { class: "card photo", "aria-label": "Media item" }, head, stage, facts),
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
  const curl = recipe();
  let abort = null;
  let current = null;
  let player = null;
  let url = "";
  let sought = -1;
  onFacts(() => stage.classList.contains("vacant") && clear());

  function clear() {
    const focused = head.parentElement.contains(document.activeElement);
    abort?.abort();
    forget();
    head.replaceChildren(h("h2", {}, "Media item"));
    const choose = chooser("film", "Choose file", ([file]) => take(file), { accept: MEDIA }, { class: "primary" });
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
    curl.show(onePhoto(), form());
    verdict.replaceChildren(
      ...(about.liveness
        ? hints()
        : [h("p", { class: "quiet" }, "The liveness models are not loaded on this server.")]),
    );
    if (focused) choose[0].focus();
  }

  const another = () => chooser("film", "Another file", ([file]) => take(file), { accept: MEDIA });

  function forget() {
    if (url) URL.revokeObjectURL(url);
    [url, current, player] = ["", null, null];
    note.textContent = "";
    curve.hidden = true;
    grid.classList.remove("moving");
    [shot, states, paper].forEach((one) => one.replaceChildren());
  }

  function takeFirst([file, ...more]) {
    take(file);
    note.textContent = leftOut(more.length, "one media item is checked at a time");
  }

  async function take(file) {
    if (!file) return;
    abort?.abort();
    const own = (abort = new AbortController());
    const focused = head.parentElement.contains(document.activeElement);
    forget();
    head.replaceChildren(h("h2", {}, "Media item"), iconButton("cross", "Remove the media item", clear));
    if (focused) head.querySelector("button").focus();
    stage.className = "stage";
    const busy = h("span", {}, `Looking at ${file.name} …`);
    stage.replaceChildren(
      h("p", { class: "busy", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), busy),
    );
    facts.replaceChildren();
    curl.show(isPhoto(file) ? onePhoto(file) : form(file));
    verdict.replaceChildren(h("p", { class: "quiet" }, "One moment …"));
    try {
      const answer = await inspect(file, {
        signal: own.signal,
        onpause: () => (busy.textContent = "The server is busy; waiting …"),
      });
      if (own === abort) show(file, answer);
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
        trouble(
          error,
          button("", "Try again", () => take(file)),
          another(),
          button("", "Remove", clear),
        ),
      );
      verdict.replaceChildren(h("p", { class: "quiet" }, "There is no score."));
    }
  }

  function show(file, answer) {
    const [medium] = answer.document.media;
    const { width, height, duration } = medium.info.video ?? medium.info.original ?? medium.info.shots_set;
    const clock = medium.media_type === "VIDEO_FOLDER";
    const end = Math.max(duration ?? 0, ...answer.frames.map((frame) => frame.time), 0.1);
    current = { answer, clock };
    const words = [
      KINDS[medium.media_type],
      `${width} × ${height} pixels`,
      duration ? `${duration.toFixed(1)} s` : null,
      bytes(file.size),
    ];
    facts.replaceChildren(
      h("p", { class: "file", title: file.name }, file.name),
      h("p", { class: "fine" }, words.filter(Boolean).join(" · ")),
      h("p", { class: "row" }, another()),
    );
    if (clock) play(file, width, height);
    const [analysis] = answer.document.analyses;
    verdict.replaceChildren(...(answer.score === null ? [trouble(analysisError(analysis, answer.requestId))] : outcome(answer)));
    curve.hidden = answer.frames.length < 2;
    if (!curve.hidden) {
      plot.show({ ...answer, clock, end });
      strip.replaceChildren(...answer.frames.map(thumb));
    }
    pick(
      answer.frames.findIndex((frame) => frame.attack !== null),
      true,
    );
    grid.classList.toggle("moving", answer.frames.length > 1);
    shot.replaceChildren(...bestShot(analysis, file));
    states.replaceChildren(statuses(answer.document, analysis));
    paper.replaceChildren(papers(answer.document));
  }

  /** Show the video itself; where the browser cannot, the frames stand for it. */
  function play(file, width, height) {
    url = URL.createObjectURL(file);
    const video = h("video", {
      src: url,
      controls: true,
      muted: true,
      playsinline: true,
      preload: "auto",
      "aria-label": `${file.name}, playing it moves the mark in the plot`,
    });
    video.muted = true;
    video.addEventListener("timeupdate", () => plot.cursor(video.currentTime));
    video.addEventListener("play", unpick);
    video.addEventListener("seeking", () => {
      // Players round, and stay within the video.
      if (Math.abs(video.currentTime - Math.min(sought, video.duration)) > 0.001) unpick();
    });
    video.addEventListener("error", () => {
      player = null;
      facts.append(h("p", { class: "fine" }, "This browser cannot play the video; its frames are shown."));
      pick(0, false);
    });
    player = video;
    stage.replaceChildren(framed(width, height, video));
  }

  /** The video shows another moment than that of the picked frame. */
  function unpick() {
    sought = -1;
    stage.querySelector(".outlines")?.remove();
    readout.textContent = "";
    press(-1);
  }

  function press(place) {
    strip.querySelectorAll("button").forEach((one, n) => one.setAttribute("aria-pressed", String(n === place)));
    plot.pick(place);
  }

  /** Show a frame of the media item. seek: move the video there. */
  function pick(index, seek) {
    const { answer, clock } = current;
    const place = index < 0 ? 0 : index;
    const frame = answer.frames[place];
    if (!frame) return stage.replaceChildren(h("p", { class: "quiet" }, "No frame was looked at."));
    const { width, height, jpeg } = frame.picture;
    const box =
      frame.box &&
      outlines(width, height, [{ role: "subject", box: frame.box.map((edge, n) => edge * (n % 2 ? height : width)) }]);
    if (player) {
      stage.querySelector(".outlines")?.remove();
      if (seek) {
        player.pause();
        player.currentTime = sought = frame.time;
      }
      // A frame that was turned to find its face does not lie as the video does.
      if (box && player.paused && !frame.turned) player.after(box);
    } else {
      const name = `${frame.name || (answer.frames.length > 1 ? `Frame ${place + 1}` : "The photo")}${frame.box ? ", the face outlined" : ", no face found"}`;
      stage.replaceChildren(framed(width, height, h("img", { src: jpegUrl(jpeg), alt: name, width, height }), box));
    }
    press(place);
    if (clock && seek) plot.cursor(frame.time);
    readout.textContent = told(frame, place, clock);
  }

  function thumb(frame, index) {
    const { width, height, jpeg } = frame.picture;
    return h(
      "button",
      {
        type: "button",
        class: frame.attack === null ? "none" : frame.attack > current.answer.threshold ? "above" : "",
        "aria-pressed": "false",
        "aria-label": told(frame, index, current.clock),
        onclick: () => pick(index, true),
      },
      h("img", { src: jpegUrl(jpeg), alt: "", width, height, loading: "lazy" }),
      h("span", { "aria-hidden": "true" }, frame.attack === null ? "no face" : frame.attack.toFixed(2)),
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
          "Is a person in front of the camera, or a picture, a screen, a print? The score is the chance of such an attack. It errs: take it as one sign among others.",
        ),
      ),
    ),
    note,
    grid,
    paper,
    curl.element,
  );
  takesDrops(stage.parentElement, takeFirst);
  clear();

  return {
    take: takeFirst,
    hide: () => player?.pause(),
  };
}
