// The Status view: health, load, models, thresholds and limits of the server.

import { about, loadStatus, onAboutChanged } from "./api.js";
import { h, icon } from "./dom.js";
import { errorBox, formatBytes, formatDuration } from "./messages.js";
import { sparkline } from "./svg.js";

const POLL_SECONDS = 2;
const MAX_RATES = 60;

export const title = "Status";

export function mount(root, { onhealth }) {
  const health = h("div", { class: "tiles" });
  const load = h("div", { class: "tiles load" });
  const errors = h("div");
  const heading = h("h1", { tabindex: -1 }, "Server status");
  const lead = h("div", { class: "lead" });
  const facts = h("div", { class: "server-facts" });
  let rates = [];
  let last = null;
  let timer = null;
  let abort = null;

  async function poll() {
    abort = new AbortController();
    try {
      const status = await loadStatus(abort.signal);
      const seconds = performance.now() / 1000;
      const total = Object.values(status.requests).reduce((sum, count) => sum + count, 0);
      if (last) rates = [...rates, Math.max(0, (total - last.total) / (seconds - last.seconds))].slice(-MAX_RATES);
      last = { seconds, total };
      errors.replaceChildren();
      health.replaceChildren(...healthTiles(status.health));
      load.replaceChildren(...loadTiles(status, rates));
      onhealth(status.health);
    } catch (error) {
      if (error.name === "AbortError") return;
      errors.replaceChildren(errorBox(error));
      [rates, last] = [[], null];
      onhealth(error);
    }
    if (timer !== null) timer = setTimeout(tick, POLL_SECONDS * 1000);
  }

  // A page in the background sends no requests.
  const tick = () => (document.hidden ? (timer = setTimeout(tick, POLL_SECONDS * 1000)) : poll());

  function showFacts() {
    const summary = `FaceVer ${about.version} on ${about.runtime}. The numbers cover all processes of the server and are updated every ${POLL_SECONDS} seconds.`;
    lead.replaceChildren(
      h("div", {}, heading, h("p", {}, summary)),
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

  root.append(lead, errors, health, load, facts);
  onAboutChanged(showFacts);
  showFacts();

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
  const tile = (name, description, fault) =>
    h(
      "section",
      { class: `card tile state ${fault ? "bad" : "good"}`, "aria-label": name },
      h("span", { class: "medal" }, icon(fault ? "alert" : "check")),
      h(
        "div",
        {},
        h("h2", {}, name),
        h("p", { class: "strong" }, fault ? "Does not work" : "Works"),
        h("p", { class: "fine" }, fault || description),
      ),
    );
  return [
    tile("Face templates", "Detection and recognition ran within the last seconds.", pattern),
    tile("Liveness", "Detection and the liveness models ran within the last seconds.", liveness),
  ];
}

function loadTiles(status, rates) {
  const rate = rates.at(-1);
  const counts = Object.entries(status.requests)
    .map(([digit, number]) => `${number.toLocaleString("en")} × ${digit}xx`)
    .join(", ");
  const tile = (name, value, note) =>
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
      sparkline(rates, MAX_RATES),
      h("p", { class: "fine" }, counts ? `Since the start: ${counts}` : "No request yet"),
    ),
    tile(
      "In progress",
      String(status.in_flight),
      status.queue ? `${status.queue} waiting for a thread` : "none waiting",
    ),
    tile("Rejected", status.overloads.toLocaleString("en"), "with 503, since the start"),
    tile("Faces", status.faces.toLocaleString("en"), "found since the start"),
    tile("Memory", formatBytes(status.memory), `${status.workers} ${status.workers === 1 ? "process" : "processes"}`),
    tile(
      "Uptime",
      formatDuration(status.uptime),
      `${status.connections} open ${status.connections === 1 ? "connection" : "connections"}`,
    ),
  ];
}

function models() {
  const hasLicences = about.models.some((model) => model.licence);
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
          hasLicences ? h("th", { scope: "col" }, "Licence") : null,
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
            hasLicences ? h("td", {}, model.licence || "not stated") : null,
          ),
        ),
      ),
    ),
    about.calibration.source
      ? h("p", { class: "fine" }, `Scores are calibrated on ${about.calibration.source}.`)
      : h("p", { class: "fine" }, "Scores of this model are not calibrated, so they are provisional."),
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
  const { approve, operator, pad } = about.thresholds;
  return list(
    "Thresholds",
    [
      ["Approved from score", String(approve)],
      operator < approve ? ["A person decides from score", String(operator)] : null,
      ["Attack above PAD score", String(pad)],
    ].filter(Boolean),
  );
}

function limits() {
  const { file_bytes, request_bytes, pixels, media, video_seconds, archive_members, frames } = about.limits;
  return list("Limits", [
    ["File", formatBytes(file_bytes)],
    ["Request", formatBytes(request_bytes)],
    ["Photo", `${(pixels / 1e6).toLocaleString("en")} million pixels`],
    ["Media in a folder", String(media)],
    ["Video", formatDuration(video_seconds)],
    ["Photos in an archive", String(archive_members)],
    ["Frames analyzed", String(frames)],
  ]);
}
