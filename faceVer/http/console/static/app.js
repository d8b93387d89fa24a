// The page around the views: navigation by the address's hash, API key, health.

import { about, loadAbout, loadStatus, onAboutChanged, onKeyRejected, setKey } from "./api.js";
import * as compare from "./compare.js";
import { button, h, replaceKeepingFocus } from "./dom.js";
import { acceptDrops } from "./files.js";
import * as liveness from "./liveness.js";
import { errorBox } from "./messages.js";
import * as search from "./search.js";
import * as status from "./status.js";
import "./theme-button.js";

const VIEWS = { compare, search, liveness, status };
const HEALTH_SECONDS = 30;

const main = document.getElementById("main");
const pill = document.getElementById("health");
const mounted = {};
let current = "";

function open(first = false) {
  const name = VIEWS[location.hash.slice(1)] ? location.hash.slice(1) : "compare";
  if (name === current) return;
  // A dialog of the previous view would keep the focus from the next one.
  document.querySelector("dialog")?.dispatchEvent(new Event("cancel"));
  mounted[current]?.hide?.();
  if (current) mounted[current].root.hidden = true;
  if (!mounted[name]) {
    const root = h("div", { class: `view ${name}` });
    main.append(root);
    mounted[name] = { root, ...VIEWS[name].mount(root, { onhealth: showHealth }) };
  }
  current = name;
  mounted[name].root.hidden = false;
  mounted[name].show?.();
  document.title = `${VIEWS[name].title} – FaceVer`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!first) {
    mounted[name].root.querySelector("h1").focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

// The link's own address would open a view, because the hash names the view.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

// ---- health

/** health: {pattern, liveness}, each the fault or ""; or the error of the request for it. */
function showHealth(health) {
  // A server that requires a key does respond.
  const unreachable = health instanceof Error && health.status !== 401;
  const fault = unreachable ? "No response" : health.pattern || health.liveness ? "Fault" : "";
  pill.className = `pill ${fault ? "bad" : "good"}`;
  pill.querySelector(".label").textContent = fault || "Ready";
}

async function checkHealth() {
  if (document.hidden || current === "status") return;
  try {
    showHealth((await loadStatus()).health);
  } catch (error) {
    showHealth(error);
  }
}

// ---- key

const form = document.getElementById("key");
const field = document.getElementById("key-field");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  checkHealth();
});
field.addEventListener("input", () => {
  setKey(field.value);
  field.removeAttribute("aria-invalid");
});
onKeyRejected(() => {
  form.hidden = false;
  field.setAttribute("aria-invalid", "true");
  field.focus();
  // The server requires keys only since a restart.
  if (!about.key_required) loadAbout().catch(showHealth);
});

// ---- files dropped outside the drop areas, and pasted files

acceptDrops(document.documentElement, (files) => mounted[current]?.take?.(files));
// An image of the page, dragged by mistake, must not be dropped on it as a file.
addEventListener("dragstart", (event) => event.target.matches?.("img") && event.preventDefault());
addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) mounted[current]?.take?.(files, document.activeElement);
});

onAboutChanged(() => {
  form.hidden = !about.key_required;
  document
    .getElementById("about")
    .replaceChildren(
      `FaceVer ${about.version}`,
      ...(about.docs ? [" · ", h("a", { href: "docs" }, "API documentation")] : []),
      ...(about.folders ? [" · ", h("a", { href: "folders" }, "Stored folders")] : []),
    );
});

async function begin() {
  replaceKeepingFocus(main, [], () => main);
  try {
    await loadAbout();
  } catch (error) {
    showHealth(error);
    const box = errorBox(error, button("", "Try again", begin, { class: "primary" }));
    replaceKeepingFocus(main, [box], () => main);
    return;
  }
  addEventListener("hashchange", () => open());
  open(true);
  checkHealth();
  // The server may have been restarted while the user was elsewhere.
  addEventListener("focus", checkHealth);
  setInterval(checkHealth, HEALTH_SECONDS * 1000);
}

begin();
