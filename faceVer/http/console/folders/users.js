// The accounts that the user may see, and may manage.

import { button, h } from "./dom.js";
import { actions, ask, field, lead, pager, select, table } from "./parts.js";
import { call, may, user } from "./session.js";

const PAGE = 50;
const SYSTEM_ROLES = ["ADMIN", "OPERATOR"];
const SYSTEM_COMPANY = "system_company";
const COMPANY_ROLES = ["CLIENT", "CLIENT_SERVICE", "CLIENT_OPERATOR", "CLIENT_ADMIN"];

export const title = "Users";

const input = (name, properties = {}) => h("input", { name, required: true, ...properties });
const newPassword = (name) => input(name, { type: "password", autocomplete: "new-password" });

export async function view(_, query, { signal, render }) {
  const offset = query.get("offset") ?? 0;
  const search = query.get("search_text") ?? "";
  const parameters = new URLSearchParams({ limit: PAGE, offset, search_text: search, sorting: "email{asc}", with_company: true });
  const page = await call("GET", `api/users/?${parameters}`, { signal });
  const go = (offset, text = search) => (location.hash = `users?${new URLSearchParams({ offset, search_text: text })}`);
  const box = h("input", { type: "search", "aria-label": "Email or name", placeholder: "Email or name", value: search });
  const form = h("form", { class: "row filters", role: "search" }, box, h("button", { type: "submit" }, "Search"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(0, box.value.trim());
  });
  return {
    content: [
      lead("Users", "", may("manage") ? button("person", "New user", () => create(render), { class: "primary" }) : null),
      h(
        "section",
        { class: "card", "aria-label": "Accounts" },
        form,
        table("Users", ["Email", "Name", "Role", "Company", "State", ""], page.items.map((one) => row(one, render))),
        pager(page, go),
      ),
    ],
  };
}

function row(one, render) {
  const own = one.user_id === user().user_id;
  const then = (done) => done && render();
  const path = `api/users/${one.user_id}/`;
  const block = () =>
    ask(
      one.is_active ? `Block ${one.email}?` : `Unblock ${one.email}?`,
      one.is_active ? "All sessions of this account end at once." : "",
      one.is_active ? "Block" : "Unblock",
      () => call("PATCH", path, { body: { is_active: !one.is_active } }),
      { tone: one.is_active ? "danger" : "primary" },
    ).then(then);
  return h(
    "tr",
    {},
    h("td", {}, one.email),
    h("td", {}, [one.first_name, one.middle_name, one.last_name].filter(Boolean).join(" ")),
    h("td", { class: "fine" }, one.user_type),
    h("td", { class: "fine" }, one.company?.name ?? "–"),
    h("td", {}, h("span", { class: `badge ${one.is_active ? "good" : "bad"}` }, one.is_active ? "Active" : "Blocked")),
    actions(
      may("manage") || own ? button("", "Password", () => setPassword(one, path, own).then(then), named("Password", one)) : null,
      may("manage") && !own
        ? button("", one.is_active ? "Block" : "Unblock", block, named(one.is_active ? "Block" : "Unblock", one))
        : null,
    ),
  );
}

const named = (verb, { email }) => ({ "aria-label": `${verb}: ${email}` });

const setPassword = (one, path, own) =>
  ask(
    `New password of ${one.email}`,
    "It ends all sessions of this account.",
    "Set password",
    (values) => call("POST", `${path}change-password/`, { body: values }),
    {
      fields: [
        own
          ? field("Old password", input("old_password", { type: "password", autocomplete: "current-password" }))
          : null,
        field("New password", newPassword("new_password")),
      ],
    },
  );

async function create(render) {
  const companies = (await call("GET", "api/companies/?limit=5000")).items.filter((one) => one.name !== SYSTEM_COMPANY && !one.in_deletion);
  const roles = (may("companies") ? SYSTEM_ROLES : []).concat(COMPANY_ROLES);
  const done = await ask(
    "New user",
    "",
    "Create",
    ({ email, password, ...profile }) => {
      if (SYSTEM_ROLES.includes(profile.user_type)) delete profile.company_id;
      return call("POST", "api/users/", { body: { credentials: { email, password }, profile } });
    },
    {
      fields: [
        field("Email", input("email", { inputmode: "email", autocomplete: "off" })),
        field("Password", newPassword("password")),
        field("First name", input("first_name", { autocomplete: "off" })),
        field("Last name", input("last_name", { autocomplete: "off" })),
        field("Role", select(roles.map((role) => [role, role]), "CLIENT", { name: "user_type" })),
        field(
          "Company",
          select(companies.map((one) => [one.company_id, one.name]), user().company_id, { name: "company_id" }),
          may("companies") ? "ADMIN and OPERATOR belong to the system company." : "",
        ),
      ],
    },
  );
  if (done) render();
}
