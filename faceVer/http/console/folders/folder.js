// The page of one folder. It is loaded again every second while analyses run.

import { analysisCard } from "./analyses.js";
import { button, h } from "./dom.js";
import { mediaCard } from "./media.js";
import { ask, attempt, badge, errorBox, field, lead, select, time } from "./parts.js";
import { call, may } from "./session.js";

const POLL_MILLISECONDS = 1000;
const DECISIONS = [
  ["", "No decision"],
  ["SUCCESS", "Passed"],
  ["DECLINED", "Declined"],
];

export const title = "Folder";

const ID = /^[0-9a-f-]{36}$/;

export async function view(id, _, { signal, isOpen, render }) {
  if (!ID.test(id)) return { content: [lead("Folder", "This is not a folder's id.")] };
  const path = `api/folders/${id}/`;
  const folder = await call("GET", `${path}?with_user=true&with_company=true`, { signal });
  if (folder.resolution_status === "PROCESSING") poll(path, folder, { isOpen, render });
  return { content: content(folder, path, render) };
}

/** Look for changes until there is one, or another view is open. */
async function poll(path, before, { isOpen, render }) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    if (!isOpen()) return;
    if (document.hidden || document.querySelector("dialog, textarea:focus")) continue;
    const folder = await call("GET", `${path}?with_analyses=false`).catch(() => null);
    if (folder && isOpen() && folder.time_updated !== before.time_updated) return render();
  }
}

function content(folder, path, render) {
  const analyses = folder.analyses ?? [];
  return [
    lead(
      `Folder ${folder.folder_id.slice(0, 8)}`,
      h("span", { class: "mono" }, folder.folder_id),
      may("remove") ? removal(folder, path, render) : null,
    ),
    h(
      "div",
      { class: "folder-grid" },
      h("div", { class: "stack" }, mediaCard(folder), metadataCard(folder)),
      h(
        "div",
        { class: "stack" },
        statusCard(folder),
        may("judge") ? operatorCard(folder, path, render) : null,
        analyses.map((analysis) => analysisCard(analysis, render)),
      ),
    ),
  ];
}

function removal(folder, path, render) {
  const erase = () =>
    ask(
      "Erase personal data?",
      "Media, thumbnails, best shots, file names, metadata and comments are deleted for good. Scores and statuses stay.",
      "Erase",
      () => call("DELETE", `${path}pi/`),
      { tone: "danger" },
    ).then((done) => done && render());
  const remove = () =>
    ask("Delete the folder?", "The folder, its media and its results are deleted for good.", "Delete", () => call("DELETE", path), {
      tone: "danger",
    }).then((done) => done && (location.hash = "folders"));
  return [
    folder.is_cleared ? null : button("", "Erase personal data", erase),
    button("", "Delete folder", remove),
  ];
}

function statusCard(folder) {
  const rows = [
    ["Result", badge(folder.system_resolution)],
    ["Analyses", badge(folder.resolution_status === "FINISHED" ? null : folder.resolution_status)],
    ["Operator", badge(folder.operator_status)],
    ["Created", time(folder.time_created)],
    ["Changed", time(folder.time_updated)],
    ["Owner", folder.user?.email ?? "–"],
    ["Company", folder.company?.name ?? "–"],
  ];
  if (folder.resolution_status === "FINISHED") rows.splice(1, 1);
  return h(
    "section",
    { class: "card", "aria-label": "Status" },
    h("header", {}, h("h2", {}, "Status")),
    folder.is_cleared ? h("p", { class: "notice" }, "The personal data of this folder was erased.") : null,
    h(
      "dl",
      { class: "pairs", role: folder.resolution_status === "PROCESSING" ? "status" : null },
      rows.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
    ),
  );
}

function operatorCard(folder, path, render) {
  const decision = select(DECISIONS, folder.operator_status ?? "");
  const comment = h("textarea", { rows: 2, maxlength: 2000 });
  comment.value = folder.operator_comment ?? "";
  const place = h("div");
  const submit = h("button", { type: "submit" }, "Save");
  const form = h(
    "form",
    { class: "card", "aria-label": "Operator's decision" },
    h("header", {}, h("h2", {}, "Operator's decision")),
    field("Decision", decision),
    field("Comment", comment),
    place,
    h("div", { class: "row" }, submit),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { operator_status: decision.value || null, operator_comment: comment.value || null };
    if (await attempt(submit, place, () => call("PATCH", path, { body }))) render();
  });
  return form;
}

function metadataCard({ meta_data: data }) {
  if (!Object.keys(data).length) return null;
  return h(
    "section",
    { class: "card", "aria-label": "Metadata" },
    h("header", {}, h("h2", {}, "Metadata")),
    h("pre", { tabindex: 0 }, h("code", {}, JSON.stringify(data, null, 2))),
  );
}

export const failed = (error) => errorBox(error, h("a", { href: "#folders" }, "All folders"));
