"""Copies outside the ledger: what they have, and whether they are whole themselves."""

import pytest
from msgspec.structs import replace

from agent.audit.chain import anchored
from agent.audit.lines import Unreadable, anchor_line, line, read_anchors, read_lines
from agent.audit.witness import Anchors, Shipped, anchors, shipped
from agent.model.audit import Anchor, Head, Link
from tests.audit.chains import KEY, NOW, TENANT, Books, an_entry


@pytest.fixture
def links() -> list[Link]:
    books = Books()
    books.tell(*(an_entry(count=number) for number in range(6)))
    return books.chains["a"]


def taken(links: list[Link]) -> tuple[Shipped, list[str]]:
    one = Shipped("the file", KEY, TENANT, "a")
    faults = [one.take(link) for link in links]
    return one, [fault.words for fault in faults if fault is not None]


def test_what_was_shipped_is_found_by_its_number(links: list[Link]) -> None:
    one, faults = taken(links)

    assert faults == []
    assert (one.last, one.runs) == (6, [(1, 6)])
    assert [one.mac(number) for number in range(8)] == [None, *(link.mac for link in links), None]


def test_a_file_that_was_rotated_begins_later(links: list[Link]) -> None:
    one, faults = taken(links[3:])

    assert faults == []
    assert (one.runs, one.mac(3)) == ([(4, 6)], None)


def test_what_another_replica_left_behind_is_in_runs_whatever_their_order(links: list[Link]) -> None:
    one, faults = taken([links[4], links[0], links[1], links[5]])

    assert faults == []
    assert one.runs == [(1, 2), (5, 6)]
    assert one.mac(3) is None


def test_nothing_was_shipped_yet() -> None:
    one, _ = taken([])

    assert (one.last, one.runs, one.mac(1)) == (0, [], None)


def test_a_line_may_come_twice_if_it_is_the_same(links: list[Link]) -> None:
    forged = replace(links[1], body=links[1].body.replace(b"count", b"other"))

    assert taken([*links, links[1], links[0]])[1] == []
    assert taken([*links, replace(links[1], mac=bytes(32))])[1] == ["stands twice, and not the same"]
    assert taken([*links, forged])[1] == [
        "was changed: its mac does not fit what it says and what came before it"
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"number": 0}, {"number": 2**63}, {"mac": b"short"}, {"body": b"{}"}],
    ids=["number", "too high", "mac", "body"],
)
def test_a_line_that_does_not_fit_is_a_fault(links: list[Link], wrong: dict[str, object]) -> None:
    _, faults = taken([links[0], replace(links[1], **wrong)])

    assert len(faults) == 1


def test_the_first_fault_of_each_chain_is_told_and_other_tenants_are_passed_over() -> None:
    books = Books()
    for replica in "ab":
        books.tell(*(an_entry(count=number) for number in range(3)), replica=replica)
    a, b = books.chains["a"], books.chains["b"]
    spoilt = replace(a[1], mac=bytes(32))

    copy = shipped(
        "the file",
        KEY,
        TENANT,
        [(TENANT, a[0]), ("another", a[1]), (TENANT, spoilt), (TENANT, a[2]), *((TENANT, one) for one in b)],
    )

    assert [(fault.replica, fault.number) for fault in copy.faults] == [("a", 2)]
    assert copy.spans == {"a": [(1, 1)], "b": [(1, 3)]}


def test_a_line_that_cannot_be_read_is_a_fault_of_the_file(links: list[Link]) -> None:
    good = line(TENANT, links[0]) + b"\n"

    copy = shipped("the file", KEY, TENANT, read_lines([good, b"oh\n", good]))
    anchor = anchors("the anchors", KEY, TENANT, read_anchors([b"oh\n"]))

    assert [fault.words for fault in copy.faults] == ["line 2 is no entry of an audit"]
    assert [fault.words for fault in anchor.faults] == ["line 1 is no anchor"]
    with pytest.raises(Unreadable):
        list(read_lines([b"oh\n"]))


def an_anchor(number: int, mac: bytes = bytes(32), tenant: str = TENANT) -> Anchor:
    head = Head(replica="a", number=number, mac=mac)
    return anchored(KEY.of_anchors(tenant), tenant, head, NOW)


def test_anchors_are_found_by_their_numbers() -> None:
    copy = anchors(
        "the anchors", KEY, TENANT, [an_anchor(2), an_anchor(5), an_anchor(5), an_anchor(9, tenant="other")]
    )

    one = copy.chains["a"]
    assert (copy.faults, one.last, one.mac(2), one.mac(3)) == ([], 5, bytes(32), None)
    assert copy.spans == {}
    assert Anchors("none", {}).last == 0


def test_an_anchor_that_was_changed_or_contradicts_another_is_a_fault() -> None:
    forged = replace(an_anchor(4), number=3)

    copy = anchors("the anchors", KEY, TENANT, [forged, an_anchor(5), an_anchor(5, mac=bytes([1] * 32))])

    assert [(fault.number, fault.words) for fault in copy.faults] == [
        (3, "has an anchor that was changed, or made with another key"),
        (
            5,
            "was anchored twice, and not the same: the chain was written anew in between",
        ),
    ]
    assert anchor_line(forged)
