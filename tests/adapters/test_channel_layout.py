"""What every channel shows of a notice: times, counts, and as much as there is room for."""

from datetime import timedelta

import msgspec
import pytest

from agent.adapters.channels.layout import (
    SHORTER,
    counted,
    facts,
    fitting,
    left_out,
    links,
    shown,
    units,
    until,
)
from agent.adapters.channels.pagerduty import summary, trigger
from agent.model.chain import Urgency
from agent.model.escalation import Need
from tests.adapters.hostile import AT, item, notice
from tests.adapters.wires import later


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=-1), "past"),
        (timedelta(0), "past"),
        (timedelta(seconds=59), "in 0 min"),
        (timedelta(minutes=119), "in 119 min"),
        (timedelta(hours=2), "in 2 h"),
        (timedelta(hours=71, minutes=59), "in 71 h"),
        (timedelta(hours=72), "in 3 days"),
    ],
)
def test_how_far_a_moment_is_away_is_never_more_than_it_is(left: timedelta, words: str) -> None:
    assert until(AT + left, AT).endswith(f" UTC ({words})")


def test_one_is_not_many() -> None:
    assert counted(1, "action") == "1 action"
    assert counted(0, "action") == "0 actions"
    assert counted(10_000, "action") == "10,000 actions"


def test_only_facts_that_there_are_are_told() -> None:
    bare = later(notice(), amount=0, deadline=None, chain="", urgency=Urgency.NORMAL)

    assert facts(bare) == ()
    assert facts(later(bare, chain="secops", step=0)) == (("Chain", "secops"),)
    assert facts(later(bare, urgency=Urgency.LOW, instead_of="teams")) == (
        ("Urgency", "low"),
        ("Instead of", "teams, which failed"),
    )


@pytest.mark.parametrize(
    ("need", "words"),
    [
        (Need.ANSWER, "answer: approve or reject"),
        (Need.HAND, "decide in Defender"),
        (Need.LOOK, "look what became of it"),
    ],
)
def test_an_item_says_first_what_is_to_be_done(need: Need, words: str) -> None:
    found = shown(msgspec.structs.replace(item(), need=need, approvers=2), AT)

    assert "2 people have to approve" in found.head
    assert found.head.startswith(words)


def test_what_is_left_out_is_counted_with_and_without_a_link() -> None:
    assert left_out(notice(items=3, total=3), 3) == ""
    assert left_out(notice(items=3, total=4), 3) == (
        "and 1 more action not shown here: follow the link for all of them"
    )
    assert left_out(later(notice(items=3, total=3), link=None), 0) == "3 actions not shown here"


def test_links_are_the_pages_own_and_each_incidents_once() -> None:
    items = (
        item(number=1, incident_url="https://x.example/1"),
        item(number=2, incident_url="https://x.example/1"),
        item("not an id", incident_url="https://x.example/3"),
        item(number=4, incident_url="javascript:alert(1)"),
    )

    found = links(later(notice(), items=items))

    assert [words for words, _ in found] == ["Open", "Incident 41"]


def test_a_link_to_our_own_page_says_that_it_takes_the_answer_and_defenders_stands_beside_it() -> None:
    ours = "https://air.contoso.example/actions/0123456789abcdef"
    items = (item(number=1, incident_url="https://security.microsoft.com/incidents/41"),)

    found = links(later(notice(), link=ours, is_answered_there=True, items=items))

    assert found == (
        ("Open and answer", ours),
        ("Incident 41", "https://security.microsoft.com/incidents/41"),
    )


def test_texts_become_shorter_before_items_are_left_out() -> None:
    items = [item(number=number) for number in range(5)]

    def cost(most: int) -> tuple[int, int]:
        return fitting(
            items, lambda some, limit: (len(some), limit), lambda built: built[0] * built[1] <= most
        )

    assert cost(5 * SHORTER[0]) == (5, SHORTER[0])
    assert cost(5 * SHORTER[0] - 1) == (5, SHORTER[1])
    assert cost(5 * SHORTER[2]) == (5, SHORTER[2])
    assert cost(5 * SHORTER[2] - 1) == (4, SHORTER[2])
    assert cost(0) == (0, SHORTER[2])


def test_letters_beyond_the_first_plane_count_twice() -> None:
    assert units("aß日😀") == 5


def test_a_summary_is_never_longer_than_pagerduty_takes() -> None:
    assert units(summary(notice("a." * 5_000))) <= 1024
    assert summary(later(notice(), title="")) == "People are needed: 3 actions"


def test_details_say_where_another_channel_failed_and_leave_out_what_is_empty() -> None:
    event = trigger(later(notice(), words="", instead_of="teams", step=0, chain="", page_id=""))

    payload = event["payload"]
    assert isinstance(payload, dict)
    assert payload["component"] == payload["group"] == "air-agent"
    assert payload["custom_details"]["instead of"] == "teams, which failed"
    assert {"what is asked", "step"}.isdisjoint(payload["custom_details"])
