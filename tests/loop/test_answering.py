"""What people answer counts once, is bound to what they were shown, and is carried out as safely as a policy's word."""

from agent.model.decision import Verb
from agent.model.enactment import State
from tests.loop.conftest import Bench
from tests.loop.questions import a_question, reply
from tests.persons import EVE


async def test_what_a_person_approves_is_carried_out(bench: Bench) -> None:
    a_question(bench)
    await bench.run_pass()

    replied = await reply(bench)
    await bench.run_pass()

    record = await bench.only()
    assert replied.counts
    assert record.state is State.SENT
    assert bench.enactor.removed.total() == 3
    assert record.decision is not None
    print(record.decision.reason, bench.enactor.comments, bench.enactor.tags, replied.words)
    assert [one.name for one in record.decision.answered] == ["Eve"]


async def test_what_a_person_rejects_is_shown_as_their_no(bench: Bench) -> None:
    a_question(bench)
    await bench.run_pass()

    replied = await reply(bench, EVE, Verb.REJECT)
    await bench.run_pass()

    record = await bench.only()
    assert replied.counts
    assert record.state is State.REJECTED
    assert not bench.enactor.removed
    print(record.decision.reason, bench.enactor.comments, bench.enactor.tags, replied.words)
