"""How do a run's figures look? Drawings in SVG, without a library; the page's style sheet colours them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from xagent.evaluation.report.losses import LOSSES, Loss, called
from xagent.terminal import one_line

_ROW = 20
"""Pixels from one line of text to the next."""
_CODE = 48
"""Pixels that the code of a language takes at most."""
_BAR = 420
_CELL = (40, 28)
_IN_A_ROW = 4
"""Losses in a row of the legend."""


@dataclass(frozen=True)
class Point:
    """A language in a scatter plot; both coordinates from 0 to 1."""

    label: str
    x: float
    y: float


def scatter(points: Sequence[Point], title: str, across: str, up: str) -> str:
    """A labelled point each; labels that would cover one another are moved apart and tied to their points."""
    side = max(320, min(900, 13 * len(points)))
    left, top = 52, 12
    image = _image(left + side + 90, top + side + 46, title, f"{across} to the right, {up} upwards")
    _axes(image, left, top, side)
    _text(image, left + side / 2, top + side + 38, across, "middle")
    upright = _text(image, 0, 0, up, "middle")
    upright.set("transform", f"translate(12 {top + side / 2}) rotate(-90)")
    places = [(left + point.x * side, top + (1 - point.y) * side) for point in points]
    for point, place, label_y in zip(points, places, _apart(places), strict=True):
        mark = _add(image, "circle", cx=place[0], cy=place[1], r=4.5, class_="point")
        _add(mark, "title").text = one_line(f"{point.label}: {across} {point.x:.3f}, {up} {point.y:.3f}")
        _label(image, point.label, place, label_y)
    return _source(image)


def _label(image: Element, label: str, place: tuple[float, float], label_y: float) -> None:
    x, y = place
    tied = abs(label_y - y) > 2
    if tied:
        _add(image, "line", x1=x + 5, y1=y, x2=x + 13, y2=label_y, class_="tie")
    _text(image, x + (15 if tied else 8), label_y + 4, label, class_="label")


def heat_map(cells: Mapping[tuple[str, str], float], title: str, down: str, across: str) -> str:
    """A square for each pair (row, column) that there is, the fuller the higher its value from 0 to 1."""
    rows, columns = (sorted({pair[side] for pair in cells}) for side in (0, 1))
    left, top = _CODE + 20, 2 * _ROW + 4
    width, height = left + _CELL[0] * len(columns) + 8, top + _CELL[1] * len(rows) + 8
    image = _image(max(width, 260), height, title, f"{down} by row, {across} by column")
    _text(image, left, 14, f"{across} →")
    _text(image, 0, top - 8, f"{down} ↓")
    for n, column in enumerate(columns):
        _text(image, left + _CELL[0] * (n + 0.5), top - 8, column, "middle", class_="label")
    for n, row in enumerate(rows):
        _text(image, left - 8, top + _CELL[1] * n + 18, row, "end", class_="label")
    for (row, column), value in sorted(cells.items()):
        x, y = left + _CELL[0] * columns.index(column), top + _CELL[1] * rows.index(row)
        _square(image, x, y, value, one_line(f"{row}, {column}: {value:.3f}"))
    return _source(image)


def _square(image: Element, x: float, y: float, value: float, title: str) -> None:
    width, height = _CELL[0] - 2, _CELL[1] - 2
    square = _add(image, "rect", x=x, y=y, width=width, height=height, class_="heat")
    square.set("fill-opacity", f"{0.06 + 0.94 * value:.3f}")
    _add(square, "title").text = title
    shade = "on-heat" if value > 0.5 else "by-heat"
    _text(image, x + width / 2, y + 18, f"{value:.2f}", "middle", class_=shade)


def stacked_bars(counts: Mapping[str, Counter[Loss]], title: str) -> str:
    """A bar for each language, cut into the shares of its answers that were lost at each step."""
    listed = [loss for loss in LOSSES if any(row[loss] for row in counts.values())]
    top = _ROW * -(-len(listed) // _IN_A_ROW) + 8
    height = top + _ROW * len(counts) + 4
    image = _image(_CODE + _BAR + 60, height, title, "shares of the answers by language")
    _legend(image, listed)
    for n, (code, row) in enumerate(counts.items()):
        y = top + _ROW * n
        _text(image, _CODE - 8, y + 13, code, "end", class_="label")
        _bar(image, code, row, y)
        _text(image, _CODE + _BAR + 8, y + 13, f"{row.total():,}", class_="label")
    return _source(image)


def _bar(image: Element, code: str, row: Counter[Loss], y: float) -> None:
    x = float(_CODE)
    for loss in LOSSES:
        width = _BAR * row[loss] / row.total()
        if width:
            part = _add(image, "rect", x=x, y=y, width=width, height=_ROW - 3, class_=f"loss {loss}")
            _add(part, "title").text = one_line(f"{code}, {called(loss)}: {row[loss]} of {row.total()}")
        if width > 26:
            _text(image, x + width / 2, y + 13, str(row[loss]), "middle", class_=f"on-{loss}")
        x += width


def _legend(image: Element, listed: Sequence[Loss]) -> None:
    for n, loss in enumerate(listed):
        x, y = _CODE + 110 * (n % _IN_A_ROW), _ROW * (n // _IN_A_ROW)
        _add(image, "rect", x=x, y=y + 2, width=12, height=12, class_=f"loss {loss}")
        _text(image, x + 17, y + 13, called(loss), class_="label")


def _axes(image: Element, left: float, top: float, side: float) -> None:
    for n in range(6):
        at = side * n / 5
        _add(image, "line", x1=left, y1=top + side - at, x2=left + side, y2=top + side - at, class_="grid")
        _add(image, "line", x1=left + at, y1=top, x2=left + at, y2=top + side, class_="grid")
        _text(image, left - 6, top + side - at + 4, f"{n / 5:.1f}", "end", class_="tick")
        _text(image, left + at, top + side + 18, f"{n / 5:.1f}", "middle", class_="tick")


def _apart(places: Sequence[tuple[float, float]], gap: float = 13, reach: float = 44) -> list[float]:
    """The heights of labels beside `places`: near their points, and clear of those labels above them."""
    heights = [0.0] * len(places)
    done: list[tuple[float, float]] = []
    for n in sorted(range(len(places)), key=lambda one: (places[one][1], places[one][0])):
        x, y = places[n]
        for other_x, other_y in sorted(done, key=lambda place: place[1]):
            if abs(other_x - x) < reach and abs(other_y - y) < gap:
                y = other_y + gap
        heights[n] = y
        done.append((x, y))
    return heights


def _image(width: float, height: float, title: str, description: str) -> Element:
    size = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "width": f"{width:.0f}", "height": f"{height:.0f}"}
    image = Element("svg", size | {"role": "img", "aria-label": one_line(f"{title}: {description}")})
    return image


def _add(parent: Element, tag: str, **attributes: float | str) -> Element:
    """A new element in `parent`; `class_` is class, other underscores are hyphens."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return SubElement(
        parent,
        tag,
        {k: v if isinstance(v, str) else f"{v:.2f}".rstrip("0").rstrip(".") for k, v in named.items()},
    )


def _text(
    image: Element, x: float, y: float, text: str, anchor: str = "start", *, class_: str = "name"
) -> Element:
    written = _add(image, "text", x=x, y=y, text_anchor=anchor, class_=class_)
    written.text = one_line(text)
    return written


def _source(image: Element) -> str:
    return tostring(image, encoding="unicode")
