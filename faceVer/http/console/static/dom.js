// Creates elements. Styles are set by script, because the page's Content-Security-Policy forbids style attributes.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  check: "M4.500 12.500l5 5 10-11",
  cross: "M6 6l12 12M18 6L6 18",
  alert: "M12 8v5M12 16.500v.1M10.300 4l-7.500 13a2 2 0 0 0 1.700 3h15a2 2 0 0 0 1.700-3L13.700 4a2 2 0 0 0-3.400 0z",
  info: "M12 11v5.500M12 7.500v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c1-4 4-6 7.500-6s6.500 2 7.500 6",
  photo: "M4 5h16v14H4zM4 16l4.500-4.500 4 4 2.500-2.500L20 17M15.500 9.500v.1",
  film: "M4 5h16v14H4zM10 9l5 3-5 3z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  upload: "M12 16V5M7.500 9L12 4.500 16.500 9M4.500 15.500v4h15v-4",
  download: "M12 4.500v11M7.500 11.500L12 16l4.500-4.500M4.500 15.500v4h15v-4",
  camera: "M4 8h3.500L9 5.500h6L16.500 8H20v11H4zM12 16.500a3.300 3.300 0 1 0 0-6.600 3.300 3.300 0 0 0 0 6.600z",
  folder: "M3.500 6h6l2 2.500h9V19h-17z",
  copy: "M8.500 8.500H20V20H8.500zM15.500 8.500V4H4v11.500h4.500",
  sun: "M12 16.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM12 2v2.500M12 19.500V22M2 12h2.500M19.500 12H22M5 5l1.700 1.700M17.300 17.300L19 19M5 19l1.700-1.700M17.300 6.700L19 5",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  swap: "M7 4L3.500 7.500 7 11M3.500 7.500H20M17 13l3.500 3.500L17 20M20.500 16.500H4",
  stop: "M6 6h12v12H6z",
};

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name === "css")
      for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element. properties: attributes; `css` holds styles, and names that start with `on` are event listeners. */
export const h = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);

/** An SVG element. */
export const s = (tag, properties = {}, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

export const icon = (name) =>
  s("svg", { class: "glyph", viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));

/** A button with a text, and an icon unless `name` is "". */
export const button = (name, label, onclick, properties = {}) =>
  h("button", { type: "button", onclick, ...properties }, name && icon(name), h("span", {}, label));

/** A button that shows only an icon. label: its name for assistive technology and in the tooltip. */
export const iconButton = (name, label, onclick, properties = {}) =>
  h("button", { type: "button", class: "icon", onclick, "aria-label": label, title: label, ...properties }, icon(name));

/** Replace an element's children. If one of them had the focus, the element that `next()` returns gets it. */
export function replaceKeepingFocus(element, children, next) {
  const focused = element.contains(document.activeElement);
  element.replaceChildren(...children);
  if (focused) next().focus();
}

/** Download a Blob as a file. */
export function save(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
  return bytes;
}

export const jpegUrl = (base64) => `data:image/jpeg;base64,${base64}`;

/** A file's name without folders and extension. */
export const stem = (name) => name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "") || "photo";

/** Copy text to the clipboard; the button confirms it for a moment. */
export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https browsers offer only the deprecated command.
    const area = h("textarea", { class: "visually-hidden" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const label = button.querySelector("span");
  const before = label.textContent;
  label.textContent = "Copied";
  setTimeout(() => (label.textContent = before), 1500);
}
