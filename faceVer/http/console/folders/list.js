// The list of folders. Its filters are in the address, so that Back and bookmarks keep them.

import { button, h, icon } from "./dom.js";
import { LABELS, badge, field, fileUrl, lead, pager, select, table, time } from "./parts.js";
import { call } from "./session.js";
import { uploadDialog } from "./upload.js";

const PAGE = 25;
const RESULTS = [["", "Any"], ...Object.entries(LABELS)];
const DECISIONS = [
  ["", "Any"],
  ["null", "None"],
  ["SUCCESS", LABELS.SUCCESS],
  ["DECLINED", LABELS.DECLINED],
];
const TEXTS = ["system_resolution", "operator_status", "search_text", "meta_data"];

export const title = "Folders";

/** The query of the API for the filters of the page's address. Days are those of the user's time zone. */
function apiQuery(filters) {
  const query = new URLSearchParams({ limit: PAGE, offset: filters.get("offset") ?? 0, with_user: true });
  for (const name of TEXTS) if (filters.get(name)) query.set(name, filters.get(name));
  if (filters.get("from")) query.set("time_created.min", new Date(`${filters.get("from")}T00:00`) / 1000);
  if (filters.get("to")) query.set("time_created.max", new Date(`${filters.get("to")}T23:59:59.999`) / 1000);
  return query;
}

const open = (filters) => (location.hash = `folders?${filters}`);

function filterForm(filters) {
  const input = (name, type, properties = {}) => h("input", { name, type, value: filters.get(name) ?? "", ...properties });
  const form = h(
    "form",
    { class: "card filters-form", role: "search", "aria-label": "Filters" },
    field("Result", select(RESULTS, filters.get("system_resolution") ?? "", { name: "system_resolution" })),
    field("Operator", select(DECISIONS, filters.get("operator_status") ?? "", { name: "operator_status" })),
    field("From", input("from", "date")),
    field("To", input("to", "date")),
    field("Id or file name", input("search_text", "search")),
    field("Metadata", input("meta_data", "text", { placeholder: "client.id==42", autocomplete: "off", spellcheck: "false" })),
    h(
      "div",
      { class: "row" },
      h("button", { type: "submit", class: "primary" }, "Apply"),
      button("", "Reset", () => open("")),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    open(new URLSearchParams([...new FormData(form)].filter(([, value]) => value)));
  });
  return form;
}

function row(folder) {
  const thumb = folder.media.find((item) => item.thumb_url);
  const names = folder.media.map((item) => item.original_name).filter(Boolean);
  const image = thumb
    ? h("img", { src: fileUrl(thumb.thumb_url), alt: "", class: "thumb", loading: "lazy" })
    : h("span", { class: "thumb" }, icon(folder.is_cleared ? "cross" : "folder"));
  const summary = folder.is_cleared ? "Personal data erased" : names.join(", ") || "No media";
  return h(
    "tr",
    {},
    h(
      "td",
      {},
      h(
        "div",
        { class: "photo-name" },
        image,
        h(
          "div",
          { class: "clipped" },
          h("a", { href: `#folder/${folder.folder_id}`, class: "mono" }, folder.folder_id.slice(0, 8)),
          h("div", { class: "fine file" }, summary),
        ),
      ),
    ),
    h("td", {}, time(folder.time_created)),
    h("td", {}, badge(folder.system_resolution)),
    h("td", {}, badge(folder.operator_status)),
    h("td", { class: "fine" }, folder.user?.email ?? "–"),
  );
}

export async function view(_, filters, { signal }) {
  const page = await call("GET", `api/folders/?${apiQuery(filters)}`, { signal });
  const filtered = [...filters.keys()].length > 0;
  const go = (offset) => {
    const next = new URLSearchParams(filters);
    next.set("offset", offset);
    open(next);
  };
  const nothing = filtered ? "No folder matches the filters." : "There is no folder yet.";
  return {
    content: [
      lead("Folders", "", button("upload", "New folder", uploadDialog, { class: "primary" })),
      filterForm(filters),
      h(
        "section",
        { class: "card", "aria-label": "Found folders" },
        page.items.length
          ? table("Folders", ["Folder", "Created", "Result", "Operator", "Owner"], page.items.map(row))
          : h("p", { class: "quiet", role: "status" }, nothing),
        pager(page, go),
      ),
    ],
  };
}
