// Sets the theme that the user chose earlier, before the browser paints the page, so that the page does not flash.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("facever-theme");
  } catch {
    // Without storage the system's theme applies.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
