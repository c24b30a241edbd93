"""The formulas mean what the judge does, in any situation and for any policies."""

from hypothesis import assume, given, settings
from msgspec.structs import replace

from agent.judge.compile import compile_set
from agent.judge.decide import decide
from agent.judge.proof.gathering import gathered
from agent.judge.proof.meaning import Meaning
from agent.judge.proof.ruling import deciders, ruled
from agent.judge.proof.solver import Formula, Model, Pair, Solver
from agent.judge.proof.space import Space
from agent.judge.situations import action_of
from agent.judge.truth import policy_holds
from agent.model.decision import Verb
from agent.model.facts import Facts
from agent.model.policy import Policy, PolicySet
from agent.model.situation import Situation
from tests.judge.proof.fixing import FEW, fixed, whole
from tests.judge.test_agreement import facts, policies
from tests.judge.writing import CLUSTER, TENANT


def told(model: Model, pair: Pair) -> bool | None:
    true, false = model.holds(pair.true), model.holds(pair.false)
    assert not (true and false)
    return True if true else False if false else None


def as_told(answer: bool | None, pair: Pair) -> Formula:
    return pair.unknown if answer is None else pair.true if answer else pair.false


@settings(max_examples=50, deadline=None)
@given(policies(), facts())
def test_in_a_single_situation_the_formulas_answer_and_decide_as_the_judge_does(
    some: list[Policy], seen: Facts
) -> None:
    ours = deciders(some, CLUSTER)
    assume(gathered(ours, ()).messages <= FEW)
    space = Space(CLUSTER, gathered(ours, ()))
    seen = replace(seen, values=whole(seen.values), messages=(seen.messages or ())[: len(space.slots)])
    all_together = ruled(ours, Meaning(space))
    solver = Solver(within=20)
    solver.assume([*space.rules, *fixed(space, seen, TENANT)])

    assert solver.ask() is True, "the situation is none of those in the space"
    model = solver.model()

    assert {name: told(model, pair) for name, pair in all_together.answers.items()} == {
        one.name: policy_holds(one, seen) for one in ours
    }
    judge = compile_set(PolicySet(policies=tuple(some), revision="r"))
    action = action_of(Situation(kind=CLUSTER, tenant=TENANT, facts=seen), "one")
    decision = decide(judge, action, seen, evidence="", enforces_observers=True, version="")
    assert [verb for verb in Verb if model.holds(all_together.verbs[verb])] == [decision.verb]
    assert model.holds(all_together.is_named) is bool(decision.policies)


@settings(max_examples=40, deadline=None)
@given(policies(), facts())
def test_as_many_messages_as_are_looked_at_show_whatever_any_messages_do(
    some: list[Policy], seen: Facts
) -> None:
    """The bound on messages, and that each condition has a message of its own, leave nothing out."""
    seen = replace(seen, values=whole(seen.values))
    ours = deciders(some, CLUSTER)
    assume(gathered(ours, ()).messages <= FEW)
    space = Space(CLUSTER, gathered(ours, ()))
    answers = ruled(ours, Meaning(space)).answers
    solver = Solver(within=20)
    solver.assume([*space.rules, *fixed(space, seen, TENANT, messages=False)])
    plain = {one.name: policy_holds(one, seen) for one in ours}

    possible = solver.ask(space.orderly, *(as_told(plain[name], pair) for name, pair in answers.items()))

    assert possible is True
