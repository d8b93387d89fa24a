// The button that switches between light and dark colours. theme.js applies the choice when a page is opened.

import { icon } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
const toggle = document.getElementById("theme");

function labelThemeButton() {
  const label = isDark() ? "Switch to light colours" : "Switch to dark colours";
  toggle.replaceChildren(icon(isDark() ? "sun" : "moon"));
  toggle.setAttribute("aria-label", label);
  toggle.title = label;
}

toggle.addEventListener("click", () => {
  const chosen = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("facever-theme", chosen);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
  labelThemeButton();
});
dark.addEventListener("change", labelThemeButton);
labelThemeButton();
