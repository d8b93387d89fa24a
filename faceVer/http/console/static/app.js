// The page: views by the address's hash, theme, key, health.

import { about, load, onFacts, onKeyRefused, setKey, status } from "./api.js";
import * as compare from "./compare.js";
import { button, h, icon, swap } from "./dom.js";
import { takesDrops } from "./drop.js";
import * as liveness from "./liveness.js";
import * as search from "./search.js";
import * as server from "./status.js";
import { trouble } from "./words.js";

const VIEWS = { compare, search, liveness, status: server };
const CHECK_SECONDS = 30;

const main = document.getElementById("main");
const pill = document.getElementById("health");
const mounted = {};
let current = "";

function open(first = false) {
  const name = VIEWS[location.hash.slice(1)] ? location.hash.slice(1) : "compare";
  if (name === current) return;
  // It belongs to the view that goes, and keeps the focus from the one that comes.
  document.querySelector("dialog")?.dispatchEvent(new Event("cancel"));
  mounted[current]?.hide?.();
  if (current) mounted[current].root.hidden = true;
  if (!mounted[name]) {
    const root = h("div", { class: `view ${name}` });
    main.append(root);
    mounted[name] = { root, ...VIEWS[name].mount(root, { onhealth: tellHealth }) };
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

// Not by its address: that would be another view's.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

// ---- theme

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

function tellTheme() {
  const words = isDark() ? "Switch to light colours" : "Switch to dark colours";
  const toggle = document.getElementById("theme");
  toggle.replaceChildren(icon(isDark() ? "sun" : "moon"));
  toggle.setAttribute("aria-label", words);
  toggle.title = words;
}

document.getElementById("theme").addEventListener("click", () => {
  const chosen = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("facever-theme", chosen);
  } catch {
    // The choice then lasts as long as the page.
  }
  tellTheme();
});
dark.addEventListener("change", tellTheme);
tellTheme();

// ---- health

/** reported: {pattern, liveness}, each "" or what is wrong; or the error there was instead. */
function tellHealth(told) {
  // A server that asks for a key is there.
  const silent = told instanceof Error && told.status !== 401;
  const bad = silent ? "No answer" : told.pattern || told.liveness ? "Trouble" : "";
  pill.className = `pill ${bad ? "bad" : "good"}`;
  pill.querySelector(".words").textContent = bad || "Ready";
}

async function checkHealth() {
  if (document.hidden || current === "status") return;
  try {
    tellHealth((await status()).health);
  } catch (error) {
    tellHealth(error);
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
onKeyRefused(() => {
  form.hidden = false;
  field.setAttribute("aria-invalid", "true");
  field.focus();
  // The server requires keys since it was restarted.
  if (!about.key) load().catch(tellHealth);
});

// ---- files that miss their place, and pasted ones

takesDrops(document.documentElement, (files) => mounted[current]?.take?.(files));
// A picture of the page's own that slips is not to come back as a file.
addEventListener("dragstart", (event) => event.target.matches?.("img") && event.preventDefault());
addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) mounted[current]?.take?.(files, document.activeElement);
});

onFacts(() => {
  form.hidden = !about.key;
  document
    .getElementById("about")
    .replaceChildren(
      `FaceVer ${about.version}`,
      ...(about.docs ? [" · ", h("a", { href: "docs" }, "API documentation")] : []),
    );
});

async function begin() {
  swap(main, [], () => main);
  try {
    await load();
  } catch (error) {
    tellHealth(error);
    swap(main, [trouble(error, button("", "Try again", begin, { class: "primary" }))], () => main);
    return;
  }
  addEventListener("hashchange", () => open());
  open(true);
  checkHealth();
  // The operator may have restarted it meanwhile.
  addEventListener("focus", checkHealth);
  setInterval(checkHealth, CHECK_SECONDS * 1000);
}

begin();
