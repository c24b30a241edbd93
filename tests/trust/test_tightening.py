"""What a tenant adds is held to the base by form or by the solver; a second program looks for what either lets through."""

from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.judge.parse import parse_set
from agent.judge.tightening.doubts import counting_on, doubts_of
from agent.judge.tightening.sides import sides_of
from agent.judge.tightening.tighten import tighten
from agent.model.proof import Outcome
from agent.model.tightening import Means
from tests.trust import making
from tests.trust.making import TENANT
from tests.trust.tenants import FOLDERS, Made, loosens, made, verdict_on, wrongs

FACTS = 40
"""Random facts that each set is tried on."""


def is_sure_by_form(one: Made) -> bool:
    files = one.files()
    sides = sides_of(files, parse_set(files), FOLDERS)
    return not doubts_of(sides, counting_on(sides, tenant=TENANT, enforces_observers=False))


def test_nothing_that_tightens_by_its_form_ever_loosens_anything() -> None:
    pick = making.seeded(Random(2026))
    seen: Counter[str] = Counter()
    for _ in range(60):
        one = made(pick)
        if not is_sure_by_form(one):
            seen["in doubt"] += 1
            seen["loosens"] += bool(loosens(one, pick, FACTS))
            continue
        seen["refines"] += any(doc["decide"] != "escalate" and doc["mode"] != "observe" for doc in one.tenant)
        seen["adds"] += bool(one.added.keys() - one.blanks)
        assert loosens(one, pick, FACTS) == 0, one

    assert all(seen[what] > 1 for what in ("in doubt", "loosens", "refines", "adds")), seen


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_hypothesis_finds_nothing_that_its_form_lets_through(data: st.DataObject) -> None:
    pick = making.drawn(data)
    one = made(pick)

    assert not (is_sure_by_form(one) and loosens(one, pick, 5))


def test_what_is_accepted_never_loosens_and_what_is_refused_comes_with_a_situation_that_does() -> None:
    pick = making.seeded(Random(8))
    seen: Counter[str] = Counter()
    for _ in range(44):
        one = made(pick)
        verdict = verdict_on(one)
        seen[str(verdict.means)] += 1
        seen.update(found.outcome for found in verdict.loosened)
        tries = 5 if verdict.means is Means.FORM else 3 * FACTS
        assert wrongs(one, verdict, pick, tries) == []

    assert min(seen[Means.FORM], seen[Means.SOLVER], seen[Outcome.REFUTED]) > 1, seen
    assert seen[Outcome.BROKEN] == 0


def test_what_holds_for_any_tenant_holds_for_each() -> None:
    pick = making.seeded(Random(2))
    for _ in range(8):
        one = made(pick)
        if tighten(one.files(), tenant=None, enforces_observers=False, within=10).means is not None:
            assert verdict_on(one).means is not None
