"""What acknowledgements pause, and what is told when a page gets worse or better."""

import msgspec
import pytest

from agent.model.chain import LastChance
from agent.model.escalation import Item, Need, Occasion
from tests.judge.escalation.making import DAY, HOUR, MINUTE, NOW, Walk, a_chain, a_step, an_item, by_occasion


def test_an_acknowledgement_pauses_the_chain_and_its_time_does_not_count() -> None:
    walk = Walk(a_chain()).until(NOW + MINUTE)
    walk.acknowledge(NOW + 5 * MINUTE)

    walk.until(NOW + 3 * HOUR)

    assert walk.course[1] == (HOUR + 15 * MINUTE, "page", ("pager",))


def test_a_step_that_was_due_already_comes_as_soon_as_the_pause_is_over() -> None:
    walk = Walk(a_chain(), limit=1)
    walk.until(NOW + 20 * MINUTE)  # the second step waits for room
    walk.acknowledge(NOW + 20 * MINUTE)

    walk.until(NOW + 3 * HOUR)

    assert walk.course[1] == (80 * MINUTE, "page", ("pager",))


def test_who_acknowledges_again_pauses_it_for_longer() -> None:
    walk = Walk(a_chain()).until(NOW + MINUTE)
    walk.acknowledge(NOW + 5 * MINUTE)
    walk.acknowledge(NOW + 35 * MINUTE)

    walk.until(NOW + 3 * HOUR)

    assert walk.course[1] == (HOUR + 45 * MINUTE, "page", ("pager",))


def test_an_acknowledgement_that_is_taken_back_ends_the_pause() -> None:
    walk = Walk(a_chain()).until(NOW + MINUTE)
    walk.acknowledge(NOW + 5 * MINUTE)
    walk.acknowledge(NOW + 10 * MINUTE, is_acknowledged=False)
    walk.acknowledge(NOW + 10 * MINUTE, is_acknowledged=False)

    walk.until(NOW + 3 * HOUR)

    assert walk.course[1] == (20 * MINUTE, "page", ("pager",))


def test_one_that_was_never_given_or_is_of_an_older_key_changes_nothing() -> None:
    walk = Walk(a_chain()).until(NOW + 6 * HOUR)
    before = walk.page

    walk.acknowledge(NOW + 6 * HOUR, is_acknowledged=False)
    walk.acknowledge(NOW + 6 * HOUR, key=f"{before.id}:9")

    assert walk.page == before


def test_an_acknowledgement_of_an_older_key_that_still_stands_somewhere_counts() -> None:
    walk = Walk(a_chain()).until(NOW + 6 * HOUR)

    walk.acknowledge(NOW + 6 * HOUR, key=f"{walk.page.id}:1")

    assert walk.page.acknowledged is not None
    assert walk.page.acknowledged.channel == ""


def test_an_acknowledgement_says_on_which_channel_where_that_is_plain() -> None:
    walk = Walk(a_chain()).until(NOW + MINUTE)

    walk.acknowledge(NOW + 5 * MINUTE)

    assert walk.page.acknowledged is not None
    assert (walk.page.acknowledged.channel, walk.page.acknowledged.by) == ("teams", "Anna")


def test_no_pause_lasts_past_the_last_chance() -> None:
    walk = Walk(a_chain(quiet=20 * DAY)).until(NOW + MINUTE)
    walk.acknowledge(NOW + 5 * MINUTE)

    walk.until(NOW + 6 * DAY)

    assert walk.course[-1] == (6 * DAY, "lastChance", ("pager", "lead", "mail"))


WORSE = [
    ([an_item(2)], "1 action joined"),
    ([an_item(1, amount=13)], "1 action grew"),
    ([an_item(1, need=Need.LOOK)], "1 action went wrong"),
    ([an_item(1, left=3 * DAY)], "1 action has far less time"),
]


@pytest.mark.parametrize(("items", "words"), WORSE)
def test_what_is_worse_is_told_quietly_under_the_same_key_while_the_chain_goes_on(
    items: list[Item], words: str
) -> None:
    walk = Walk(a_chain()).until(NOW + MINUTE)
    walk.items = [*(one for one in walk.items if one.action_id != items[0].action_id), *items]

    assert walk.look(NOW + 5 * MINUTE) == ()
    notices = walk.look(NOW + 6 * MINUTE)

    assert by_occasion(notices) == {"update": ["teams"]}
    assert notices[0].key == walk.told[0].key
    assert not notices[0].is_page
    assert words in notices[0].words


@pytest.mark.parametrize(("items", "words"), WORSE)
def test_what_is_worse_while_acknowledged_pages_anew_under_a_new_key(items: list[Item], words: str) -> None:
    walk = Walk(a_chain()).until(NOW + MINUTE)
    walk.acknowledge(NOW + 2 * MINUTE)
    walk.items = [*(one for one in walk.items if one.action_id != items[0].action_id), *items]
    walk.look(NOW + 3 * MINUTE)

    walk.until(NOW + 21 * MINUTE)

    assert [(at, why) for at, why, _ in walk.course[1:]] == [(6 * MINUTE, "worse"), (20 * MINUTE, "page")]
    assert words in walk.told[1].words
    assert walk.told[1].key.endswith(":2")
    assert walk.told[1].is_page


@pytest.mark.parametrize(
    "item",
    [an_item(1, amount=12), an_item(1, amount=5), an_item(1, left=5 * DAY), an_item(1, need=Need.HAND)],
)
def test_what_is_not_worse_is_told_to_nobody(item: Item) -> None:
    walk = Walk(a_chain(a_step("teams"), repeat=None)).until(NOW + MINUTE)
    walk.items = [item]

    walk.until(NOW + HOUR)
    walk.look(NOW + HOUR)

    assert len(walk.told) == 1


def test_at_the_chains_end_what_is_worse_pages_anew_but_not_again_and_again() -> None:
    walk = Walk(a_chain(a_step("teams"), repeat=None)).until(NOW + MINUTE)
    walk.items.append(an_item(2))
    walk.look(NOW + 10 * MINUTE)
    walk.until(NOW + 3 * HOUR)

    assert walk.course[1:] == [(61 * MINUTE, "worse", ("teams",))]


def test_what_ended_is_told_quietly_and_once() -> None:
    walk = Walk(a_chain(a_step("teams"), repeat=None), an_item(1), an_item(2)).until(NOW + MINUTE)
    walk.end(2, "decided in Defender")
    walk.look(NOW + 2 * MINUTE)

    walk.until(NOW + 5 * HOUR)

    assert walk.course[1:] == [(6 * MINUTE, "update", ("teams",))]
    assert "1 action: decided in Defender" in walk.told[-1].words


def test_what_ended_before_anybody_heard_of_it_is_told_to_nobody() -> None:
    walk = Walk(a_chain(a_step("teams"), repeat=None), an_item(1), an_item(2))
    walk.end(2, "decided in Defender")

    walk.until(NOW + 5 * HOUR)

    assert walk.course == [(MINUTE, "page", ("teams",))]
    assert walk.told[0].total == 1


def test_what_needs_people_again_joins_anew() -> None:
    walk = Walk(a_chain(), an_item(1), an_item(2)).until(NOW + MINUTE)
    walk.end(2, "policy a approved it")
    walk.look(NOW + 6 * MINUTE)
    walk.ended, walk.items = {}, [*walk.items, an_item(2, need=Need.LOOK)]

    notices = walk.look(NOW + 11 * MINUTE)

    assert by_occasion(notices) == {"update": ["teams"]}
    assert "1 action joined" in notices[0].words


def test_a_step_tells_its_own_and_an_update_the_others() -> None:
    walk = Walk(a_chain()).until(NOW + 14 * MINUTE)
    walk.items.append(an_item(2))

    notices = walk.look(NOW + 15 * MINUTE)

    assert by_occasion(notices) == {"page": ["pager"], "update": ["teams"]}


def test_a_new_action_has_a_last_chance_of_its_own_after_the_first_has_lapsed() -> None:
    walk = Walk(a_chain()).until(NOW + 6 * DAY)
    walk.items.append(an_item(2, left=9 * DAY))
    walk.look(NOW + 6 * DAY + HOUR)

    walk.until(NOW + 8 * DAY)

    assert walk.told[-1].occasion is Occasion.LAST_CHANCE
    assert walk.lapsed == ["0000000000000001", "0000000000000002"]


def test_a_page_whose_step_could_reach_nobody_takes_the_next_at_once() -> None:
    walk = Walk(a_chain()).until(NOW + MINUTE)
    walk.page = msgspec.structs.replace(walk.page, is_hurried=True)

    notices = walk.look(NOW + 2 * MINUTE)

    assert by_occasion(notices) == {"page": ["pager"]}
    assert not walk.page.is_hurried


def test_without_channels_of_its_own_the_last_chance_tells_the_last_step() -> None:
    walk = Walk(a_chain(last_chance=LastChance())).until(NOW + 6 * DAY)

    assert walk.course[-1][1:] == ("lastChance", ("lead", "mail"))
