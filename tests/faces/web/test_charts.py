"""Charts are drawn to scale, from the very numbers of the table behind them."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faces.charts import LEFT, WIDTH, Chart, Series, bars, ceiling, columns
from agent.faces.web.showing import environment

VALUES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=120)


def drawn(values: list[tuple[int, int]], *, across: bool = False) -> Chart:
    series = [
        Series(name="one", fill="bar", values=tuple(first for first, _ in values)),
        Series(name="two", fill="quiet", values=tuple(second for _, second in values)),
    ]
    labels = [f"day {place}" for place in range(len(values))]
    return (bars if across else columns)("days", "Days", "What they had.", "Day", labels, series)


def shown(chart: Chart) -> str:
    page = environment().from_string('{% import "charts.html" as charts %}{{ charts.chart(one) }}')
    return page.render(one=chart)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (2, 2), (3, 4), (5, 6), (7, 10), (11, 20), (41, 60), (1_001, 2_000)]
)
def test_a_scale_ends_at_the_next_round_number(most: int, top: int) -> None:
    assert ceiling(most) == top


def test_columns_stand_on_each_other_to_scale() -> None:
    chart = drawn([(1, 3), (0, 2)])

    assert [(box.fill, box.words) for box in chart.boxes] == [
        ("bar", "day 0: one 1"), ("quiet", "day 0: two 3"), ("quiet", "day 1: two 2"),
    ]  # fmt: skip
    one, two, other = ([float(part) for part in (box.y, box.height)] for box in chart.boxes)
    assert two[1] == pytest.approx(3 * one[1])
    assert two[0] + two[1] == pytest.approx(one[0])
    assert other[1] == pytest.approx(2 * one[1])
    assert [mark.words for mark in chart.scale] == ["0", "2", "4"]


def test_bars_follow_each_other_to_scale() -> None:
    chart = drawn([(100, 300), (200, 0)], across=True)

    assert [(box.x, box.width) for box in chart.boxes] == [("0", "100"), ("100", "300"), ("0", "200")]
    assert [mark.words for mark in chart.marks] == ["day 0: 400", "day 1: 200"]


@given(VALUES, st.booleans())
def test_nothing_is_drawn_beyond_the_edges_and_nothing_is_left_out(
    values: list[tuple[int, int]], across: bool
) -> None:
    chart = drawn(values, across=across)

    assert chart.total == sum(map(sum, values))
    assert len(chart.boxes) == sum(number > 0 for pair in values for number in pair)
    for box in chart.boxes:
        left, top, width, high = map(float, (box.x, box.y, box.width, box.height))
        assert left >= (0 if across else LEFT - 0.01)
        assert left + width <= WIDTH + 1.01
        assert top >= 0
        assert top + high <= float(chart.height) + 0.02


@pytest.mark.parametrize("across", [False, True])
def test_a_chart_is_named_and_has_its_table_and_nothing_that_the_policy_of_contents_forbids(
    across: bool,
) -> None:
    text = shown(drawn([(1_234, 3), (0, 2)], across=across))

    svg = ET.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])
    names = svg.attrib["aria-labelledby"].split()
    assert [one.text for one in svg if one.attrib.get("id") in names] == ["Days", "What they had."]
    assert svg.attrib["role"] == "img"
    assert re.findall(r"<td class=\"number\">([\d,]+)</td>", text) == ["1,234", "3", "0", "2"]
    assert "style=" not in text
    assert "<script" not in text
    assert not re.search(r' (?:x|y|width|height)="[^"]*,', text)


def test_hostile_names_are_inert() -> None:
    chart = bars("a", "T", "W", "H", ['<script>"\u202e'], [Series(name="<b>", fill="bar", values=(1,))])

    text = shown(chart)

    assert "<script>" not in text
    assert "<b>" not in text
    assert "\u202e" not in text
