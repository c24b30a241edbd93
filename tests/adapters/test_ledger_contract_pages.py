"""What every ledger promises of pages and of the outbox, held against SQLite and PostgreSQL."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.adapters.ledger.columns import MICROSECOND
from agent.adapters.ledger.ledger import SqlLedger
from agent.model.audit import Event, Link
from agent.model.chain import Urgency
from agent.model.enactment import State
from agent.model.errors import Conflict, LedgerError
from agent.model.escalation import LOUD, Acknowledgement, Delivery, Member, Occasion, Page, Posted, Receipt
from agent.ports.escalation import Pages
from tests.adapters.records import KEY, NOW, TENANT, a_record
from tests.escalations import HOUR, MINUTE, a_member, a_page, a_posted
from tests.ledgers import open_ledger

NOTHING = "\0 `\\0` \\ \U0001f4e7"
SECOND = timedelta(seconds=1)


@pytest.fixture
def pages(ledger: SqlLedger) -> Pages:
    return ledger.pages


def kept(page: Page, times: int = 1) -> Page:
    """Return the page as it is read after it was saved so many times."""
    return msgspec.structs.replace(page, version=page.version + times)


def ids(posted: tuple[Posted, ...]) -> list[str]:
    return [one.notice.id for one in posted]


# Records that stand


async def test_the_versions_of_records_in_these_states_are_told(ledger: SqlLedger) -> None:
    asked, held, done = (
        a_record("a", State.ESCALATED),
        a_record("b", State.HELD),
        a_record("c", State.CONFIRMED),
    )
    await ledger.save([asked, held, done], now=NOW)
    await ledger.save([msgspec.structs.replace(held, version=1)], now=NOW)

    found = await ledger.pages.standing([State.ESCALATED, State.HELD], NOW)

    assert found == {asked.action.id: 1, held.action.id: 2}
    assert await ledger.pages.standing([], NOW) == {}


async def test_a_record_whose_week_is_over_stands_no_more(ledger: SqlLedger) -> None:
    refused = a_record("a", State.REFUSED)
    await ledger.save([refused], now=NOW)
    deadline = refused.action.deadline

    assert await ledger.pages.standing([State.REFUSED], deadline - MICROSECOND) == {refused.action.id: 1}
    assert await ledger.pages.standing([State.REFUSED], deadline) == {}


# Pages


async def test_a_page_is_read_back_as_it_was_saved(pages: Pages) -> None:
    told = a_member(NOTHING, is_told=True, amount=7, ended="somebody approved it in Defender")
    seen = Acknowledgement(at=NOW, by=NOTHING, channel="pager", until=NOW + HOUR)
    page = a_page(NOTHING, told, generation=3, step=2, acknowledged=seen, paused=12.5, is_stormy=True)

    await pages.save([page])

    assert await pages.page(NOTHING) == kept(page)
    assert await pages.open() == (kept(page),)
    assert await pages.page("another") is None


async def test_saving_again_counts_the_version_and_keeps_the_newest(pages: Pages) -> None:
    await pages.save([a_page(), a_page("page-2")])
    later = [a_page(step=1, version=1), a_page("page-2", step=2, version=1)]

    await pages.save(later)

    assert [(one.step, one.version) for one in await pages.open()] == [(1, 2), (2, 2)]


@pytest.mark.parametrize("version", [0, 2])
async def test_a_page_of_another_version_is_a_conflict_and_nothing_is_written(
    pages: Pages, version: int
) -> None:
    await pages.save([a_page("page-1"), a_page("page-2")], [a_posted("old", page_id="page-1")])
    stale = a_page("page-2", step=5, version=version)

    with pytest.raises(Conflict):
        await pages.save(
            [a_page("page-1", step=5, version=1), stale, a_page("page-3")],
            [a_posted("new")],
            overtaken=["old"],
        )

    assert [(one.id, one.step, one.version) for one in await pages.open()] == [
        ("page-1", 0, 1),
        ("page-2", 0, 1),
    ]
    assert ids(await pages.due(NOW, 10)) == ["old"]


async def test_a_page_that_was_never_saved_cannot_be_of_version_one(pages: Pages) -> None:
    with pytest.raises(Conflict):
        await pages.save([a_page(version=1)])


async def test_open_pages_are_those_that_are_not_closed_oldest_first(pages: Pages) -> None:
    young, old = a_page("young", opened=NOW + SECOND), a_page("old", opened=NOW)
    over = a_page("over", closed=NOW, due=None)

    await pages.save([young, over, old])

    assert [one.id for one in await pages.open()] == ["old", "young"]
    assert await pages.page("over") == kept(over)


async def test_every_page_of_an_action_is_found_newest_first_however_it_stands(pages: Pages) -> None:
    first = a_page("first", a_member("x", ended="it was decided"), closed=NOW, due=None)
    second = a_page("second", a_member("x"), a_member("y"), opened=NOW + HOUR)
    await pages.save([first, second, a_page("else", a_member("z"))])

    joined = msgspec.structs.replace(kept(second), members=(*second.members, a_member("z")))
    await pages.save([joined])

    assert [one.id for one in await pages.of_action("x")] == ["second", "first"]
    assert [one.id for one in await pages.of_action("z")] == ["second", "else"]
    assert await pages.of_action("nobody's") == ()


async def test_the_notices_of_several_pages_are_told_together(pages: Pages) -> None:
    some = [
        a_posted("later", page_id="page-1", at=NOW),
        a_posted("first", page_id="page-1", at=NOW - MINUTE),
        a_posted("other", page_id="page-2", at=NOW - HOUR),
        a_posted("apart", page_id="page-3", at=NOW),
    ]
    await pages.save([], some)

    assert ids(await pages.posted("page-1", "page-2")) == ["first", "later", "other"]
    assert await pages.posted() == ()


async def test_a_page_with_ten_thousand_members_is_kept(pages: Pages) -> None:
    members: list[Member] = [a_member(f"action-{number}") for number in range(10_000)]
    page = a_page("large", *members)

    await pages.save([page])

    found = await pages.page("large")
    assert found is not None
    assert len(found.members) == 10_000
    assert len(await pages.of_action("action-9999")) == 1


async def test_tenants_share_no_pages(ledger: SqlLedger, url: str) -> None:
    await ledger.pages.save([a_page()], [a_posted()])

    async with open_ledger(url, "22222222-2222-3333-4444-555555555555", key=KEY) as other:
        assert await other.pages.open() == ()
        assert await other.pages.page("page-1") is None
        assert await other.pages.of_action("action-1") == ()
        assert await other.pages.due(NOW, 10) == ()
        assert await other.pages.posted("page-1") == ()
        assert await other.pages.waiting() == 0
        assert await other.pages.next_due() is None
        assert await other.pages.loud_since(NOW - HOUR) == {}
        await other.pages.save([a_page()], [a_posted()])

    assert (await ledger.pages.page("page-1")) == kept(a_page())


# The outbox


async def test_notices_are_due_the_loudest_first_then_the_oldest(pages: Pages) -> None:
    low = a_posted("low", urgency=Urgency.LOW, at=NOW - HOUR)
    usual = a_posted("usual", at=NOW - MINUTE)
    older = a_posted("older", at=NOW - 2 * MINUTE)
    loud = a_posted("loud", urgency=Urgency.HIGH)
    later = a_posted("loud later", urgency=Urgency.HIGH, due=NOW + SECOND)
    await pages.save([a_page()], [low, usual, older, loud, later])

    assert ids(await pages.due(NOW, 10)) == ["loud", "older", "usual", "low"]
    assert ids(await pages.due(NOW, 2)) == ["loud", "older"]
    assert ids(await pages.due(NOW + SECOND, 10))[:2] == ["loud", "loud later"]


async def test_notices_of_channels_that_are_busy_are_left_out(pages: Pages) -> None:
    slow = [a_posted(f"slow-{number}", channel="slow", urgency=Urgency.HIGH) for number in range(20)]
    await pages.save([], [*slow, a_posted("quick", channel="quick"), a_posted("third", channel="third")])

    assert ids(await pages.due(NOW, 10, apart_from=["slow"])) == ["quick", "third"]
    assert ids(await pages.due(NOW, 10, apart_from=["slow", "quick"])) == ["third"]


async def test_what_is_of_low_urgency_and_waits_for_a_channel_is_found_due_or_not(pages: Pages) -> None:
    low: dict[str, Any] = {"urgency": Urgency.LOW}
    await pages.save([], [a_posted("b", due=NOW + HOUR, **low), a_posted("a", **low), a_posted("usual")])
    await pages.save([], [a_posted("c", channel="pager", **low), a_posted("sent", **low)])
    await pages.settle(a_posted("sent", delivery=Delivery.SENT, **low), NOW)

    assert ids(await pages.collected("teams")) == ["a", "b"]
    assert ids(await pages.collected("nobody's")) == []


async def test_a_notice_that_is_in_the_outbox_already_stays_as_it_is_there(pages: Pages) -> None:
    await pages.save([], [a_posted()])
    sent = a_posted(delivery=Delivery.SENT, due=None)
    await pages.settle(sent, NOW)

    await pages.save([], [a_posted(), a_posted("notice-2")])

    assert ids(await pages.due(NOW, 10)) == ["notice-2"]
    assert (await pages.posted("page-1"))[0] == sent


async def test_a_notice_is_read_back_as_it_was_settled(pages: Pages) -> None:
    text = a_posted(NOTHING, channel=NOTHING, title=NOTHING, words=NOTHING, event=NOTHING)
    await pages.save([], [text])
    sent = msgspec.structs.replace(
        text,
        delivery=Delivery.SENT,
        due=None,
        attempts=2,
        tried_at=NOW,
        sent_at=NOW + MINUTE,
        receipt=Receipt(ref=NOTHING, words=NOTHING),
        why=NOTHING,
    )

    assert await pages.settle(sent, NOW + MINUTE)

    assert await pages.posted("page-1") == (sent,)
    assert await pages.due(NOW + HOUR, 10) == ()
    assert await pages.next_due() is None
    assert await pages.waiting() == 0


async def test_a_notice_that_is_tried_again_is_due_later(pages: Pages) -> None:
    await pages.save([], [a_posted()])

    again = a_posted(due=NOW + MINUTE, attempts=1)

    assert await pages.settle(again, NOW)
    assert await pages.due(NOW, 10) == ()
    assert await pages.due(NOW + MINUTE, 10) == (again,)
    assert await pages.waiting() == 1


async def test_what_was_overtaken_is_dropped_and_never_due(pages: Pages) -> None:
    await pages.save([], [a_posted("update", attempts=1), a_posted("other"), a_posted("sent")])
    await pages.settle(a_posted("sent", delivery=Delivery.SENT, due=None), NOW)

    await pages.save([], [a_posted("resolved")], overtaken=["update", "sent", "unknown"])

    assert ids(await pages.due(NOW, 10)) == ["other", "resolved"]
    stand = {one.notice.id: (one.delivery, one.attempts) for one in await pages.posted("page-1")}
    assert stand["update"] == (Delivery.DROPPED, 1)
    assert stand["sent"] == (Delivery.SENT, 0)


@pytest.mark.parametrize("failed", [Delivery.WAITING, Delivery.GIVEN_UP])
async def test_what_was_overtaken_on_its_way_stays_dropped_where_it_was_not_taken(
    ledger: SqlLedger, failed: Delivery
) -> None:
    """Else an update that failed would come after all, when people have been told that it is over."""
    pages = ledger.pages
    await pages.save([], [a_posted()])
    (on_its_way,) = await pages.due(NOW, 1)
    await pages.save([], [], overtaken=["notice-1"])

    written = await pages.settle(msgspec.structs.replace(on_its_way, delivery=failed, attempts=1), NOW)

    assert not written
    assert [one.delivery for one in await pages.posted("page-1")] == [Delivery.DROPPED]
    assert await pages.due(NOW + HOUR, 1) == ()
    assert await told(ledger) == []


async def test_what_was_overtaken_on_its_way_was_sent_where_it_was_taken(pages: Pages) -> None:
    await pages.save([], [a_posted()])
    await pages.save([], [], overtaken=["notice-1"])

    assert await pages.settle(a_posted(delivery=Delivery.SENT, due=None), NOW)

    assert [one.delivery for one in await pages.posted("page-1")] == [Delivery.SENT]


async def test_what_belongs_to_no_page_is_found_by_its_key(pages: Pages) -> None:
    alone = [
        a_posted(name, page_id="", key=key) for name, key in (("a", "storm"), ("b", "storm"), ("c", "else"))
    ]
    await pages.save([], [*alone, a_posted("d")])

    assert ids(await pages.posted("storm")) == ["a", "b"]
    assert ids(await pages.posted("")) == []
    assert ids(await pages.posted("page-1")) == ["d"]


async def test_six_hundred_notices_are_dropped_at_once(pages: Pages) -> None:
    every = [a_posted(f"n-{number}") for number in range(600)]
    await pages.save([], every)

    await pages.save([], [], overtaken=ids(tuple(every)))

    assert await pages.waiting() == 0


# What counts against the storm limit


async def test_pages_within_the_hour_are_counted_by_their_events(pages: Pages) -> None:
    early = a_posted("early", at=NOW - SECOND, event="before")
    both = [a_posted("a", at=NOW, event="one"), a_posted("b", at=NOW + SECOND, event="one", channel="pager")]
    await pages.save([], [early, *both, a_posted("c", at=NOW + MINUTE, event="two")])

    assert await pages.loud_since(NOW) == {"one": NOW, "two": NOW + MINUTE}


@pytest.mark.parametrize("occasion", list(Occasion))
async def test_only_what_pages_people_counts(pages: Pages, occasion: Occasion) -> None:
    await pages.save([], [a_posted(event="it", occasion=occasion)])

    assert (await pages.loud_since(NOW) == {"it": NOW}) is (occasion in LOUD)


async def test_what_was_never_told_does_not_count(pages: Pages) -> None:
    await pages.save([], [a_posted("a", event="it"), a_posted("b", event="it", channel="pager")])
    await pages.save([], [], overtaken=["a"])
    assert await pages.loud_since(NOW) == {"it": NOW}

    await pages.save([], [], overtaken=["b"])

    assert await pages.loud_since(NOW) == {}


# When something is next to be done


async def test_the_next_moment_is_that_of_a_page_or_of_a_notice(pages: Pages) -> None:
    assert await pages.next_due() is None

    await pages.save([a_page(due=NOW + HOUR), a_page("closed", due=None, closed=NOW)])
    assert await pages.next_due() == NOW + HOUR

    await pages.save([], [a_posted(due=NOW + MINUTE)])
    assert await pages.next_due() == NOW + MINUTE


# The audit


async def told(ledger: SqlLedger) -> list[Link]:
    links = await ledger.trail.unshipped("agent", 1000)
    return [link for link in links if link.event == Event.NOTICE]


@pytest.mark.parametrize("delivery", list(Delivery))
async def test_the_audit_tells_of_what_was_sent_or_given_up(ledger: SqlLedger, delivery: Delivery) -> None:
    await ledger.pages.save([], [a_posted()])

    await ledger.pages.settle(a_posted(delivery=delivery), NOW)

    assert len(await told(ledger)) == (delivery in {Delivery.SENT, Delivery.GIVEN_UP})


async def test_a_ledger_that_is_read_only_writes_no_page(ledger: SqlLedger, url: str) -> None:
    await ledger.pages.save([a_page()], [a_posted()])

    async with open_ledger(url, TENANT, read_only=True) as looking:
        assert len(await looking.pages.open()) == 1
        with pytest.raises(LedgerError):
            await looking.pages.settle(a_posted(delivery=Delivery.SENT), NOW)
        with pytest.raises(LedgerError):
            await looking.pages.save([a_page("another")])
