// The server: health, load, what runs on it.

import { about, onFacts, status } from "./api.js";
import { h, icon } from "./dom.js";
import { sparkline } from "./plots.js";
import { bytes, duration, trouble } from "./words.js";

const SECONDS = 2;
const KEPT = 60;

export const title = "Status";

export function mount(root, { onhealth }) {
  const health = h("div", { class: "tiles" });
  const load = h("div", { class: "tiles load" });
  const failed = h("div");
  const heading = h("h1", { tabindex: -1 }, "Server status");
  const lead = h("div", { class: "lead" });
  const facts = h("div", { class: "facts-of-server" });
  let rates = [];
  let last = null;
  let timer = null;
  let abort = null;

  async function poll() {
    abort = new AbortController();
    try {
      const now = await status(abort.signal);
      const at = performance.now() / 1000;
      const total = Object.values(now.requests).reduce((sum, one) => sum + one, 0);
      if (last) rates = [...rates, Math.max(0, (total - last.total) / (at - last.at))].slice(-KEPT);
      last = { at, total };
      failed.replaceChildren();
      health.replaceChildren(...healthTiles(now.health));
      load.replaceChildren(...loadTiles(now, rates));
      onhealth(now.health);
    } catch (error) {
      if (error.name === "AbortError") return;
      failed.replaceChildren(trouble(error));
      [rates, last] = [[], null];
      onhealth(error);
    }
    if (timer !== null) timer = setTimeout(tick, SECONDS * 1000);
  }

  // Nobody looks at a page in the background.
  const tick = () => (document.hidden ? (timer = setTimeout(tick, SECONDS * 1000)) : poll());

  function tellFacts() {
    const words = `FaceVer ${about.version} on ${about.runtime}. The numbers are of all its processes, every ${SECONDS} seconds.`;
    lead.replaceChildren(
      h("div", {}, heading, h("p", {}, words)),
      h(
        "p",
        { class: "row links" },
        about.docs ? h("a", { href: "docs" }, "API documentation") : null,
        h("a", { href: "metrics" }, "Metrics (this server)"),
        h("a", { href: "version" }, "Version"),
      ),
    );
    facts.replaceChildren(models(), h("div", { class: "stack" }, thresholds(), limits()));
  }

  root.append(lead, failed, health, load, facts);
  onFacts(tellFacts);
  tellFacts();

  return {
    show() {
      if (timer === null) {
        timer = 0;
        poll();
      }
    },
    hide() {
      clearTimeout(timer);
      timer = null;
      abort?.abort();
      [rates, last] = [[], null];
    },
  };
}

function healthTiles({ pattern, liveness }) {
  const tile = (name, about, message) =>
    h(
      "section",
      { class: `card tile state ${message ? "bad" : "good"}`, "aria-label": name },
      h("span", { class: "medal" }, icon(message ? "alert" : "check")),
      h(
        "div",
        {},
        h("h2", {}, name),
        h("p", { class: "strong" }, message ? "Out of order" : "Works"),
        h("p", { class: "fine" }, message || about),
      ),
    );
  return [
    tile("Face templates", "Detection and recognition ran within the last seconds.", pattern),
    tile("Liveness", "Detection and the liveness models ran within the last seconds.", liveness),
  ];
}

function loadTiles(now, rates) {
  const rate = rates.at(-1);
  const counts = Object.entries(now.requests)
    .map(([digit, number]) => `${number.toLocaleString("en")} × ${digit}xx`)
    .join(", ");
  const figure = (name, value, note) =>
    h(
      "section",
      { class: "card tile", "aria-label": name },
      h("h2", {}, name),
      h("p", { class: "figure" }, value),
      h("p", { class: "fine" }, note),
    );
  return [
    h(
      "section",
      { class: "card tile wide", "aria-label": "Requests per second" },
      h("h2", {}, "Requests per second"),
      h("p", { class: "figure" }, rate === undefined ? "–" : rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)),
      sparkline(rates, KEPT),
      h("p", { class: "fine" }, counts ? `Since the start: ${counts}` : "No request yet"),
    ),
    figure("In work", String(now.in_flight), now.queue ? `${now.queue} waiting for a thread` : "none waiting"),
    figure("Refused", now.overloads.toLocaleString("en"), "with 503, since the start"),
    figure("Faces", now.faces.toLocaleString("en"), "found since the start"),
    figure("Memory", bytes(now.memory), `${now.workers} ${now.workers === 1 ? "process" : "processes"}`),
    figure(
      "Running",
      duration(now.uptime),
      `${now.connections} open ${now.connections === 1 ? "connection" : "connections"}`,
    ),
  ];
}

function models() {
  const known = about.models.some((model) => model.licence);
  return h(
    "section",
    { class: "card", "aria-label": "Models" },
    h("header", {}, h("h2", {}, "Models")),
    h(
      "table",
      { class: "plain" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Task"),
          h("th", { scope: "col" }, "Model"),
          known ? h("th", { scope: "col" }, "Licence") : null,
        ),
      ),
      h(
        "tbody",
        {},
        about.models.map((model) =>
          h(
            "tr",
            {},
            h("td", {}, model.task),
            h("td", {}, `${model.name} ${model.version}`, h("br"), h("span", { class: "mono fine" }, model.sha256)),
            known ? h("td", {}, model.licence || "not stated") : null,
          ),
        ),
      ),
    ),
    about.calibration.source
      ? h("p", { class: "fine" }, `Scores are calibrated on ${about.calibration.source}.`)
      : h("p", { class: "fine" }, "Scores are not calibrated for this model: they are provisional."),
  );
}

const list = (name, rows) =>
  h(
    "section",
    { class: "card", "aria-label": name },
    h("header", {}, h("h2", {}, name)),
    h(
      "dl",
      { class: "pairs" },
      rows.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
    ),
  );

function thresholds() {
  const { approve, operator, spoofing } = about.thresholds;
  return list(
    "Thresholds",
    [
      ["Approved from score", String(approve)],
      operator < approve ? ["A person decides from", String(operator)] : null,
      ["Attack above chance", String(spoofing)],
    ].filter(Boolean),
  );
}

function limits() {
  const { file_bytes, request_bytes, pixels, media, video_seconds, archive_members, frames } = about.limits;
  return list("Limits", [
    ["File", bytes(file_bytes)],
    ["Request", bytes(request_bytes)],
    ["Photo", `${(pixels / 1e6).toLocaleString("en")} million pixels`],
    ["Media of a folder", String(media)],
    ["Video", duration(video_seconds)],
    ["Photos of an archive", String(archive_members)],
    ["Frames looked at", String(frames)],
  ]);
}
