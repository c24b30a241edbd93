"""Notices leave at least once under one id; a channel that fails delays no other, and somebody is told all the same."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop import sending
from agent.loop.posting import Posting
from agent.model.chain import Urgency
from agent.model.errors import Conflict, LedgerError, Malformed, Refused, Unavailable
from agent.model.escalation import Delivery, Occasion, Page, Posted
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from tests.escalations import a_page, a_posted
from tests.loop.conftest import Bench
from tests.loop.on_call import CHAIN, HOUR, MINUTE, OnCall, files

SECOND = timedelta(seconds=1)
DOWN = Unavailable("teams: 503")


@pytest.fixture
def call(bench: Bench) -> OnCall:
    assert isinstance(bench.world.ledger, SqlLedger)
    return OnCall(bench, bench.world.ledger)


async def the_posting(call: OnCall) -> Posting:
    paging = await call.paging()
    assert await paging.lease.keep(call.world)
    return paging.posting


async def post(call: OnCall, *posted: Posted, page: Page | None = None) -> Posting:
    """Put these into the outbox, and send what is due."""
    await call.pages.save([page] if page is not None else [], posted)
    posting = await the_posting(call)
    await posting.until_quiet()
    return posting


async def later(call: OnCall, by: timedelta) -> None:
    """Send what is due after so long."""
    call.clock.advance(by)
    posting = await the_posting(call)
    await posting.until_quiet()


async def only(call: OnCall, page_id: str = "page-1") -> Posted:
    (posted,) = await call.pages.posted(page_id)
    return posted


async def stands(call: OnCall, page_id: str = "page-1") -> dict[str, Delivery]:
    return {one.notice.id: one.delivery for one in await call.pages.posted(page_id)}


def low(notice_id: str, **more: Any) -> Posted:
    return a_posted(notice_id, urgency=Urgency.LOW, **more)


# What goes well


async def test_a_notice_is_sent_once_and_what_the_channel_answered_is_kept(call: OnCall) -> None:
    await post(call, a_posted())
    await later(call, HOUR)

    assert [one.id for one in call.channels.told] == ["notice-1"]
    posted = await only(call)
    assert (posted.delivery, posted.attempts, posted.receipt.ref) == (Delivery.SENT, 1, "ref-1")
    assert posted.sent_at == posted.tried_at == call.clock.now() - HOUR


async def test_a_channel_is_told_what_it_took_of_the_same_page_before(call: OnCall) -> None:
    await post(call, a_posted("a"), a_posted("b", channel="pager"), a_posted("c"))
    await post(call, a_posted("d"), a_posted("other", page_id="page-2"))

    assert call.channels.earlier["d"] == ("a", "c")
    assert call.channels.earlier["other"] == ()


async def test_the_loudest_leaves_first_though_it_came_last(call: OnCall) -> None:
    await post(call, a_posted("a"), a_posted("b", urgency=Urgency.HIGH))

    assert [one.id for one in call.channels.told] == ["b", "a"]


async def test_nothing_leaves_before_it_is_due(call: OnCall) -> None:
    await post(call, a_posted(due=call.clock.now() + SECOND))
    assert call.channels.told == []

    await later(call, SECOND)

    assert len(call.channels.told) == 1


# A slow channel


async def test_a_slow_channel_delays_no_other(call: OnCall) -> None:
    gate = call.channels.gates["teams"] = asyncio.Event()
    await call.pages.save([], [a_posted(f"slow-{number}", urgency=Urgency.HIGH) for number in range(50)])
    await call.pages.save([], [a_posted(f"quick-{number}", channel="pager") for number in range(3)])
    posting = await the_posting(call)

    await posting.go()
    while len(call.channels.on("pager")) < 3:
        await asyncio.sleep(0)
        await posting.go()

    assert call.channels.on("teams") == []
    assert [one.channel for one in call.channels.tried].count("teams") == 1
    gate.set()
    await posting.until_quiet()
    await posting.rest()


async def test_a_channel_has_one_notice_under_way_and_keeps_its_order(call: OnCall) -> None:
    gate = call.channels.gates["teams"] = asyncio.Event()
    await call.pages.save([], [a_posted("a"), a_posted("b")])
    posting = await the_posting(call)

    assert [await posting.go(), await posting.go()] == [1, 0]
    gate.set()
    await posting.rest()
    await posting.until_quiet()

    assert [one.id for one in call.channels.told] == ["a", "b"]


async def test_a_channel_that_never_answers_is_taken_for_away(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PATIENCE", 0.0)
    call.channels.gates["teams"] = asyncio.Event()

    await post(call, a_posted())

    posted = await only(call)
    assert (posted.delivery, posted.why) == (Delivery.WAITING, "it did not answer within 0 seconds")


async def test_a_stop_finishes_what_is_under_way_and_begins_nothing(call: OnCall) -> None:
    gate = call.channels.gates["teams"] = asyncio.Event()
    await call.pages.save([], [a_posted("a"), a_posted("b")])
    posting = await the_posting(call)

    async with posting.going():
        posting.woken.set()
        await call.channels.began.wait()
        asyncio.get_running_loop().call_later(0.05, gate.set)

    assert await stands(call) == {"a": Delivery.SENT, "b": Delivery.WAITING}


# A channel that fails


async def test_it_is_tried_again_later_and_later_and_then_given_up(call: OnCall) -> None:
    call.channels.errors["teams"] = DOWN
    began = call.clock.now()
    await post(call, a_posted(), page=a_page(step=1))

    tries = [began]
    while (due := (await only(call)).due) is not None:
        tries.append(due)
        await later(call, due - call.clock.now())

    assert [(at - began).total_seconds() for at in tries] == [0, 30, 90, 210, 450]
    assert (await only(call)).delivery is Delivery.GIVEN_UP
    assert await call.alarms() == ["channel teams"]


async def test_a_loud_notice_is_given_up_sooner(call: OnCall) -> None:
    call.channels.errors["teams"] = DOWN
    await post(call, a_posted(urgency=Urgency.HIGH), page=a_page(step=1))

    await later(call, 30 * SECOND)
    await later(call, MINUTE)

    assert (await only(call)).delivery is Delivery.GIVEN_UP


async def test_that_a_page_is_over_is_tried_for_longer_than_anything_else(call: OnCall) -> None:
    call.channels.errors["teams"] = DOWN
    await post(call, a_posted(occasion=Occasion.RESOLVED))
    await later(call, HOUR)
    await later(call, HOUR)
    assert (await only(call)).delivery is Delivery.WAITING

    call.channels.errors.clear()
    await later(call, HOUR)

    assert (await only(call)).delivery is Delivery.SENT


@pytest.mark.parametrize("error", [Refused("401"), Malformed("no JSON"), RuntimeError("a bug")])
async def test_what_would_be_refused_again_is_given_up_at_once(call: OnCall, error: Exception) -> None:
    call.channels.errors["teams"] = error

    await post(call, a_posted(), page=a_page(step=1))

    posted = await only(call)
    assert (posted.delivery, posted.attempts) == (Delivery.GIVEN_UP, 1)
    assert await call.alarms() == ["channel teams"]


async def test_what_a_bug_says_is_not_shown_for_it_may_hold_a_secret(call: OnCall) -> None:
    call.channels.errors["teams"] = RuntimeError("https://logic.azure.com/?sig=secret")

    await post(call, a_posted())

    assert "secret" not in (await only(call)).why
    assert all("secret" not in one.words for one in await call.ledger.alarms())


async def test_a_channel_that_asks_for_patience_gets_it(call: OnCall) -> None:
    call.channels.errors["teams"] = Unavailable("429", until=call.clock.now() + 5 * MINUTE)

    await post(call, a_posted())

    assert (await only(call)).due == call.clock.now() + 5 * MINUTE


async def test_a_channel_that_asks_for_more_patience_than_there_is_is_given_up_at_once(call: OnCall) -> None:
    call.channels.errors["teams"] = Unavailable("429", until=call.clock.now() + HOUR)

    await post(call, a_posted(), page=a_page(step=1))

    assert (await only(call)).delivery is Delivery.GIVEN_UP


async def test_a_channel_that_is_not_there_any_more_is_given_up(call: OnCall) -> None:
    await post(call, a_posted(channel="gone"), page=a_page(step=1))

    gone = next(one for one in await call.pages.posted("page-1") if one.notice.channel == "gone")
    assert (gone.delivery, gone.why) == (Delivery.GIVEN_UP, "there is no such channel any more")
    assert [(one.channel, one.instead_of) for one in call.channels.told] == [("teams", "gone")]


async def test_the_alarm_ends_when_the_channel_takes_something_again(call: OnCall) -> None:
    call.channels.errors["teams"] = Refused("401")
    await post(call, a_posted("a"), page=a_page(step=1))
    call.channels.errors.clear()
    call.restart()

    await post(call, a_posted("b"))

    assert await call.alarms() == []


async def test_a_channel_that_failed_is_tried_first_at_the_next_notice(call: OnCall) -> None:
    call.channels.errors["teams"] = Refused("401")
    await post(call, a_posted("a"), a_posted("b"))

    assert [one.id for one in call.channels.tried] == ["a", "b"]


# Who hears in its place


async def test_another_channel_of_the_step_carries_the_same(call: OnCall) -> None:
    call.channels.errors["lead"] = Refused("401")
    lead = a_posted("a", channel="lead", step=3, event="it")

    await post(call, lead, page=a_page(step=3))

    (instead,) = call.channels.told
    assert (instead.channel, instead.instead_of, instead.event, instead.title) == (
        "mail",
        "lead",
        "it",
        lead.notice.title,
    )
    page = await call.pages.page("page-1")
    assert page is not None
    assert [one.channel for one in page.told] == ["mail"]


async def test_where_all_others_carry_it_the_next_step_is_taken_at_once(call: OnCall) -> None:
    call.channels.errors["teams"] = Refused("401")

    await post(call, a_posted(step=1), page=a_page(step=1, due=call.clock.now() + HOUR))

    page = await call.only_page()
    assert page.is_hurried
    assert page.due == call.clock.now()


async def test_a_step_that_was_taken_already_is_not_taken_again(call: OnCall) -> None:
    call.channels.errors["teams"] = Refused("401")

    await post(call, a_posted(step=1), page=a_page(step=2))

    page = await call.only_page()
    assert (page.is_hurried, page.version) == (False, 1)
    assert (await only(call)).delivery is Delivery.GIVEN_UP


async def test_where_nobody_else_is_left_it_is_tried_for_as_long_as_it_takes(call: OnCall) -> None:
    call.channels.errors |= {"lead": DOWN, "mail": DOWN}
    await post(call, a_posted("a", channel="lead", step=3, event="it"), page=a_page(step=3))
    for _ in range(8):
        await later(call, HOUR)
    assert Delivery.WAITING in (await stands(call)).values()

    call.channels.errors.clear()
    await later(call, 10 * MINUTE)

    assert len(call.channels.told) == 1
    assert Delivery.WAITING not in (await stands(call)).values()


async def test_nobody_is_woken_because_a_change_could_not_be_told(call: OnCall) -> None:
    call.channels.errors["teams"] = Refused("401")

    await post(call, a_posted(occasion=Occasion.UPDATE), page=a_page(step=1))

    assert call.channels.told == []
    assert not (await call.only_page()).is_hurried


async def test_a_page_that_is_over_wakes_nobody_else(call: OnCall) -> None:
    call.channels.errors["teams"] = Refused("401")
    over = a_page(step=1, closed=call.clock.now(), due=None)

    await post(call, a_posted(step=1), page=over)

    page = await call.pages.page("page-1")
    assert page is not None
    assert (page.is_hurried, page.due) == (False, None)


async def test_a_summary_goes_to_the_next_channel_of_the_chain(call: OnCall) -> None:
    call.channels.errors["teams"] = Refused("401")

    await post(call, a_posted(page_id="", step=0, occasion=Occasion.SUMMARY, event="storm"))

    assert [(one.channel, one.instead_of) for one in call.channels.told] == [("pager", "teams")]


async def test_what_is_of_a_chain_that_is_gone_waits_for_its_own_channel(call: OnCall) -> None:
    call.channels.errors["teams"] = DOWN

    await post(call, a_posted(chain="gone"), page=a_page(step=1))
    await later(call, HOUR)

    assert (await only(call)).delivery is Delivery.WAITING
    assert await call.alarms() == ["channel teams"]


# Low urgency


async def test_what_is_of_low_urgency_is_told_in_one_digest(call: OnCall) -> None:
    pages = [
        low(f"n-{number}", page_id=f"page-{number}", due=call.clock.now() + HOUR) for number in range(30)
    ]

    await post(call, low("first", page_id="page-x"), *pages)

    (digest,) = call.channels.told
    assert (digest.occasion, digest.total) == (Occasion.DIGEST, 31)
    assert await call.pages.waiting() == 0
    assert await stands(call, "page-3") == {"n-3": Delivery.DROPPED}


async def test_one_notice_of_low_urgency_is_told_as_it_is(call: OnCall) -> None:
    await post(call, low("first"), low("elsewhere", channel="pager"), a_posted("loud"))

    assert sorted(one.id for one in call.channels.told) == ["elsewhere", "first", "loud"]


async def test_a_digest_that_failed_is_sent_again_as_it_is(call: OnCall) -> None:
    call.channels.errors["teams"] = DOWN
    await post(call, low("a"), low("b"))
    call.channels.errors.clear()

    await later(call, MINUTE)

    assert [one.occasion for one in call.channels.told] == [Occasion.DIGEST]
    assert {one.id for one in call.channels.tried} == {call.channels.told[0].id}


# Holds


def held(name: str, call: OnCall) -> Hold:
    return Hold(name=name, since=call.clock.now(), by="anna", reason="its login is in the wrong hands")


async def test_while_a_hold_stands_people_are_told_but_for_mail_through_graph(call: OnCall) -> None:
    await call.ledger.hold(held(KILL_SWITCH, call))
    mail = a_posted("m", channel="mail", step=3, event="it")

    await post(call, a_posted("t"), mail, page=a_page(step=3))
    await later(call, HOUR)
    await later(call, HOUR)

    assert [(one.channel, one.instead_of) for one in call.channels.told] == [("teams", ""), ("lead", "mail")]
    waiting = next(one for one in await call.pages.posted("page-1") if one.notice.id == "m")
    assert (waiting.delivery, waiting.attempts) == (Delivery.WAITING, 0)
    assert "wrong hands" in waiting.why
    assert await call.alarms() == []


async def test_mail_through_graph_leaves_once_nothing_holds(call: OnCall) -> None:
    await call.ledger.hold(held(KILL_SWITCH, call))
    await post(call, a_posted("m", channel="mail", step=3), page=a_page(step=3))
    await call.ledger.release(KILL_SWITCH, "anna", "it was nothing", call.clock.now())

    await later(call, 30 * SECOND)

    assert [one.id for one in call.channels.on("mail")] == ["m"]


async def test_a_hold_that_only_this_process_knows_of_stops_mail_through_graph_too(call: OnCall) -> None:
    paging = await call.paging()
    paging.posting.lookout.asked.set()

    await post(call, a_posted("m", channel="mail", step=3), page=a_page(step=3))

    assert call.channels.on("mail") == []


async def test_the_brake_stops_no_mail_for_people_have_to_hear_of_it(call: OnCall) -> None:
    await call.ledger.hold(held(BRAKE, call))

    await post(call, a_posted("m", channel="mail", step=3), page=a_page(step=3))

    assert len(call.channels.on("mail")) == 1


async def test_mail_through_a_server_of_ones_own_is_never_held(call: OnCall) -> None:
    smtp = "channel: mail\ndescription: By SMTP.\nowner: soc@contoso.example\nkind: email\nfrom: a@contoso.example\n"
    smtp += "to: [b@contoso.example]\nsmtp: {host: smtp.contoso.example, port: 587, security: startTls}\n"
    call.with_files(**(files(CHAIN) | {"channels/mail": smtp}))
    await call.ledger.hold(held(KILL_SWITCH, call))

    await post(call, a_posted("m", channel="mail", step=3), page=a_page(step=3))

    assert len(call.channels.on("mail")) == 1


# Death, and others at work


async def test_what_was_sent_and_not_settled_is_sent_again_under_its_id(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: of a process that dies in between nobody knows whether the channel took it."""
    original = call.pages.settle

    async def dying(posted: Posted, now: Any) -> bool:
        if posted.delivery is Delivery.SENT:
            raise LedgerError("gone")
        return await original(posted, now)

    with monkeypatch.context() as patched:
        patched.setattr(call.ledger.pages, "settle", dying)
        await post(call, a_posted())
    call.restart()

    await later(call, 30 * SECOND)

    assert [one.id for one in call.channels.told] == ["notice-1", "notice-1"]
    posted = await only(call)
    assert (posted.delivery, posted.attempts) == (Delivery.SENT, 2)


async def test_a_notice_that_was_overtaken_before_it_left_is_not_sent(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = call.pages.due

    async def overtaking(*given: Any, **named: Any) -> tuple[Posted, ...]:
        found = await original(*given, **named)
        await call.pages.save([], [], overtaken=[one.notice.id for one in found])
        return found

    monkeypatch.setattr(call.ledger.pages, "due", overtaking)

    await post(call, a_posted())

    assert call.channels.tried == []
    assert await stands(call) == {"notice-1": Delivery.DROPPED}


async def test_a_replica_that_has_lost_the_lease_sends_nothing_more(call: OnCall) -> None:
    posting = await the_posting(call)
    await call.pages.save([], [a_posted()])
    call.clock.advance(MINUTE)

    assert await posting.go() == 0

    assert call.channels.tried == []


async def test_a_bug_in_one_notice_keeps_no_other_from_being_sent(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = call.pages.posted

    async def broken(page_id: str) -> tuple[Posted, ...]:
        if page_id == "page-1":
            raise RuntimeError("a bug")
        return await original(page_id)

    monkeypatch.setattr(call.ledger.pages, "posted", broken)

    await post(call, a_posted("a"), a_posted("b", page_id="page-2", channel="pager"))

    assert [one.id for one in call.channels.told] == ["b"]


async def test_the_outbox_is_looked_at_again_after_it_could_not_be_read(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    posting = await the_posting(call)
    original, failures = call.pages.due, [LedgerError("locked"), RuntimeError("a bug"), Conflict("later")]

    async def failing(*given: Any, **named: Any) -> tuple[Posted, ...]:
        if failures:
            raise failures.pop()
        return await original(*given, **named)

    monkeypatch.setattr(call.ledger.pages, "due", failing)
    monkeypatch.setattr("agent.loop.posting.REST", 0.0)
    await call.pages.save([], [a_posted()])

    async with posting.going():
        while not call.channels.told:
            posting.woken.set()
            await asyncio.sleep(0)

    assert len(call.channels.told) == 1
