// What the views share: messages, badges, times, tables, dialogs.

import { button, h, icon } from "./dom.js";

/** Code of the Oz API -> what happened; null: the server's own message says it. */
const CODES = {
  0: "The server failed. Try again.",
  3: null,
  4: null,
  5: null,
  7: "Wrong email or password.",
  9: "You have no right to do that.",
  10: "It does not exist, or no longer.",
  11: "The file storage does not respond. Try again in a moment.",
  12: "The database does not respond. Try again in a moment.",
  13: "There is one of this name already.",
  101: "Too many failed attempts. Try again in a minute.",
  202: null,
  1401: "This account is blocked.",
};

/** What went wrong, for the user. */
export function explain({ status, code, message }) {
  if (status === 0) return "The server cannot be reached. Try again.";
  if (code === 0 && status === 503) return "The server is busy. Try again in a moment.";
  return CODES[code] ?? message;
}

export const errorBox = (error, ...actions) =>
  h(
    "div",
    { class: "notice bad", role: "alert" },
    icon("alert"),
    h("div", {}, h("p", {}, explain(error)), actions.length ? h("p", { class: "row" }, actions) : null),
  );

/** Run `work()`; while it runs the button is disabled, and its error is shown in `place`. Returns whether it worked. */
export async function attempt(control, place, work) {
  place.replaceChildren();
  control.disabled = true;
  try {
    await work();
    return true;
  } catch (error) {
    place.replaceChildren(errorBox(error));
    return false;
  } finally {
    control.disabled = false;
  }
}

const TONES = { SUCCESS: "good", DECLINED: "bad", FAILED: "bad", OPERATOR_REQUIRED: "warn" };
const ICONS = { SUCCESS: "check", DECLINED: "cross", FAILED: "alert", OPERATOR_REQUIRED: "person" };
export const LABELS = {
  INITIAL: "No analysis",
  PROCESSING: "Processing",
  SUCCESS: "Passed",
  DECLINED: "Declined",
  FAILED: "Failed",
  OPERATOR_REQUIRED: "Operator",
};

/** A status with its icon; "–" for none. */
export const badge = (status) =>
  status
    ? h(
        "span",
        { class: `badge ${TONES[status] ?? "plain-badge"}` },
        ICONS[status] ? icon(ICONS[status]) : null,
        LABELS[status] ?? status,
      )
    : h("span", { class: "muted" }, "–");

const TIMES = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
export const time = (seconds) =>
  h("time", { datetime: new Date(seconds * 1000).toISOString() }, TIMES.format(seconds * 1000));

/** The address of a stored file, relative to the page: the server may know another address of itself. */
export const fileUrl = (url) => (url ? url.slice(url.indexOf("/static/") + 1) : "");

let fields = 0;
/** A control below its label. note: below the control. */
export function field(label, control, note = "") {
  control.id ||= `field-${++fields}`;
  return h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, label),
    control,
    note ? h("span", { class: "fine" }, note) : null,
  );
}

/** A select of [value, text] pairs. */
export const select = (pairs, value = "", properties = {}) =>
  h(
    "select",
    properties,
    pairs.map(([option, text]) => h("option", { value: option, selected: option === value }, text)),
  );

/** A table. heads: names of columns, "" for one of buttons. */
export const table = (name, heads, rows) =>
  h(
    "div",
    { class: "scroller", role: "region", "aria-label": name, tabindex: 0 },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((head) => h("th", { scope: "col" }, head || h("span", { class: "visually-hidden" }, "Actions"))),
        ),
      ),
      h("tbody", {}, rows),
    ),
  );

/** The cell of a row's buttons. */
export const actions = (...buttons) => h("td", {}, h("div", { class: "row actions" }, buttons));

/** The title of a view, with a sentence and buttons. */
export const lead = (title, note, ...actions) =>
  h(
    "div",
    { class: "lead" },
    h("div", {}, h("h1", { tabindex: -1 }, title), note ? h("p", {}, note) : null),
    actions.length ? h("p", { class: "row" }, actions) : null,
  );

/** Buttons of pages. go(offset) opens one. */
export function pager({ offset, limit, total_count: total, items }, go) {
  if (!total) return null;
  const last = offset + items.length;
  return h(
    "div",
    { class: "row pager" },
    h("span", { role: "status" }, `${items.length ? offset + 1 : offset}–${last} of ${total}`),
    button("", "Previous", () => go(Math.max(0, offset - limit)), { disabled: offset === 0 }),
    button("", "Next", () => go(offset + limit), { disabled: last >= total }),
  );
}

/** Ask in a dialog. work(values): what its button does; an error is shown, and the dialog stays open. Resolves to
 * whether it was done. fields: elements with a `name`. */
export function ask(title, text, label, work, { fields = [], tone = "primary" } = {}) {
  return new Promise((resolve) => {
    const place = h("div");
    const submit = h("button", { type: "submit", class: tone }, label);
    const cancel = button("", "Cancel", () => dialog.close());
    const form = h(
      "form",
      { class: "stack" },
      text ? h("p", {}, text) : null,
      fields,
      place,
      h("div", { class: "row" }, submit, cancel),
    );
    const dialog = h(
      "dialog",
      { "aria-labelledby": "dialog-title" },
      h("header", {}, h("h2", { id: "dialog-title" }, title)),
      form,
    );
    let done = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      done = await attempt(submit, place, () => work(Object.fromEntries(new FormData(form))));
      if (done) dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
