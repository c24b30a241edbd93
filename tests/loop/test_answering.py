"""What people answer counts once, is bound to what they were shown, and is carried out as safely as a policy's word."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.codec import write_decision
from agent.judge.answering import Attempt
from agent.judge.bind import offer_of
from agent.loop.answering import Replied, answer, why_unanswered
from agent.loop.cycle import judge_records
from agent.loop.perform import perform
from agent.loop.replaying import replay
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.model.answer import Answer, Person
from agent.model.decision import Decision, Lapse, Unit, Verb
from agent.model.enactment import Effect, EffectKind, Outcome, Record, State, Way, Went
from agent.model.errors import Conflict, Refused, Unavailable
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.model.rails import Approved, Cap
from tests.loop.conftest import APPROVE, Bench
from tests.loop.questions import CHAIN, CHANNEL, ESCALATE, TWO, a_question, reply, shown
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident, message_id
from tests.persons import EVE, FAY, GUS, ROLE, somebody, with_role

H = timedelta(hours=1)
PAIRS = tuple((message_id(number), f"user{number}@contoso.example") for number in range(1, 4))


async def asked(bench: Bench, **values: object) -> Record:
    """Show a question and let it be judged; return its record."""
    a_question(bench, **values)  # type: ignore[arg-type]
    await bench.run_pass()
    return await bench.only()


def decided(record: Record) -> Decision:
    assert record.decision is not None
    return record.decision


async def test_what_a_person_approves_is_carried_out_and_told_by_name(bench: Bench) -> None:
    await asked(bench)

    replied = await reply(bench)
    await bench.run_pass()

    record = await bench.only()
    assert (replied.counts, replied.have, replied.need) == (True, 1, 1)
    assert (record.state, bench.enactor.removed.total()) == (State.SENT, 3)
    assert decided(record).reason.startswith(
        'Eve (role SecOps.Approver) approved it: "it is phishing"; policies'
    )
    assert decided(record).policies == ()
    assert bench.enactor.tags == {"1": ("air-agent:approved",)}
    assert bench.enactor.comments[-1][1].startswith("approve softDeleteCluster: Eve@")
    assert await bench.world.ledger.spent("ask-people", NOW - H) == await bench.world.ledger.spent("x", NOW)


async def test_what_a_person_rejects_is_their_no_and_stays_so(bench: Bench) -> None:
    await asked(bench)

    replied = await reply(bench, EVE, Verb.REJECT)
    await bench.run_pass()
    later = await reply(bench, FAY)
    bench.clock.advance(timedelta(hours=13))
    await bench.run_pass()

    record = await bench.only()
    assert replied.counts
    assert (record.state, bench.enactor.removed.total()) == (State.REJECTED, 0)
    assert not later.counts
    assert "approve it in Defender" in later.words
    assert bench.enactor.tags == {"1": ("air-agent:rejected",)}


async def test_a_no_beats_a_yes_that_comes_right_after_it(bench: Bench) -> None:
    await asked(bench)

    await reply(bench, EVE, Verb.REJECT)
    later = await reply(bench, FAY)
    await bench.run_pass()

    assert not later.counts
    assert "Eve rejected it at" in later.words
    assert await bench.states() == [State.REJECTED]


async def test_a_no_beats_a_yes_that_came_before_it(bench: Bench) -> None:
    await asked(bench)

    await reply(bench, FAY)
    no = await reply(bench, FAY, Verb.REJECT)
    await bench.run_pass()

    assert no.counts
    assert await bench.states() == [State.REJECTED]
    assert not bench.enactor.removed


async def test_one_of_two_waits_and_says_so_and_the_second_carries_it_out(bench: Bench) -> None:
    await asked(bench, chain=TWO)

    first = await reply(bench, EVE)
    await bench.run_pass()
    between = await bench.only()
    second = await reply(bench, FAY)
    await bench.run_pass()

    assert (first.have, first.need) == (1, 2)
    assert "1 of 2 approvals (Eve at 2026-11-02 09:00Z): one more person has to approve" in first.words
    assert (between.state, between.why) == (State.ESCALATED, first.words.removeprefix("your answer counts: "))
    assert (second.have, second.need) == (2, 2)
    assert [one.name for one in decided(await bench.only()).answered] == ["Eve", "Fay"]
    assert bench.enactor.removed.total() == 3


async def test_one_of_two_is_still_told_once_it_was_judged_anew(bench: Bench) -> None:
    await asked(bench, chain=TWO)
    await reply(bench, EVE)

    bench.clock.advance(timedelta(hours=13))
    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.ESCALATED
    assert record.why.startswith("1 of 2 approvals (Eve")


async def test_the_same_person_on_two_ways_is_one_person(bench: Bench) -> None:
    await asked(bench, chain=TWO)
    await reply(bench, EVE, via="command")

    again = await reply(bench, EVE, via="page")

    assert not again.counts
    assert "you approved it at 2026-11-02 09:00Z already: that counts, once" in again.words
    action_id = (await bench.only()).action.id
    assert len((await bench.world.ledger.answers([action_id]))[action_id]) == 1


async def test_the_same_answer_again_is_told_that_it_was_taken(bench: Bench) -> None:
    await asked(bench)
    await reply(bench, EVE)

    again = await reply(bench, EVE)

    assert not again.counts
    assert "it was approved by Eve already" in again.words


async def test_one_may_narrow_what_two_approve(bench: Bench) -> None:
    await asked(bench, chain=TWO)

    await reply(bench, EVE)
    second = await reply(bench, FAY, targets=(PAIRS[2], PAIRS[0]))
    await bench.run_pass()

    record = await bench.only()
    assert "2 of 2: what enough people approve, 2 of 3 targets, is carried out" in second.words
    assert set(bench.enactor.removed) == {PAIRS[0], PAIRS[2]}
    assert "Fay (role SecOps.Approver) approved 2 targets of it" in decided(record).reason
    assert record.plan is not None
    assert "people approved 2 of 3 targets: the rest is left alone" in record.plan.why
    assert "the rest is left alone" in bench.enactor.comments[-1][1]


async def test_two_who_approve_nothing_together_carry_nothing_out(bench: Bench) -> None:
    await asked(bench, chain=TWO)

    await reply(bench, EVE, targets=PAIRS[:1])
    apart = await reply(bench, FAY, targets=PAIRS[1:])
    third = await reply(bench, GUS)
    await bench.run_pass()

    assert "but of no target together" in apart.words
    assert third.counts
    assert bench.enactor.removed.total() == 3, "each target was approved by two"


async def test_an_answer_to_what_was_shown_before_does_not_count(bench: Bench) -> None:
    before = shown(await asked(bench))
    bench.defender.show(an_incident(an_alert(a_cluster(messages=4)), updated=NOW))
    bench.defender.deliver(a_copy(4, recipient="user4@contoso.example"))
    bench.clock.advance(timedelta(minutes=1))
    await bench.run_pass()

    replied = await reply(bench, digest=before)

    assert not replied.counts
    assert (
        "it changed since you were shown it: now this would be done: soft delete of 4 copies" in replied.words
    )


async def test_an_answer_given_before_it_changed_carries_nothing_out_after(bench: Bench) -> None:
    await asked(bench, chain=TWO)
    await reply(bench, EVE)
    bench.defender.show(an_incident(an_alert(a_cluster(messages=4)), updated=NOW))
    bench.defender.deliver(a_copy(4, recipient="user4@contoso.example"))
    bench.clock.advance(timedelta(minutes=1))
    await bench.run_pass()

    replied = await reply(bench, FAY)
    await bench.run_pass()

    assert (replied.have, replied.need) == (1, 2)
    assert not bench.enactor.removed
    assert (await bench.only()).why.startswith("1 of 2 approvals (Fay")


async def test_a_message_that_somebody_deleted_voids_no_answer(bench: Bench) -> None:
    await asked(bench, chain=TWO)
    await reply(bench, EVE)
    bench.defender.deliver(a_copy(3, recipient="user3@contoso.example", location="others"))
    bench.clock.advance(timedelta(hours=13))
    await bench.run_pass()

    replied = await reply(bench, FAY)
    await bench.run_pass()

    assert (replied.have, replied.need) == (2, 2)
    assert set(bench.enactor.removed) == set(PAIRS[:2])


async def superseded(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(status="declined"), updated=NOW), updated=NOW))
    await bench.run_pass()


async def over(bench: Bench) -> None:
    bench.clock.advance(timedelta(days=8))


async def over_and_seen(bench: Bench) -> None:
    bench.clock.advance(timedelta(days=8))
    await bench.run_pass()


async def decided_by_another_policy(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE)
    await bench.run_pass()


async def handed_off(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE)
    bench.enactor.lacks[EffectKind.SOFT_DELETE] = "grant SecurityAnalyzedMessage.ReadWrite.All"
    await bench.run_pass()


async def to_be_judged(bench: Bench) -> None:
    record = await bench.only()
    await bench.world.ledger.save([msgspec.structs.replace(record, state=State.SEEN)], now=NOW)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (superseded, "it was decided elsewhere: Defender shows `declined`"),
        (over, "its week ended at"),
        (over_and_seen, "its week ended at"),
        (decided_by_another_policy, "(`approve`) by small-malicious at"),
        (handed_off, "the agent cannot carry it out: decide it in Defender"),
        (to_be_judged, "it is being judged anew"),
    ],
)
async def test_what_waits_for_nobody_takes_no_answer(
    bench: Bench, change: Callable[[Bench], Awaitable[None]], words: str
) -> None:
    before = shown(await asked(bench))

    await change(bench)
    replied = await reply(bench, digest=before)

    assert not replied.counts
    assert words in replied.words
    assert not await bench.world.ledger.answers([(await bench.only()).action.id])


async def test_an_unknown_action_takes_no_answer(bench: Bench) -> None:
    attempt = Attempt(person=EVE, verb=Verb.APPROVE, reason="x", digest="")

    replied = await answer(bench.world, await load(bench.world), "ffff", attempt, via="command")

    assert "nothing is known of `ffff`" in replied.words


async def test_without_a_chain_nobody_answers(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE.replace("malicious\n  cl", "suspicious\n  cl"))
    bench.defender.show(an_incident(an_alert(a_cluster())))
    await bench.run_pass()

    replied = await reply(bench)

    assert "no chain says who may answer" in replied.words


async def test_who_last_changed_the_policy_that_asks_does_not_count(bench: Bench) -> None:
    await asked(bench)
    bench.world.shelf.by["policies/ask.yaml"] = "eve@contoso.example"  # type: ignore[attr-defined]

    replied = await reply(bench, EVE)
    other = await reply(bench, FAY)

    assert "Eve was the last to change a policy, a list or the chain that left it to people" in replied.words
    assert other.counts


@pytest.mark.parametrize(
    ("file", "counts"),
    [("lists/vip", False), ("chains/secops", False), ("lists/other", True), ("channels/console", True)],
)
async def test_who_last_changed_a_list_that_the_policy_goes_by_or_the_chain_does_not_count(
    bench: Bench, file: str, counts: bool
) -> None:
    """Else whoever may write lists or chains could have the agent ask, or say whose answers count, and answer alone."""
    a_question(bench)
    ask = (
        ESCALATE.replace(", disableForwarding, disableUser, blockUrl", "")
        + "unless: [{recipients: {anyIn: $vip}}]\n"
    )
    lists = {f"lists/{name}": f"list: {name}\nentries: [ceo@contoso.example]\n" for name in ("vip", "other")}
    bench.with_policies(**{"ask": ask, "chains/secops": CHAIN, "channels/console": CHANNEL, **lists})
    await bench.run_pass()
    bench.world.shelf.by[f"policies/{file}.yaml"] = "eve@contoso.example"  # type: ignore[attr-defined]

    replied = await reply(bench, EVE)

    assert replied.counts is counts
    assert ("Eve was the last to change a policy, a list or the chain" in replied.words) is not counts


async def test_whoever_changes_the_policy_after_answering_does_not_count_any_more(bench: Bench) -> None:
    await asked(bench)
    await reply(bench, EVE)
    bench.world.shelf.by["policies/ask.yaml"] = "eve@contoso.example"  # type: ignore[attr-defined]

    await bench.run_pass()

    record = await bench.only()
    assert (record.state, bench.enactor.removed.total()) == (State.ESCALATED, 0)
    assert "does not count any more: Eve was the last to change a policy" in record.why


async def test_whoever_it_was_sent_to_does_not_count(bench: Bench) -> None:
    await asked(bench)

    replied = await reply(bench, somebody("user1"))

    assert "User1 is affected by it" in replied.words


async def test_another_tenants_person_does_not_count(bench: Bench) -> None:
    await asked(bench)

    replied = await reply(bench, somebody("eve", tenant_id="another"))

    assert "signed in to another tenant (another)" in replied.words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"reason": " \n"}, "it has no reason"),
        ({"reason": "x" * 1001}, "its reason has 1,001 characters"),
        ({"targets": ()}, "it approves no target"),
        ({"targets": (("m", "p"), ("n", "p"))}, "m p and 1 other would not be acted on"),
        ({"verb": Verb.REJECT, "targets": PAIRS[:1]}, "a no is to all of it"),
        ({"verb": Verb.ESCALATE}, "either approve or reject"),
    ],
)
async def test_what_is_wrong_with_an_answer_is_told(
    bench: Bench, values: dict[str, object], words: str
) -> None:
    await asked(bench)

    replied = await reply(bench, **values)  # type: ignore[arg-type]

    assert words in replied.words
    assert not replied.counts


async def test_what_the_agent_cannot_carry_out_is_rejected_here_and_approved_in_defender(
    bench: Bench,
) -> None:
    bench.enactor.lacks[EffectKind.SOFT_DELETE] = "grant SecurityAnalyzedMessage.ReadWrite.All"
    record = await asked(bench)

    yes = await reply(bench)
    no = await reply(bench, FAY, Verb.REJECT)

    assert record.plan is not None
    assert record.plan.offered is not None
    assert record.plan.offered.way is Way.HAND_OFF
    assert "the agent cannot carry it out: approve it in Defender" in yes.words
    assert no.counts


async def test_what_is_lacking_by_the_time_it_is_judged_is_handed_off(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    bench.enactor.lacks[EffectKind.SOFT_DELETE] = "grant SecurityAnalyzedMessage.ReadWrite.All"

    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.HANDED_OFF
    assert [one.name for one in decided(record).answered] == ["Eve"]


async def test_two_answers_at_the_same_moment_are_both_counted_once(bench: Bench) -> None:
    await asked(bench, chain=TWO)

    both = await asyncio.gather(reply(bench, EVE), reply(bench, FAY))
    await bench.run_pass()

    assert sorted(one.have for one in both) == [1, 2]
    assert bench.enactor.removed.total() == 3
    assert set(bench.enactor.removed.values()) == {1}


async def test_whoever_is_overtaken_is_judged_again_by_what_became_of_it(bench: Bench) -> None:
    await asked(bench)
    overtaking = Overtaking(bench, lambda: reply(bench, FAY, Verb.REJECT))

    replied = await overtaking.reply(EVE)

    assert not replied.counts
    assert "Fay rejected it at" in replied.words


async def test_whoever_is_overtaken_again_and_again_is_told(bench: Bench) -> None:
    await asked(bench)
    overtaking = Overtaking(bench, lambda: touch(bench), times=99)

    with pytest.raises(Conflict):
        await overtaking.reply(EVE)


async def touch(bench: Bench) -> None:
    await bench.world.ledger.save([await bench.only()], now=NOW)


class Overtaking:
    """A ledger in which something else happens right before an answer is written."""

    def __init__(self, bench: Bench, act: Callable[[], Awaitable[object]], times: int = 1) -> None:
        self.bench, self.act, self.times = bench, act, times
        self.ledger = bench.world.ledger

    def __getattr__(self, name: str) -> object:
        return getattr(self.ledger, name)

    async def answer(self, one: Answer, *rest: object) -> Answer:
        if self.times:
            self.times -= 1
            await self.act()
        return await self.ledger.answer(one, *rest)  # type: ignore[arg-type]

    async def reply(self, person: Person) -> Replied:
        record = await self.bench.only()
        attempt = Attempt(person=person, verb=Verb.APPROVE, reason="it is phishing", digest=shown(record))
        world = replace(self.bench.world, ledger=self)  # type: ignore[arg-type]
        return await answer(world, await load(world), record.action.id, attempt, via="command")


async def judged(bench: Bench) -> Record:
    """Let what was answered be judged, and not yet carried out."""
    record, policies = await bench.only(), await load(bench.world)
    await judge_records(bench.world, policies, [record], PassReport(began=bench.clock.now()))
    return await bench.only()


async def test_a_no_that_comes_before_the_first_call_takes_it_back(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    intended = await judged(bench)

    no = await reply(bench, FAY, Verb.REJECT)
    effects = await bench.world.ledger.effects(intended.action.id)
    await bench.run_pass()

    assert intended.state is State.INTENDED
    assert no.counts
    assert [effect.went for effect in effects] == [Went.DROPPED]
    assert await bench.states() == [State.REJECTED]
    assert not bench.enactor.removed


async def test_a_no_takes_back_what_a_policy_approved_too_and_holds_it_later(bench: Bench) -> None:
    a_question(bench)
    bench.with_policies(**{"approve": APPROVE, "chains/secops": CHAIN, "channels/console": CHANNEL})
    bench.observing()
    await bench.run_pass()
    bench.enforcing()
    bench.clock.advance(timedelta(minutes=1))
    await to_be_judged(bench)
    await judged(bench)

    yes = await reply(bench, EVE)
    no = await reply(bench, EVE, Verb.REJECT)
    await bench.run_pass()

    assert "and is about to be carried out" in yes.words
    assert no.counts
    assert await bench.states() == [State.REJECTED]
    assert (await bench.world.ledger.spent("small-malicious", NOW + timedelta(seconds=1))).actions == 0


async def test_after_the_first_call_it_is_too_late_for_a_no(bench: Bench) -> None:
    record = await asked(bench)
    await reply(bench)
    await bench.run_pass()

    no = await reply(bench, FAY, Verb.REJECT, digest=shown(record))

    assert not no.counts
    assert f"take it back with `air-agent undo {record.action.id}`" in no.words


async def test_a_no_while_a_call_is_about_to_leave_comes_first_or_too_late(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    enact = bench.enactor.enact

    async def late(effect: Effect, *, name: str, departing: Callable[[], Awaitable[None]]) -> Outcome:
        said.append(await reply(bench, FAY, Verb.REJECT))
        return await enact(effect, name=name, departing=departing)

    said: list[Replied] = []
    bench.enactor.enact = late  # type: ignore[method-assign]
    await bench.run_pass()
    bench.enactor.enact = enact  # type: ignore[method-assign]
    await bench.run_pass()

    assert len(said) == 1
    assert said[0].counts
    assert not bench.enactor.removed
    assert await bench.states() == [State.REJECTED]


async def test_a_no_that_came_before_anything_left_is_not_taken_for_something_sent(bench: Bench) -> None:
    a_question(bench)
    bench.with_policies(**{"approve": APPROVE, "chains/secops": CHAIN, "channels/console": CHANNEL})
    bench.observing()
    await bench.run_pass()
    bench.enforcing()
    bench.clock.advance(timedelta(minutes=1))
    await to_be_judged(bench)
    intended = await judged(bench)
    turn = await bench.turn("1")
    await reply(bench, EVE, Verb.REJECT)

    await perform(bench.world, intended, turn)

    assert intended.state is State.INTENDED
    assert await bench.states() == [State.ANSWERED]
    assert not bench.enactor.removed


async def test_what_a_person_rejected_is_held_where_policies_approve_it_later(bench: Bench) -> None:
    await asked(bench)
    await reply(bench, EVE, Verb.REJECT)
    await bench.run_pass()
    bench.with_policies(**{"approve": APPROVE, "chains/secops": CHAIN, "channels/console": CHANNEL})
    await bench.run_pass()
    first = await bench.only()
    bench.defender.show(an_incident(an_alert(a_cluster(messages=4)), updated=NOW))
    bench.defender.deliver(a_copy(4, recipient="user4@contoso.example"))
    bench.clock.advance(timedelta(minutes=1))
    await bench.run_pass()
    asked_anew = await bench.only()

    yes = await reply(bench, FAY)
    await bench.run_pass()

    assert first.state is State.REJECTED, "on the same evidence it is still their no"
    assert (asked_anew.state, decided(asked_anew).guard) == (State.HELD, "rejected")
    assert "Eve rejected it at" in decided(asked_anew).reason
    assert yes.counts
    assert bench.enactor.removed.total() == 4


async def an_expiry(bench: Bench) -> str:
    bench.clock.advance(timedelta(hours=24))
    return "the approval of Eve counted until"


async def a_removal(bench: Bench) -> str:
    bench.directory.roles[ROLE] = frozenset()
    return "Eve does not have role SecOps.Approver any more"


async def a_disabled_account(bench: Bench) -> str:
    bench.directory.disabled.add(EVE.object_id)
    return "the account of Eve is disabled, or gone"


async def a_refusal(bench: Bench) -> str:
    bench.directory.error = Refused("graph: 403: grant Application.Read.All")
    return "may not be read: graph: 403: grant Application.Read.All"


LOSSES = (an_expiry, a_removal, a_disabled_account, a_refusal)


@pytest.mark.parametrize("loss", LOSSES)
async def test_who_is_no_approver_any_more_does_not_count_where_it_is_judged(
    bench: Bench, loss: Callable[[Bench], Awaitable[str]]
) -> None:
    await asked(bench)
    await reply(bench)

    words = await loss(bench)
    await bench.run_pass()
    record = await bench.only()
    bench.directory.error = None
    bench.directory.roles[ROLE] = frozenset({FAY.object_id})
    other = await reply(bench, FAY)
    await bench.run_pass()

    assert record.state is State.ESCALATED
    assert words in record.why
    assert other.counts
    assert [one.name for one in decided(await bench.only()).answered] == ["Fay"]


@pytest.mark.parametrize("loss", LOSSES)
async def test_who_is_no_approver_any_more_does_not_count_where_it_is_carried_out(
    bench: Bench, loss: Callable[[Bench], Awaitable[str]]
) -> None:
    await asked(bench)
    await reply(bench)
    intended = await judged(bench)

    words = await loss(bench)
    why = await why_unanswered(bench.world, await load(bench.world), intended)
    await bench.run_pass()
    await bench.run_pass()

    assert intended.state is State.INTENDED
    assert words in why
    assert not bench.enactor.removed
    assert await bench.states() == [State.ESCALATED]


async def test_who_may_answer_only_by_name_needs_no_role(bench: Bench) -> None:
    named = CHAIN.replace("role:SecOps.Approver", f"user:{GUID}")
    await asked(bench, chain=named)
    bench.directory.roles = {}

    await reply(bench, msgspec.structs.replace(with_role(EVE), object_id=GUID))
    await bench.run_pass()

    assert bench.enactor.removed.total() == 3


GUID = "aaaaaaaa-0000-4000-8000-000000000001"


async def test_while_the_directory_is_away_an_answer_waits_and_is_not_lost(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    bench.directory.error = Unavailable("graph: 503")
    await bench.run_pass()
    waits = await bench.only()

    bench.directory.error = None
    bench.clock.advance(timedelta(minutes=2))
    await bench.run_pass()

    assert waits.state is State.ANSWERED
    assert waits.why == "who answered cannot be looked up now: graph: 503"
    assert bench.enactor.removed.total() == 3


@pytest.mark.parametrize("name", [KILL_SWITCH, BRAKE])
async def test_while_anything_holds_an_answer_waits_and_says_so(bench: Bench, name: str) -> None:
    await asked(bench)
    await bench.world.ledger.hold(Hold(name=name, since=NOW, by="anna", reason="drill"))

    replied = await reply(bench)
    await bench.run_pass()
    held = await bench.only()
    await bench.world.ledger.release(name, "anna", "over", NOW)
    await bench.run_pass()

    assert replied.counts
    assert "ends it" in replied.words
    assert (held.state, decided(held).guard) == (State.HELD, name)
    assert "otherwise Eve (role SecOps.Approver) approved it" in decided(held).reason
    assert bench.enactor.removed.total() == 3


async def test_a_hold_that_comes_after_the_judging_lays_it_aside_and_lets_it_be_rejected(
    bench: Bench,
) -> None:
    await asked(bench)
    await reply(bench)
    await judged(bench)
    await bench.world.ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="drill"))
    await bench.run_pass()
    held = await bench.only()

    no = await reply(bench, FAY, Verb.REJECT)

    assert held.state is State.HELD
    assert offer_of(held) is not None
    assert no.counts


async def test_people_pass_the_rails_that_ask_for_them(bench: Bench) -> None:
    a_question(bench)
    bench.with_policies(**{"approve": APPROVE, "chains/secops": CHAIN, "channels/console": CHANNEL})
    bench.with_rails(mailboxes_per_action=2, users_per_day=1, caps=())
    await bench.run_pass()
    held = await bench.only()

    await reply(bench)
    await bench.run_pass()

    record = await bench.only()
    assert (held.state, decided(held).guard) == (State.HELD, "size")
    assert (record.state, bench.enactor.removed.total()) == (State.SENT, 3)
    assert [one.guard for one in decided(record).held] == ["size", "radius"]


async def test_caps_do_not_keep_what_people_approved(bench: Bench) -> None:
    bench.with_rails(caps=(Cap(name="actions_per_hour", unit=Unit.ACTIONS, count=0, window=H),))
    await asked(bench)

    await reply(bench)
    await bench.run_pass()

    assert bench.enactor.removed.total() == 3


async def test_another_tenants_action_is_carried_out_for_nobody(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    incident = bench.defender.incidents["1"]
    bench.defender.show(
        msgspec.structs.replace(
            incident, tenant_id="another", last_update_date_time=NOW + timedelta(minutes=1)
        )
    )
    bench.clock.advance(timedelta(minutes=2))

    await bench.run_pass()

    record = await bench.only()
    assert (record.state, decided(record).guard) == (State.HELD, "tenant")
    assert not bench.enactor.removed


async def test_a_large_one_takes_two_whatever_the_chain_says(bench: Bench) -> None:
    bench.with_rails(two_people_from=3)
    record = await asked(bench)

    first = await reply(bench, EVE)
    await reply(bench, FAY)
    await bench.run_pass()

    assert decided(record).approvers == 2
    assert (first.have, first.need) == (1, 2)
    assert bench.enactor.removed.total() == 3


async def test_a_chain_that_wants_more_people_by_now_is_asked_again(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    intended = await judged(bench)
    bench.with_policies(**{"ask": ESCALATE, "chains/secops": TWO, "channels/console": CHANNEL})

    why = await why_unanswered(bench.world, await load(bench.world), intended)
    await bench.run_pass()

    assert "more people have to approve it by now: 1 of 2 approvals" in why
    assert await bench.states() == [State.ESCALATED]
    assert not bench.enactor.removed


async def test_a_no_that_is_there_all_the_same_voids_what_was_intended(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    intended = await judged(bench)
    await reply(bench, FAY, Verb.REJECT)

    policies = await load(bench.world)
    bare = msgspec.structs.replace(intended, plan=None)

    assert await why_unanswered(bench.world, policies, intended) == "Fay rejected it"
    assert await why_unanswered(bench.world, policies, bare) == "nothing says what people approved"


async def test_an_answer_that_is_not_in_the_ledger_carries_nothing_out(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    intended = await judged(bench)
    (one,) = decided(intended).answered
    forged = msgspec.structs.replace(
        decided(intended), answered=(one, msgspec.structs.replace(one, object_id="nobody"))
    )

    why = await why_unanswered(
        bench.world, await load(bench.world), msgspec.structs.replace(intended, decision=forged)
    )

    assert why == "an answer that it rests on is not there any more"


async def lapse(bench: Bench, decide: str) -> None:
    """Let nobody answer in time, as the look at pages writes it down."""
    record = await bench.only()
    told = Lapse(at=bench.clock.now(), chain="secops", decide=decide, grounds=decided(record).grounds)
    due = msgspec.structs.replace(record, lapse=told, due=bench.clock.now())
    await bench.world.ledger.save([due], now=bench.clock.now())
    await bench.run_pass()


@pytest.mark.parametrize(
    ("decide", "state", "tag"),
    [("handOff", State.LAPSED, "handed-off"), ("reject", State.REJECTED, "rejected")],
)
async def test_a_lapse_is_told_as_a_lapse_and_can_still_be_answered(
    bench: Bench, decide: str, state: State, tag: str
) -> None:
    await asked(bench)
    await lapse(bench, decide)
    record = await bench.only()
    told, tags = list(bench.enactor.comments), bench.enactor.tags["1"]

    replied = await reply(bench)
    await bench.run_pass()

    assert record.state is state
    assert decided(record).reason.startswith("nobody answered before the last chance at 2026-11-02 09:00Z")
    assert told[-1][1].startswith("lapsed (")
    assert tags == (f"air-agent:{tag}",)
    assert replied.counts
    assert bench.enactor.removed.total() == 3


async def test_a_lapse_that_only_tells_people_changes_nothing(bench: Bench) -> None:
    await asked(bench)

    await lapse(bench, "escalate")

    assert await bench.states() == [State.ESCALATED]


async def test_a_lapse_is_of_the_question_that_nobody_answered(bench: Bench) -> None:
    await asked(bench)
    await lapse(bench, "handOff")
    bench.with_policies(
        **{"ask": ESCALATE.replace("small", "some"), "chains/secops": CHAIN, "channels/console": CHANNEL}
    )

    await bench.run_pass()

    assert await bench.states() == [State.ESCALATED]


async def test_a_lapse_that_was_judged_again_stays_one(bench: Bench) -> None:
    await asked(bench, chain=TWO)
    await lapse(bench, "handOff")
    await reply(bench, EVE)

    bench.clock.advance(timedelta(hours=13))
    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.LAPSED
    assert record.why.startswith("1 of 2 approvals")


async def test_a_lapse_while_something_held_it_is_judged_anew_once_that_is_released(bench: Bench) -> None:
    a_question(bench)
    bench.with_policies(**{"approve": APPROVE, "chains/secops": CHAIN, "channels/console": CHANNEL})
    await bench.world.ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="drill"))
    await bench.run_pass()
    await lapse(bench, "handOff")
    lapsed = await bench.only()

    await bench.world.ledger.release(KILL_SWITCH, "anna", "over", NOW)
    await bench.run_pass()

    assert lapsed.state is State.LAPSED
    assert bench.enactor.removed.total() == 3


async def test_decisions_by_people_come_out_the_same_made_again(bench: Bench) -> None:
    await asked(bench)
    await lapse(bench, "handOff")
    await bench.world.ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="drill"))
    await reply(bench)
    await bench.run_pass()
    await bench.world.ledger.release(KILL_SWITCH, "anna", "over", NOW)
    await to_be_judged(bench)
    await judged(bench)
    await reply(bench, FAY, Verb.REJECT)
    await bench.run_pass()

    replayed = await replay(bench.world.ledger, await bench.only(), write_decision)

    assert len(replayed) == 5
    assert [one.differences for one in replayed] == [()] * 5
    assert all(one.is_same for one in replayed)


async def test_what_people_approve_opens_no_brake(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    await bench.run_pass()

    approved = await bench.world.ledger.approved(bench.clock.now() + timedelta(minutes=1), 24)

    assert approved == Approved()


async def test_the_ledger_tells_backtests_what_policies_decided(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    await bench.run_pass()

    found = await bench.world.ledger.judged()

    assert [one.is_of_policies for one in found] == [True, False]


async def test_an_audit_entry_tells_who_answered_what(bench: Bench) -> None:
    await asked(bench)
    replied = await reply(bench)

    assert replied.answer is not None
    assert (replied.answer.number, replied.answer.chain, replied.answer.grant) == (
        1,
        "secops",
        f"role:{ROLE}",
    )
    assert replied.answer.expires == NOW + timedelta(hours=24)
    assert replied.answer.person.tenant_id == TENANT
