"""Which values are gone by right."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.audit.chain import body, micros, read_body
from agent.audit.erasures import EXPIRED, Erasures, erased, ranges
from agent.model.audit import Detail, Event
from tests.audit.chains import NOW, an_entry

AT = micros(NOW)


def of(*details: dict[str, Detail]) -> Erasures:
    return Erasures(
        read_body(body(replace(an_entry(Event.ERASURE), detail=detail), {})) for detail in details
    )


@given(st.lists(st.integers(1, 60)), st.lists(st.integers(1, 60)))
def test_exactly_the_places_that_were_erased_are_accounted_for(some: list[int], more: list[int]) -> None:
    found = of(
        erased(("a", number, "label") for number in some), erased(("a", number, "label") for number in more)
    )

    gone = [number for number in range(62) if found.account_for("a", number, "label", AT)]

    assert gone == sorted({*some, *more})
    assert not any(found.account_for("b", number, "label", AT) for number in some)
    assert not any(found.account_for("a", number, "reason", AT) for number in some)


def test_numbers_are_told_in_ranges() -> None:
    assert ranges([19, 17, 20, 21, 20]) == "17,19-21"
    assert ranges([]) == ""


def test_an_erasure_says_how_many_and_where_and_not_what() -> None:
    detail = erased([("a", 3, "label"), ("a", 4, "label"), ("b", 3, "reason"), ("a", 3, "label")])

    assert detail == {"values": 3, "at a/label": "3-4", "at b/reason": "3"}


def test_an_expiry_accounts_for_everything_before_its_moment_and_nothing_at_it() -> None:
    older, newer = NOW - timedelta(days=1), NOW
    found = of({EXPIRED: newer.isoformat()}, {EXPIRED: older.isoformat(), "values": 7})

    assert found.account_for("a", 1, "label", AT - 1)
    assert not found.account_for("a", 1, "label", AT)


def test_other_entries_erase_nothing() -> None:
    found = Erasures([read_body(body(replace(an_entry(Event.NOTE), detail={"at a/label": "1-9"}), {}))])

    assert not found.account_for("a", 1, "label", AT)
