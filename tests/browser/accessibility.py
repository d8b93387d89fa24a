"""Checks of a page's accessibility: contrast of texts, and names of controls."""

from __future__ import annotations

from playwright.sync_api import Page

ROLES_WITH_NAME = {
    "button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "checkbox",
    "image",
    "progressbar",
    "dialog",
    "Video",
}

# Texts whose contrast with the background is below WCAG level AA: 4.5, or 3 for large text.
_LOW_CONTRAST = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const cache = new Map();
    const rgba = (colour) => {
        if (!cache.has(colour)) cache.set(colour, read(colour));
        return cache.get(colour);
    };
    const read = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, under) => [0, 1, 2].map((n) => top[n] * top[3] + under[n] * (1 - top[3]));
    const background = (element) => {
        if (!element) return [255, 255, 255];
        const own = rgba(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, background(element.parentElement));
    };
    const luminance = (colour) => {
        const [r, g, b] = colour.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.data.trim();
        if (!text || !element.checkVisibility() || element.closest(":disabled")) continue;
        const style = getComputedStyle(element);
        const under = background(element);
        const top = over(rgba(element instanceof SVGElement ? style.fill : style.color), under);
        const [dark, bright] = [luminance(top), luminance(under)].sort((a, b) => a - b);
        const ratio = (bright + 0.05) / (dark + 0.05);
        const large = parseFloat(style.fontSize) >= 24;
        if (ratio < (large ? 3 : 4.5)) found.push(`${text} ${ratio.toFixed(2)}`);
    }
    return found;
}"""


def low_contrast_texts(page: Page) -> list[str]:
    """Texts whose contrast is too low, each with its contrast ratio."""
    return list(page.evaluate(_LOW_CONTRAST))


def unnamed_controls(page: Page) -> list[str]:
    """Roles of controls and images that assistive technology would announce without a name."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    nodes = [node for node in tree["nodes"] if not node["ignored"] and node["role"]["value"] in ROLES_WITH_NAME]
    return [node["role"]["value"] for node in nodes if not node.get("name", {}).get("value", "").strip()]
