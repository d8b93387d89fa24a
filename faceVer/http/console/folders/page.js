// The page around the views: navigation by the address's hash, sign-in and sign-out.

import * as companies from "./companies.js";
import { button, h } from "./dom.js";
import * as folder from "./folder.js";
import * as list from "./list.js";
import { errorBox } from "./parts.js";
import { may, onSignedOut, signOut, user } from "./session.js";
import { signInView } from "./sign-in.js";
import * as statistics from "./statistics.js";
import "./theme-button.js";
import * as users from "./users.js";

const VIEWS = { folders: list, folder, users, companies, statistics };
const LINKS = { folders: "Folders", users: "Users", companies: "Companies", statistics: "Statistics" };

const main = document.getElementById("main");
const nav = document.querySelector("nav");
let opened = null;

/** [view, id, query] of the address, which is #view/id?query. */
function address() {
  const [path, query] = location.hash.slice(1).split("?");
  const [name, id = ""] = path.split("/");
  return [VIEWS[name] ? name : "folders", id, new URLSearchParams(query)];
}

/** Show the view of the address. focus: whether its title gets the focus, because the user went there. */
async function open(focus = true) {
  opened?.abort();
  document.querySelector("dialog")?.close();
  showUser();
  const controller = (opened = new AbortController());
  if (!user()) return askToSignIn("");
  const [name, id, query] = address();
  const view = VIEWS[name];
  showNavigation(name);
  const isOpen = () => opened === controller;
  const load = async (focus) => {
    const content = await view.view(id, query, { signal: controller.signal, isOpen, render: () => reload(focus) });
    if (isOpen()) show(name, content.content, focus);
  };
  const reload = () => load(false).catch(fail);
  const fail = (error) => {
    if (error.name === "AbortError" || !isOpen()) return;
    if (!error.status && error.status !== 0) throw error;
    const retry = button("", "Try again", () => open());
    show(name, [h("h1", { tabindex: -1 }, view.title), errorBox(error, retry)], focus);
  };
  await load(focus).catch(fail);
}

function show(name, content, focus) {
  const place = scrollY;
  document.title = `${VIEWS[name].title} – FaceVer`;
  main.replaceChildren(h("div", { class: `view kept-${name}` }, content));
  if (focus) {
    main.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  } else scrollTo(0, place);
}

function showNavigation(current) {
  nav.hidden = false;
  nav.replaceChildren(
    ...Object.entries(LINKS)
      .filter(([name]) => name !== "statistics" || may(name))
      .map(([name, label]) =>
        h("a", { href: `#${name}`, "aria-current": name === current ? "page" : null }, label),
      ),
  );
}

function showUser() {
  document.getElementById("user").textContent = user() ? `${user().email} · ${user().user_type}` : "";
  document.getElementById("sign-out").hidden = !user();
  if (!user()) nav.hidden = true;
}

function askToSignIn(reason) {
  showUser();
  document.title = "Sign in – FaceVer";
  main.replaceChildren(signInView(reason, open));
  main.querySelector("input").focus();
}

onSignedOut(({ detail }) => {
  opened?.abort();
  opened = null;
  document.querySelector("dialog")?.close();
  askToSignIn(detail);
});
document.getElementById("sign-out").addEventListener("click", signOut);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => open());
open(false);
