"""A report laid out: nothing of it is missing, and nothing that others wrote acts."""

import io
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import pytest
from rich.console import Console

from agent.faces.cli.report_tables import tell, tell_difference
from agent.faces.report.difference import difference
from agent.faces.report.drawn import charts
from agent.faces.report.markdown import markdown, markdown_of_difference
from agent.faces.report.outline import Outline
from agent.faces.report.page import page, page_of_difference
from tests.faces.report.outlines import AGAIN, POLICIES, a_looser, an_outline, hostile
from tests.reports import a_report, a_tally


def printed(outline: Outline, *, width: int = 80) -> str:
    out = io.StringIO()
    tell(Console(file=out, width=width, highlight=False, markup=False, emoji=False), outline)
    return out.getvalue()


def paged(outline: Outline) -> str:
    return page(outline, charts(a_report(policies=POLICIES)))


class Elements(HTMLParser):
    """The elements of a page, with their attributes, and the text of its style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.style = ""
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.style += data if self._tag == "style" and not self.style else ""


def flat(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).replace("\u00a0", " ").split())


@pytest.mark.parametrize("width", [80, 160])
def test_a_terminal_begins_with_the_window_and_the_figures(width: int) -> None:
    lines = printed(an_outline(), width=width).splitlines()

    assert "Contoso" in lines[0]
    assert "2026-10-05 00:00Z to 2026-11-02 00:00Z" in lines[1]
    assert lines[3].split()[:4] == ["compared", "100", "of", "120"]


@pytest.mark.parametrize("width", [80, 160])
def test_a_terminal_has_each_part_and_no_line_that_is_too_long(width: int) -> None:
    text = printed(an_outline(), width=width)

    for said in ("LOOSER", "looser: 1 action", "abcdef01", "Urgent invoice", "rejected by eve@contoso.example",
                 "air-agent policy promote near", "by policy", "by week", "by tenant",
                 "what each guard rail would have held", "not compared, and why", AGAIN):  # fmt: skip
        assert said in text
    sentences = ("the same again", "report of", "2026-10-05 00:00Z to", "    https://")
    assert [line for line in text.splitlines() if len(line) > width and not line.startswith(sentences)] == []


def test_a_terminal_without_colours_gets_none() -> None:
    assert "\x1b" not in printed(an_outline())


def test_markdown_has_each_part() -> None:
    text = markdown(an_outline())

    for said in ("| **Agreement** | 95 % |", "## Looser", "abcdef01", "## By policy", "<code>near</code>",
                 "## Where people's decisions are known from", f"`{AGAIN}`"):  # fmt: skip
        assert said in text


def test_a_page_has_each_part_and_its_charts() -> None:
    text = paged(an_outline())

    for said in ("100 of 120", "abcdef01", "Urgent invoice", "air-agent policy promote near", "By policy",
                 "95 % (88.8 to 97.8 %)", "not compared", "the same again"):  # fmt: skip
        assert said.lower() in flat(text).lower()
    assert text.count("<svg role") == 3


def test_a_page_fetches_nothing_and_runs_nothing() -> None:
    found = Elements(paged(an_outline(looser=(hostile(),)))).found

    assert {tag for tag, _ in found}.isdisjoint(
        {"script", "link", "img", "iframe", "object", "form", "base", "input"}
    )
    for tag, attributes in found:
        assert not {
            name for name in attributes if name.startswith("on") or name in {"src", "style", "srcset"}
        }
        assert (attributes.get("href") or "https://").startswith("https://"), tag


def test_the_policy_of_contents_lets_in_its_own_style_and_nothing_else() -> None:
    elements = Elements(paged(an_outline()))

    policy = next(attributes["content"] for tag, attributes in elements.found if attributes.get("http-equiv"))

    digest = b64encode(sha256(elements.style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in elements.style
    assert "@import" not in elements.style


@pytest.mark.parametrize("laid_out", [printed, markdown, paged])
def test_what_an_attacker_wrote_acts_nowhere(laid_out: Callable[[Outline], str]) -> None:
    text = laid_out(an_outline(looser=(hostile(),)))

    assert "<script" not in text or laid_out is printed
    assert not {letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf"}} - {"\n"}
    assert "Invoice\\u001b" in (text if laid_out is printed else unescape(text))


def test_markdown_makes_no_link_and_no_mention_of_what_an_attacker_wrote() -> None:
    text = markdown(an_outline(looser=(hostile(),)))

    assert "](javascript" not in text
    assert "@everyone" not in text


def test_a_link_that_leads_elsewhere_than_to_a_page_over_tls_is_none() -> None:
    outline = an_outline(looser=(a_looser(incident_url=None),))

    assert "<a " not in paged(outline)
    assert "incident" in flat(paged(outline))


@pytest.mark.parametrize("laid_out", [printed, markdown, paged])
def test_what_is_left_out_is_said(laid_out: Callable[[Outline], str]) -> None:
    report = a_report(a_tally(agreed=90, looser=9), policies=POLICIES)

    text = flat(laid_out(an_outline(report, rows=2)))

    assert "and 8 more looser ones" in text
    assert "and 1 more row" in text


@pytest.mark.parametrize("laid_out", [printed, markdown, paged])
def test_the_same_report_gives_the_same_bytes(laid_out: Callable[[Outline], str]) -> None:
    assert laid_out(an_outline()) == laid_out(an_outline())


def test_a_chart_without_numbers_is_left_out() -> None:
    weeks = a_report(a_tally(agreed=4), weeks=(), policies=())

    assert [one.id for one in charts(weeks)] == ["chart-saved"]


def test_weeks_that_say_too_little_are_left_out_of_the_chart_and_counted() -> None:
    report = a_report()
    few = a_report(weeks=(*report.weeks, a_report(a_tally(agreed=1)).total))

    chart = next(one for one in charts(few) if one.id == "chart-weeks")

    assert chart.labels == ("05 Oct", "12 Oct", "19 Oct", "26 Oct")
    assert "Left out: 1 week" in chart.words


def test_a_difference_is_laid_out_everywhere() -> None:
    found = difference(
        a_report(), a_report(a_tally(agreed=50, looser=50)), names=("2026-W40", "2026-W41"), again=AGAIN
    )
    out = io.StringIO()

    tell_difference(Console(file=out, width=100, highlight=False, markup=False, emoji=False), found)

    for text in (out.getvalue(), flat(markdown_of_difference(found)), flat(page_of_difference(found))):
        assert "2026-W40" in text
        assert "lower in B: 95 % -> 50 %" in text
        assert "-45.0 points" in text
