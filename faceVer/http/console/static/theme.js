// Before the page is painted, so that it does not flash: the theme chosen before, else the system's.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("facever-theme");
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
