"""Numbers -> the shapes of a chart, drawn on the server: nothing is fetched, run or styled where it is shown.

Every chart has the table that it was drawn from behind it, and says in words what it shows: who cannot see it misses
nothing. Numbers stand in shapes as text already, so that no template writes `1,000` where a browser expects `1000`.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

import msgspec

WIDTH = 400
"""Units: a telephone shows them at three quarters of a pixel, and text of 13 of them can still be read."""

TALL = 190
LEFT = 44
"""Where columns begin: left of it stand the numbers of the scale."""

TOP, BOTTOM = 10, 30
ROW = 46
"""How much room a bar and the words over it have."""

THICK = 18
MOST_LABELS = 5
WIDE = 8
"""How wide a letter is at most."""

CLEFT = 0.2
"""Which part of its room a column leaves free."""

POINT, STEM = 14.0, 3.0
"""How broad the mark of a share is at most, and that of its range."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """What is told apart within each column or bar. `fill` is a class of the style sheet."""

    name: str
    fill: str
    values: tuple[int, ...]


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One rectangle, and what it says."""

    x: str
    y: str
    width: str
    height: str
    fill: str
    words: str


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A text at a place, and a line of the grid where it is of the scale."""

    x: str
    y: str
    words: str
    anchor: str = "middle"


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart, its shapes and its table."""

    id: str
    title: str
    words: str
    """What it shows, in a sentence."""
    head: str
    """What its labels are of: the head of the table's first column."""
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    width: str
    height: str
    boxes: tuple[Box, ...]
    marks: tuple[Mark, ...]
    scale: tuple[Mark, ...] = ()

    @property
    def total(self) -> int:
        """The sum of everything."""
        return sum(sum(one.values) for one in self.series)


def columns(
    name: str, title: str, words: str, head: str, labels: Sequence[str], series: Iterable[Series]
) -> Chart:
    """Return a chart with a column for each label, in which the series stand on each other."""
    told = tuple(series)
    top = ceiling(max(_totals(told, labels), default=0))
    high = TALL - TOP - BOTTOM
    room = (WIDTH - LEFT) / max(1, len(labels))
    every = -(-len(labels) // MOST_LABELS)
    boxes = []
    for place, label in enumerate(labels):
        for one, start, end in _parts(told, place):
            boxes.append(
                Box(
                    x=_at(LEFT + room * (place + CLEFT / 2)),
                    y=_at(TOP + high * (1 - end / top)),
                    width=_at(room * (1 - CLEFT)),
                    height=_at(high * (end - start) / top),
                    fill=one.fill,
                    words=f"{label}: {one.name} {end - start:,}",
                )
            )
    return Chart(
        id=name,
        title=title,
        words=words,
        head=head,
        labels=tuple(labels),
        series=told,
        width=_at(WIDTH),
        height=_at(TALL),
        boxes=tuple(boxes),
        marks=tuple(
            _label(LEFT + room * (place + 0.5), label)
            for place, label in enumerate(labels)
            if place % every == 0
        ),
        scale=tuple(
            Mark(x=_at(LEFT - 6), y=_at(TOP + high * (1 - number / top)), words=f"{number:,}", anchor="end")
            for number in sorted({0, top // 2, top})
        ),
    )


def bars(
    name: str, title: str, words: str, head: str, labels: Sequence[str], series: Iterable[Series]
) -> Chart:
    """Return a chart with a bar for each label, from left to right, in which the series follow each other."""
    told = tuple(series)
    totals = _totals(told, labels)
    most = max(totals, default=0) or 1
    boxes, marks = [], []
    for place, label in enumerate(labels):
        top = ROW * place
        marks.append(Mark(x="0", y=_at(top + 16), words=f"{label}: {totals[place]:,}", anchor="start"))
        for one, start, end in _parts(told, place):
            boxes.append(
                Box(
                    x=_at(WIDTH * start / most),
                    y=_at(top + 22),
                    width=_at(max(1.0, WIDTH * (end - start) / most)),
                    height=_at(THICK),
                    fill=one.fill,
                    words=f"{label}: {one.name} {end - start:,}",
                )
            )
    return Chart(
        id=name,
        title=title,
        words=words,
        head=head,
        labels=tuple(labels),
        series=told,
        width=_at(WIDTH),
        height=_at(max(1, ROW * len(labels))),
        boxes=tuple(boxes),
        marks=tuple(marks),
    )


def ranges(
    name: str,
    title: str,
    words: str,
    head: str,
    labels: Sequence[str],
    found: Sequence[tuple[float, float, float]],
) -> Chart:
    """Return a chart with a share at each label, and the range in which it may lie, on a scale of per cents.

    The scale ends at 100 %, and begins at the ten below the lowest: `words` should say that it need not begin at 0.

    Args:
        name: names the chart within its page.
        title: what it is called.
        words: what it shows, in a sentence.
        head: what its labels are of.
        labels: what stands below each place.
        found: the share, and the ends of its range, from 0 to 1, one for each label.
    """
    high = TALL - TOP - BOTTOM
    least = min((math.floor(10 * low) / 10 for _, low, _ in found), default=0.0)
    room = (WIDTH - LEFT) / max(1, len(labels))
    every = -(-len(labels) // MOST_LABELS)
    broad = min(room * (1 - CLEFT), POINT)

    def down(share: float) -> float:
        return TOP + high * (1 - share) / (1 - least or 1)

    boxes, marks = [], []
    for place, (label, (share, low, top)) in enumerate(zip(labels, found, strict=True)):
        middle = LEFT + room * (place + 0.5)
        said = f"{label}: {share:.1%}, between {low:.1%} and {top:.1%}"
        boxes.append(_box(middle, STEM, down(top), down(low), "quiet", said))
        boxes.append(_box(middle, broad, down(share) - 2, down(share) + 2, "approve", said))
        marks += [_label(middle, label)] if place % every == 0 else []
    return Chart(
        id=name,
        title=title,
        words=words,
        head=head,
        labels=tuple(labels),
        series=tuple(
            Series(name=of, fill=fill, values=tuple(round(100 * one[part]) for one in found))
            for part, (of, fill) in enumerate(
                (("share, in %", "approve"), ("at least, in %", "quiet"), ("at most, in %", "quiet"))
            )
        ),
        width=_at(WIDTH),
        height=_at(TALL),
        boxes=tuple(boxes),
        marks=tuple(marks),
        scale=tuple(
            Mark(x=_at(LEFT - 6), y=_at(down(share)), words=f"{share:.0%}", anchor="end")
            for share in sorted({least, (1 + least) / 2, 1.0})
        ),
    )


def _box(middle: float, width: float, top: float, bottom: float, fill: str, words: str) -> Box:
    return Box(
        x=_at(middle - width / 2),
        y=_at(top),
        width=_at(width),
        height=_at(max(bottom - top, 1.0)),
        fill=fill,
        words=words,
    )


def _totals(series: Sequence[Series], labels: Sequence[str]) -> list[int]:
    return [sum(one.values[place] for one in series) for place in range(len(labels))]


def _parts(series: Sequence[Series], place: int) -> Iterator[tuple[Series, int, int]]:
    """Give where each series begins and ends at one label, one after the other; those that have nothing there are left out."""
    ends = [0, *accumulate(one.values[place] for one in series)]
    for one, (start, end) in zip(series, pairwise(ends), strict=True):
        if end > start:
            yield one, start, end


def _label(middle: float, words: str) -> Mark:
    """Return the label of a column; one at the right edge ends there."""
    is_last = middle + WIDE * len(words) / 2 > WIDTH
    return Mark(
        x=_at(WIDTH if is_last else middle),
        y=_at(TALL - 8),
        words=words,
        anchor="end" if is_last else "middle",
    )


def ceiling(most: int) -> int:
    """Return the round number at which a scale ends: the smallest even one of 2, 4, 6, 10 and their tenfolds that is enough."""
    step = 1
    while True:
        for number in (2, 4, 6, 10):
            if number * step >= most:
                return number * step
        step *= 10


def _at(number: float) -> str:
    """Return a number as it stands in a shape."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
