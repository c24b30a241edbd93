"""Entries and anchors as lines: read back as they were written, and nothing else taken for one."""

import msgspec
import pytest

from agent.audit.chain import anchored
from agent.audit.lines import Unreadable, anchor_line, exported, line, read_anchors, read_lines
from agent.model.audit import Head
from tests.audit.chains import KEY, NOW, TENANT, Books, an_entry

ANCHOR = anchored(KEY.of_anchors(TENANT), TENANT, Head(replica="a", number=3, mac=bytes(32)), NOW)


def lines(count: int = 3) -> tuple[Books, list[bytes]]:
    books = Books()
    books.tell(*(an_entry(count=number, personal={"label": "anna"}) for number in range(count)))
    return books, [line(TENANT, link) + b"\n" for link in books.links("a")]


def test_a_line_is_read_back_to_the_byte() -> None:
    books, written = lines()

    assert list(read_lines(written)) == [(TENANT, link) for link in books.links("a")]


def test_a_shipped_line_names_nobody_and_an_exported_one_only_if_asked() -> None:
    books, written = lines(1)
    (link,), kept = books.chains["a"], books.kept["a"]

    plain, named = exported(TENANT, link, None), exported(TENANT, link, kept)

    assert b"anna" not in written[0] + plain
    assert msgspec.json.decode(named)["values"] == {"label": "anna"}
    assert "values" not in msgspec.json.decode(plain)


def test_a_line_that_was_cut_off_is_passed_over_where_it_comes_again_whole() -> None:
    _, (one, two, three) = lines()

    found = list(read_lines([one, two[:40] + b"\n", b"\n", one, two, three, two[:9]]))

    assert [link.number for _, link in found] == [1, 1, 2, 3]


@pytest.mark.parametrize(
    ("spoilt", "place"),
    [
        ([0, b"what is this\n", 1, 2], 2),
        ([0, b"{}\n", 1], 2),
        ([b'{"cut": \n', b'{"again": \n', 0], 1),
        ([0, 1, b"{\n"], 3),
    ],
)
def test_a_line_that_is_none_is_named(spoilt: list[object], place: int) -> None:
    _, written = lines()

    given = [written[one] if isinstance(one, int) else one for one in spoilt]

    with pytest.raises(Unreadable, match=f"line {place} is no entry"):
        list(read_lines(given))  # type: ignore[arg-type]


def test_an_entry_whose_body_is_none_is_no_line() -> None:
    _, (one, *_) = lines()

    with pytest.raises(Unreadable):
        list(read_lines([one.replace(b'"actor"', b'"auctor"')]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"2026-11-02T09:00:00Z", b"2026-11-02T09:00:00"),
        (b'"actor"', b'"deep":' + b"[" * 20_000 + b"]" * 20_000 + b',"actor"'),
    ],
    ids=["no zone", "deep"],
)
def test_an_entry_that_was_changed_so_that_it_breaks_its_reader_is_no_line(old: bytes, new: bytes) -> None:
    _, (one, two, *_) = lines()
    assert old in one

    with pytest.raises(Unreadable, match="line 1 is no entry"):
        list(read_lines([one.replace(old, new), two]))


def test_an_anchor_is_read_also_from_what_syslog_wrote() -> None:
    plain = anchor_line(ANCHOR) + b"\n"

    found = list(read_anchors([plain, b"Nov  2 09:00:00 host air-agent-audit: " + plain, b" \n"]))

    assert found == [ANCHOR, ANCHOR]


def test_an_anchor_that_is_none_is_named() -> None:
    with pytest.raises(Unreadable, match="line 1 is no anchor"):
        list(read_anchors([b"no brace at all\n"]))
    with pytest.raises(Unreadable, match="line 1 is no anchor"):
        list(read_anchors([anchor_line(ANCHOR).replace(b'"mac":"00', b'"mac":"xy') + b"\n"]))
