// The companies that the user may see, and may manage.

import { button, h } from "./dom.js";
import { actions, ask, field, lead, pager, table } from "./parts.js";
import { call, may } from "./session.js";

const PAGE = 50;
const SYSTEM = "system_company";

export const title = "Companies";

const nameField = (value = "") => field("Name", h("input", { name: "name", required: true, autocomplete: "off", value }));

export async function view(_, query, { signal, render }) {
  const page = await call("GET", `api/companies/?${new URLSearchParams({ limit: PAGE, offset: query.get("offset") ?? 0 })}`, {
    signal,
  });
  const then = (done) => done && render();
  const create = () =>
    ask("New company", "", "Create", (body) => call("POST", "api/companies/", { body }), { fields: [nameField()] }).then(then);
  return {
    content: [
      lead("Companies", "", may("companies") ? button("folder", "New company", create, { class: "primary" }) : null),
      h(
        "section",
        { class: "card", "aria-label": "Known companies" },
        table("Companies", ["Name", "State", ""], page.items.map((one) => row(one, then))),
        pager(page, (offset) => (location.hash = `companies?offset=${offset}`)),
      ),
    ],
  };
}

function row(one, then) {
  const path = `api/companies/${one.company_id}/`;
  const rename = () =>
    ask(`Rename ${one.name}`, "", "Rename", (body) => call("PATCH", path, { body }), { fields: [nameField(one.name)] }).then(then);
  const remove = () =>
    ask(
      `Delete ${one.name}?`,
      "All its users, folders and files are deleted for good, in the background.",
      "Delete",
      () => call("DELETE", path),
      { tone: "danger" },
    ).then(then);
  const changeable = may("companies") && one.name !== SYSTEM && !one.in_deletion;
  return h(
    "tr",
    {},
    h("td", {}, one.name),
    h("td", { class: "fine" }, one.in_deletion ? "Is being deleted" : "Active"),
    actions(
      changeable ? button("", "Rename", rename, { "aria-label": `Rename: ${one.name}` }) : null,
      changeable ? button("", "Delete", remove, { "aria-label": `Delete: ${one.name}` }) : null,
    ),
  );
}
