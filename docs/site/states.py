"""Draw the statuses of a stored folder, docs/images/folder-states.svg, by running the code that derives them.

    python docs/site/states.py           writes the picture
    python docs/site/states.py --check   exits with 1 if the picture is not that of the code

Every folder of at most two groups of one analysis is made; its statuses before and after each action are an arrow.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from faceVer.domain.analyses import AnalysisState, AnalysisStatus, QualityThresholds, Resolution
from faceVer.domain.folders import Analysis, FolderState, FolderStatus
from faceVer.services.folders.resolution import folder_status

PICTURE = Path(__file__).parents[1] / "images" / "folder-states.svg"
RESULTS = (Resolution.FAILED, Resolution.DECLINED, Resolution.OPERATOR_REQUIRED, Resolution.SUCCESS)
RUNNING = AnalysisStatus(AnalysisState.PROCESSING, Resolution.PROCESSING)
REQUEST, END, DELETE = "analyses are requested", "the last running analysis ends", "an analysis is deleted"
COLOURS = {REQUEST: "#3f51b5", END: "#2e7d32", DELETE: "#c62828"}
WIDTH, HEIGHT, GAP, BOX_WIDTH, BOX_HEIGHT = 900, 560, 62, 210, 44

Arrow = tuple[FolderStatus, str, FolderStatus]


def arrows() -> list[Arrow]:
    """Every change of the two statuses, once."""
    found: dict[Arrow, None] = {}
    for analyses in _folders():
        for action, after in _actions(analyses):
            found[(folder_status(analyses), action, folder_status(after))] = None
    return [arrow for arrow in found if arrow[0] != arrow[2]]


def _folders() -> Iterator[list[Analysis]]:
    statuses = [RUNNING, *map(_ended, RESULTS)]
    yield []
    for first in statuses:
        yield [_analysis(1, first)]
        for second in statuses:
            yield [_analysis(1, first), _analysis(2, second)]


def _actions(analyses: list[Analysis]) -> Iterator[tuple[str, list[Analysis]]]:
    if len(analyses) < 3:
        yield REQUEST, [*analyses, _analysis(len(analyses) + 1, RUNNING)]
    for number, one in enumerate(analyses):
        rest = analyses[:number] + analyses[number + 1 :]
        yield DELETE, rest
        if one.status == RUNNING and all(other.status != RUNNING for other in rest):
            for result in RESULTS:
                yield END, [*rest, replace(one, status=_ended(result), ended=9.0)]


def _ended(result: Resolution) -> AnalysisStatus:
    state = AnalysisState.FAILED if result is Resolution.FAILED else AnalysisState.FINISHED
    return AnalysisStatus(state, result)


def _analysis(group: int, status: AnalysisStatus) -> Analysis:
    ended = None if status == RUNNING else float(group)
    return Analysis("", str(group), QualityThresholds(0.5), (), None, status, float(group), float(group), ended=ended)


def picture() -> str:
    """The SVG."""
    found = arrows()
    nodes = dict.fromkeys(node for before, _, after in found for node in (before, after))
    places = dict(_places(list(nodes)))
    lines = [_line(places[before], places[after], action) for before, action, after in found]
    boxes = [_box(node, place) for node, place in places.items()]
    legend = [
        f'<text x="20" y="{HEIGHT - 58 + 20 * row}" fill="{colour}">■ {action}</text>'
        for row, (action, colour) in enumerate(COLOURS.items())
    ]
    legend.append(f'<text x="20" y="{HEIGHT - 78}">resolution_status in bold, system_resolution below it</text>')
    markers = [
        f'<marker id="m{colour[1:]}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
        for colour in COLOURS.values()
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
            'font-size="13" role="img" aria-label="Statuses of a folder and what changes them">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f"<defs>{''.join(markers)}</defs>",
            *lines,
            *boxes,
            *legend,
            "</svg>\n",
        ]
    )


def _places(nodes: list[FolderStatus]) -> Iterator[tuple[FolderStatus, tuple[float, float]]]:
    """The centre of each box: INITIAL left, PROCESSING in the middle, the results in a column on the right."""
    results = [node for node in nodes if node.state in (FolderState.FAILED, FolderState.FINISHED)]
    results.sort(key=lambda node: (node.state is FolderState.FAILED, -list(Resolution).index(node.resolution)))
    for node in nodes:
        if node.state is FolderState.INITIAL:
            yield node, (125, 240)
        elif node.state is FolderState.PROCESSING:
            yield node, (420, 240)
        else:
            yield node, (770, 40 + GAP * results.index(node) * 1.1)


def _box(node: FolderStatus, place: tuple[float, float]) -> str:
    x, y = place
    return (
        f'<rect x="{x - BOX_WIDTH / 2:g}" y="{y - BOX_HEIGHT / 2:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" '
        f'fill="#eef" stroke="#555"/><text x="{x:g}" y="{y - 4:g}" text-anchor="middle" font-weight="bold">'
        f'{node.state.value}</text><text x="{x:g}" y="{y + 13:g}" text-anchor="middle">{node.resolution.value}</text>'
    )


def _line(start: tuple[float, float], end: tuple[float, float], action: str) -> str:
    """An arrow, bent to its own side, so that there and back are two lines."""
    colour, bend = COLOURS[action], {REQUEST: -26, END: 26, DELETE: 60}[action]
    (x1, y1), (x2, y2) = start, end
    if abs(x1 - x2) < 1:  # between two results: around the column
        side = x1 + BOX_WIDTH / 2
        path = f"M{side:g} {y1:g}C{side + 28:g} {y1:g} {side + 28:g} {y2:g} {side:g} {y2:g}"
    else:
        towards = 1 if x2 > x1 else -1
        x1, x2 = x1 + towards * BOX_WIDTH / 2, x2 - towards * BOX_WIDTH / 2
        path = f"M{x1:g} {y1:g}Q{(x1 + x2) / 2:g} {(y1 + y2) / 2 + bend:g} {x2:g} {y2:g}"
    return f'<path d="{path}" fill="none" stroke="{colour}" opacity="0.75" marker-end="url(#m{colour[1:]})"/>'


def main() -> int:
    if "--check" in sys.argv:
        return int(PICTURE.read_text(encoding="utf-8") != picture())
    PICTURE.write_text(picture(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
