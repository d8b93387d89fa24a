// The Sign in view.

import { h } from "./dom.js";
import { attempt, field } from "./parts.js";
import { signIn } from "./session.js";

/** reason: why the user has to sign in again, or "". ondone: called after it. */
export function signInView(reason, ondone) {
  const email = h("input", { type: "text", inputmode: "email", autocomplete: "username", required: true });
  const password = h("input", { type: "password", autocomplete: "current-password", required: true });
  const place = h("div");
  const submit = h("button", { type: "submit", class: "primary" }, "Sign in");
  const form = h(
    "form",
    { class: "card sign-in" },
    h("h1", { tabindex: -1 }, "Sign in"),
    reason ? h("p", { class: "notice", role: "status" }, reason) : null,
    field("Email", email),
    field("Password", password),
    place,
    submit,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await attempt(submit, place, () => signIn(email.value.trim(), password.value))) ondone();
    else password.select();
  });
  return form;
}
