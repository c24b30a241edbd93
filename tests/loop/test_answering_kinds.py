"""What people approve besides mail is bound to what it was when they saw it."""

from agent.judge.answering import Attempt
from agent.judge.bind import offer_of
from agent.loop.answering import Replied, answer
from agent.loop.run import load
from agent.model.answer import Person
from agent.model.decision import Verb
from agent.model.enactment import EffectKind, State, Way
from agent.model.errors import Unavailable
from tests.judge.plans.scenes import a_rule, rules
from tests.loop.conftest import Bench
from tests.loop.questions import CHAIN, CHANNEL, ESCALATE, shown
from tests.loop.test_kinds import ADDRESS, RULE, M, acting, with_a_rule
from tests.persons import EVE, ROLE, somebody


async def asked(bench: Bench) -> None:
    """Let a rule that forwards outside be found, which a policy leaves to people."""
    with_a_rule(bench)
    bench.with_policies(**{"ask": ESCALATE, "chains/secops": CHAIN, "channels/console": CHANNEL})
    bench.directory.roles[ROLE] = frozenset({EVE.object_id})
    await bench.run_pass()


async def reply(bench: Bench, person: Person = EVE) -> Replied:
    record = await acting(bench)
    attempt = Attempt(person=person, verb=Verb.APPROVE, reason="not hers", digest=shown(record))
    return await answer(bench.world, await load(bench.world), record.action.id, attempt, via="command")


async def test_people_are_shown_which_rule_and_their_yes_turns_it_off(bench: Bench) -> None:
    await asked(bench)
    offered = offer_of(await acting(bench))

    replied = await reply(bench)
    await bench.run_pass()

    assert offered is not None
    assert [(one.kind, one.targets) for one in offered.effects] == [(EffectKind.DISABLE_RULE, (RULE[1],))]
    assert replied.counts
    assert bench.enactor.applied == {RULE: 1}


async def test_a_rule_that_is_another_by_now_is_asked_about_anew(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    changed = a_rule(raw='{"id":"rule-1","changed":true}', forwards_to=("other@evil.example",))
    bench.enactor.targets.mailboxes[ADDRESS] = rules(changed)

    await bench.run_pass()
    between = await acting(bench)
    again = await reply(bench)
    await bench.run_pass()

    assert between.state is State.ESCALATED
    assert "does not count any more: Eve answered before it changed" in between.why
    assert again.counts
    assert bench.enactor.applied == {RULE: 1}


async def test_whoever_owns_the_mailbox_does_not_count(bench: Bench) -> None:
    await asked(bench)

    replied = await reply(bench, somebody("anna"))

    assert "Anna is affected by it" in replied.words


async def test_what_cannot_be_read_for_a_while_waits_with_its_answer(bench: Bench) -> None:
    await asked(bench)
    await reply(bench)
    bench.enactor.targets.error = Unavailable("graph: 503")
    await bench.run_pass()
    waits = await acting(bench)

    bench.enactor.targets.error = None
    bench.clock.advance(31 * M)
    await bench.run_pass()
    await bench.run_pass()

    assert waits.plan is not None
    assert (waits.state, waits.plan.way) == (State.HANDED_OFF, Way.HAND_OFF)
    assert waits.decision is not None
    assert waits.decision.answered
    assert bench.enactor.applied == {RULE: 1}
