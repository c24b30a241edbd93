"""What notices say, and those that belong to no page."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from agent.judge.escalation import gathered
from agent.judge.escalation.climb import opened
from agent.judge.escalation.notices import moved_on
from agent.judge.escalation.storm import in_turn
from agent.model.chain import Approvers, Chain, Fallback, LastChance, Urgency
from agent.model.enactment import State
from agent.model.escalation import Item, Need, Notice, Occasion, Page
from tests.judge.escalation.making import BERLIN, DAY, HOUR, MINUTE, NOW, Walk, a_chain, a_step, an_item
from tests.judge.escalation.test_items import a_decision, a_record


def said(*items: Item, **more: Any) -> str:
    return Walk(a_chain(**more), *items).until(NOW + MINUTE).told[0].words


def test_a_page_says_what_is_asked_until_when_and_what_happens_otherwise() -> None:
    notice = Walk(a_chain()).until(NOW + MINUTE).told[0]

    assert notice.title == "Incident 42: approve or reject 1 action (12 messages) by Mon 9 Nov 09:00 UTC"
    assert notice.words == (
        "Policies left it to people; why stands with it. "
        "To answer: air-agent answer 0000000000000001 approve (or reject) --reason …. "
        "Defender drops it on Mon 9 Nov 09:00 UTC, in 6 days. "
        "Without an answer by Sun 8 Nov 09:00 UTC, the last people are told; when its week ends, nothing is done."
    )


def test_everything_that_is_to_be_done_is_counted_apart() -> None:
    user = replace(an_item(4, need=Need.HAND), kind="disabling of a user")
    walk = Walk(a_chain(), an_item(1), an_item(2), an_item(3, need=Need.LOOK), user).until(NOW + MINUTE)

    assert walk.told[0].title.startswith(
        "Incident 42: look at 1 action, approve or reject 2 actions, decide 1 action in Defender (48 targets)"
    )


@pytest.mark.parametrize(
    ("need", "chain", "words"),
    [(1, 2, "2 people have to approve"), (3, 2, "3 people have to approve"), (1, 1, "")],
)
def test_how_many_people_have_to_approve_is_said_where_it_is_more_than_one(
    need: int, chain: int, words: str
) -> None:
    found = said(an_item(approvers=need), approvers=Approvers(need=chain))

    assert words in found
    assert ("have to approve" in found) is bool(words)


@pytest.mark.parametrize(
    ("decide", "before", "after"),
    [
        (Fallback.ESCALATE, "the last people are told", "people are not told again"),
        (Fallback.HAND_OFF, "it is handed off", "it is handed off"),
        (Fallback.REJECT, "nobody's no", "nobody's no"),
    ],
)
def test_what_becomes_of_it_without_an_answer_is_said(decide: Fallback, before: str, after: str) -> None:
    walk = Walk(a_chain(last_chance=LastChance(decide=decide))).until(NOW + 6 * DAY)

    assert before in walk.told[0].words
    assert after in walk.told[-1].words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (2 * MINUTE, "in 1 minute."),
        (120 * MINUTE, "in 119 minutes."),
        (121 * MINUTE, "in 2 hours."),
        (3 * DAY + MINUTE, "in 3 days."),
    ],
)
def test_the_time_that_is_left_is_never_told_as_more_than_it_is(left: timedelta, words: str) -> None:
    walk = Walk(a_chain(), an_item(1, left=left), an_item(2))

    assert words in walk.look(NOW + MINUTE)[0].words


def test_who_has_acknowledged_is_named_in_quotes_where_need_be() -> None:
    walk = Walk(a_chain(), an_item(1), an_item(2)).until(NOW + MINUTE)
    walk.acknowledge(NOW + 2 * MINUTE)
    walk.end(2, "decided in Defender")

    notices = walk.look(NOW + 6 * MINUTE)

    assert "Anna has acknowledged it; nobody has answered it." in notices[0].words


def test_endings_that_are_alike_are_told_together_and_not_too_many() -> None:
    walk = Walk(a_chain(), *(an_item(n) for n in range(1, 9))).until(NOW + MINUTE)
    for number in range(1, 9):
        walk.end(number, "policy a approved it" if number < 3 else f"ending {number}")

    words = walk.look()[0].words

    assert "2 actions: policy a approved it" in words
    assert "2 actions ended otherwise" in words


def test_a_page_about_the_brake_or_a_campaign_says_so() -> None:
    titles = []
    for group in ("guard:brake", "campaign:url:abc"):
        walk = Walk(a_chain())
        walk.page = opened(walk.chain, group, walk.items, NOW)
        titles.append(walk.until(NOW + MINUTE).told[0].title.partition(":")[0])
        walk.end(1, "policy a approved it")
        titles.append(walk.look()[0].title)

    assert titles == [
        "What the brake holds",
        "Resolved: what the brake holds",
        "Campaign in 1 incident",
        "Resolved: campaign",
    ]


def test_a_page_of_which_no_action_can_be_shown_still_goes_out() -> None:
    walk = Walk(a_chain())
    walk.items = []

    notice = walk.look(NOW + MINUTE)[0]

    assert (notice.title, notice.total, notice.deadline) == ("incident 42", 0, None)


def test_the_link_leads_to_the_incident_or_to_defender() -> None:
    here = "https://security.microsoft.com/incident2/42"
    with_link = Walk(a_chain(), an_item(incident_url=here)).until(NOW + MINUTE)
    without = Walk(a_chain()).until(NOW + MINUTE)

    assert [with_link.told[0].link, without.told[0].link] == [here, "https://security.microsoft.com"]


def test_a_notice_that_moves_on_is_the_same_but_for_its_channel_and_id() -> None:
    notice = Walk(a_chain()).until(NOW + MINUTE).told[0]

    moved = moved_on(notice, "pager")

    assert (moved.channel, moved.instead_of, moved.event) == ("pager", "teams", notice.event)
    assert moved.id != notice.id
    assert moved == moved_on(notice, "pager")


# Notices of no page


def stormy(number: int, chain: Chain, **more: Any) -> tuple[Page, list[Item]]:
    items = [an_item(number, **more)]
    return opened(chain, f"incident:{number}", items, NOW), items


def test_a_summary_counts_what_is_held_back_at_most_once_an_hour() -> None:
    chain = a_chain()
    held = [stormy(1, chain), stormy(2, chain, left=DAY * 5)]

    found = gathered.summary(chain, held, NOW, last=None)

    assert [one.channel for one in found] == ["teams"]
    assert (
        found[0].title == "Too much at once: 2 pages with 2 actions wait; the first ends Sat 7 Nov 09:00 UTC"
    )
    assert (found[0].total, found[0].amount) == (2, 24)
    assert not found[0].is_page
    assert gathered.summary(chain, held, NOW, last=NOW - 59 * MINUTE) == ()
    assert gathered.summary(chain, held, NOW, last=NOW - HOUR) != ()
    assert gathered.summary(chain, [], NOW, last=None) == ()


def test_a_last_chance_that_is_held_back_is_summed_up_sooner_and_in_quiet_hours() -> None:
    night = NOW + 15 * HOUR
    chain = a_chain(hours=replace(BERLIN, unless=frozenset()))
    late = [stormy(1, chain, left=39 * HOUR)]
    other = [stormy(2, chain)]

    found = gathered.summary(chain, late, night, last=night - 15 * MINUTE)

    assert [one.channel for one in found] == ["teams", "pager", "lead", "mail"]
    assert gathered.summary(chain, late, night, last=night - 14 * MINUTE) == ()
    assert gathered.summary(chain, other, night, last=None) == ()


def test_what_joins_with_its_last_chance_over_is_summed_up_as_soon_as_one_that_comes() -> None:
    chain = a_chain()
    page, items = stormy(1, chain, left=2 * HOUR)
    joined = replace(page, members=tuple(replace(one, joined=NOW) for one in page.members))
    unknown = replace(page, members=())

    soon = gathered.summary(chain, [(joined, items)], NOW + 15 * MINUTE, last=NOW - MINUTE)

    assert soon != ()
    assert gathered.summary(chain, [(joined, items)], NOW + 15 * MINUTE, last=NOW) == ()
    assert gathered.summary(chain, [(unknown, items)], NOW + 15 * MINUTE, last=NOW - MINUTE) == ()


def test_a_summary_without_actions_to_show_still_counts_pages() -> None:
    chain = a_chain()
    page, _ = stormy(1, chain)

    found = gathered.summary(chain, [(page, [])], NOW, last=None)

    assert found[0].title == "Too much at once: 1 page with 0 actions waits"


def quiet_notice(number: int, at: timedelta = MINUTE) -> Notice:
    walk = Walk(a_chain(a_step("mail", urgency=Urgency.LOW), repeat=None), an_item(number), start=NOW)
    return replace(walk.until(NOW + MINUTE).told[0], at=NOW + at)


def test_a_digest_tells_the_newest_of_each_page() -> None:
    first, second = quiet_notice(1), quiet_notice(2)
    newer = replace(first, id="newer", at=NOW + 2 * MINUTE, title="Changed")

    found = gathered.digest("mail", [newer, first, second], NOW + HOUR)

    assert found.title == "Within the hour: 2 matters, 2 actions"
    assert found.words == f"Changed; {second.title}"
    assert (found.occasion, found.urgency, found.chain) == (Occasion.DIGEST, Urgency.LOW, "secops")
    assert found == gathered.digest("mail", [second, first, newer], NOW + HOUR)


def test_a_digest_of_much_counts_what_it_leaves_out() -> None:
    many = [replace(quiet_notice(1), id=str(n), page_id=str(n), chain=str(n % 2)) for n in range(22)]

    found = gathered.digest("mail", many, NOW + HOUR)

    assert found.words.endswith("; and 2 more")
    assert found.chain == ""


def test_a_policy_that_wants_people_told_has_its_decision_told_and_nothing_asked() -> None:
    found = gathered.inform(a_chain(), a_record(State.REJECTED, decision=a_decision(policies=("p",))), NOW)

    assert [one.channel for one in found] == ["teams"]
    assert found[0].title == "For your information: incident 1: policy p left it to people"
    assert found[0].words == "Nothing is asked of you. Policy p left it to people."
    assert gathered.inform(a_chain(), a_record(decision=None), NOW) == ()


@pytest.mark.parametrize(("last", "count"), [(("lead",), 5), ((), 4)])
def test_a_trial_goes_through_every_step_and_says_that_it_is_one(last: tuple[str, ...], count: int) -> None:
    found = gathered.trial_notices(a_chain(last_chance=LastChance(notify=last)), NOW)

    assert len({one.id for one in found}) == count
    assert {one.occasion for one in found} == {Occasion.TEST}
    assert found[0].title == "Test of chain secops, step 1 of 3: nothing is asked"


def test_whose_last_chance_comes_first_goes_first() -> None:
    chain = a_chain()
    late, soon = Walk(chain, an_item(1)).page, Walk(chain, an_item(2, left=2 * DAY)).page
    warned = Walk(chain, an_item(3, left=DAY))
    warned.look()
    over = replace(late, id="over", members=())

    found = in_turn([(chain, over), (chain, warned.page), (chain, late), (chain, soon)])

    assert [page.id for _, page in found] == [soon.id, late.id, "over", warned.page.id]
