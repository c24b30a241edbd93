"""Which chain an escalation goes to."""

import msgspec
import pytest

from agent.judge.appoint import asked_by, chain_for
from agent.judge.parse import parse_set
from agent.model.chain import Chain
from tests.adapters.records import a_decision, an_action
from tests.judge.writing import list_file, policy_file
from tests.persons import a_chain


def chains(*names: str) -> dict[str, Chain]:
    return {name: msgspec.structs.replace(a_chain(), name=name) for name in names}


@pytest.mark.parametrize(
    ("there", "named", "usual", "taken"),
    [
        ((), "a", "b", None),
        (("a", "b"), "a", "b", "a"),
        (("a", "b"), None, "b", "b"),
        (("a", "b"), "gone", "b", "b"),
        (("a", "b"), "gone", "gone", None),
        (("a",), None, None, "a"),
        (("a",), "gone", "gone", "a"),
        (("a", "default"), None, None, "default"),
        (("a", "b"), None, None, None),
    ],
)
def test_the_chain_that_is_named_comes_first(
    there: tuple[str, ...], named: str | None, usual: str | None, taken: str | None
) -> None:
    decision = msgspec.structs.replace(a_decision(an_action()), escalation=named)

    found = chain_for(chains(*there), decision, usual)

    assert (found.name if found is not None else None) == taken


def test_what_asks_is_the_policies_their_lists_and_the_chain() -> None:
    files = {
        "policies/asks.yaml": policy_file("recipients: {anyIn: $vip}", name="asks", decide="escalate"),
        "policies/other.yaml": policy_file("senders: {anyIn: $others}", name="other"),
        **list_file("vip", "ceo@contoso.example"),
        **list_file("others", "anna@contoso.example"),
    }
    policies = parse_set(files)

    named = asked_by(policies, ("asks", "gone", "asks"), a_chain())
    nobody = asked_by(policies, (), None)

    assert named == ("policies/asks.yaml", "policies/lists/vip.yaml", a_chain().file)
    assert nobody == ()
