// Counts by day and company.

import { button, h, save } from "./dom.js";
import { LABELS, attempt, field, lead, table } from "./parts.js";
import { call } from "./session.js";

const DAY = 86_400;
const DAYS = 30;
const RESULTS = ["SUCCESS", "OPERATOR_REQUIRED", "DECLINED", "FAILED"];

export const title = "Statistics";

const NAMES = { FOLDER: "Folders", QUALITY: "Liveness", BIOMETRY: "Same person" };
const share = (value) => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);
const seconds = (value) => (value === null ? "–" : `${value.toFixed(1)} s`);

export async function view(_, query, { signal }) {
  const days = Math.min(366, Math.max(1, Math.round(Number(query.get("days"))) || DAYS));
  const since = Math.floor(Date.now() / 1000 / DAY - days + 1) * DAY;
  const path = `api/statistics/?time_created.min=${since}`;
  const [found, companies] = await Promise.all([
    call("GET", path, { signal }),
    call("GET", "api/companies/?limit=5000", { signal }),
  ]);
  const names = Object.fromEntries(companies.items.map((one) => [one.company_id, one.name]));
  const place = h("div");
  const csv = button("download", "CSV", () =>
    attempt(csv, place, async () => save("statistics.csv", await call("GET", `${path}&format=csv`, { as: "blob" }))),
  );
  const input = h("input", { type: "number", min: 1, max: 366, value: days });
  const form = h(
    "form",
    { class: "row filters", role: "search" },
    field("Days", input),
    h("button", { type: "submit" }, "Show"),
    csv,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = `statistics?days=${input.value}`;
  });
  const heads = ["What", "Number", ...RESULTS.map((result) => LABELS[result]), "Conversion", "Errors", "Median", "95 %"];
  const cells = (item) => [
    NAMES[item.type] ?? item.type,
    item.total,
    ...RESULTS.map((result) => item.results[result]),
    share(item.conversion),
    share(item.error_rate),
    seconds(item.seconds_median),
    seconds(item.seconds_p95),
  ];
  const row = (...texts) =>
    h(
      "tr",
      {},
      texts.map((text) => h("td", {}, String(text))),
    );
  const card = (name, ...content) =>
    h("section", { class: "card", "aria-label": name }, h("header", {}, h("h2", {}, name)), content);
  return {
    content: [
      lead("Statistics", "By the day of creation, in UTC."),
      card("In total", form, place, table("Totals", heads, found.totals.map((item) => row(...cells(item))))),
      card(
        "By day",
        table(
          "Days",
          ["Day", "Company", ...heads],
          found.items.map((item) => row(item.day, names[item.company_id] ?? "–", ...cells(item))),
        ),
      ),
    ],
  };
}
