"""What assistive technology and weak eyes need of a page."""

from __future__ import annotations

from playwright.sync_api import Page

NAMED = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "image", "progressbar", "dialog", "Video"}

# Text whose contrast with its ground is below WCAG's AA: 4.5, or 3 where it is large.
_FAINT = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const seen = new Map();
    const rgba = (colour) => {
        if (!seen.has(colour)) seen.set(colour, read(colour));
        return seen.get(colour);
    };
    const read = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, under) => [0, 1, 2].map((n) => top[n] * top[3] + under[n] * (1 - top[3]));
    const ground = (element) => {
        if (!element) return [255, 255, 255];
        const own = rgba(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement));
    };
    const light = (colour) => {
        const [r, g, b] = colour.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const words = walker.currentNode.data.trim();
        if (!words || !element.checkVisibility() || element.closest(":disabled")) continue;
        const style = getComputedStyle(element);
        const under = ground(element);
        const top = over(rgba(element instanceof SVGElement ? style.fill : style.color), under);
        const [dark, bright] = [light(top), light(under)].sort((a, b) => a - b);
        const ratio = (bright + 0.05) / (dark + 0.05);
        const large = parseFloat(style.fontSize) >= 24;
        if (ratio < (large ? 3 : 4.5)) found.push(`${words} ${ratio.toFixed(2)}`);
    }
    return found;
}"""


def faint(page: Page) -> list[str]:
    """Words whose contrast is too low, with what it is."""
    return list(page.evaluate(_FAINT))


def unnamed(page: Page) -> list[str]:
    """Roles of controls and pictures that assistive technology would announce without a name."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    return [
        node["role"]["value"]
        for node in tree["nodes"]
        if not node["ignored"] and node["role"]["value"] in NAMED and not node.get("name", {}).get("value", "").strip()
    ]
