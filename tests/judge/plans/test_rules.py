"""External forwarding: which rule is meant, and what is done about it."""

import msgspec
import pytest

from agent.judge.plans.means import Means, Problem
from agent.model.enactment import EffectKind, Plan, Way
from agent.model.targets import InboxRule, Rules
from tests.judge.plans.scenes import (
    ANNA,
    MEANS,
    a_device,
    a_rule,
    covering,
    forwarding,
    planned,
    replaced,
    rules,
)
from tests.makers import a_message

INSIDE = ("ben@contoso.example",)


def steps(plan: Plan) -> list[tuple[EffectKind, tuple[tuple[str, str], ...], tuple[str, ...]]]:
    return [(effect.kind, effect.targets, effect.before) for effect in plan.effects]


def test_the_rule_that_is_named_is_turned_off_and_its_earlier_state_kept() -> None:
    plan = planned(forwarding(), rules(a_rule(id="other"), a_rule()))

    assert steps(plan) == [(EffectKind.DISABLE_RULE, (("rule-1", ANNA),), ('{"id":"rule-1"}',))]
    assert plan.why == (
        "turns off inbox rule archive of anna@contoso.example, which forwards to drop@evil.example"
    )
    assert plan.binding


def test_the_only_rule_that_forwards_outside_is_meant_where_none_is_named() -> None:
    plan = planned(
        forwarding(configuration_id=None), rules(a_rule(id="x", forwards_to=INSIDE), a_rule(id="y"))
    )

    assert [effect.targets for effect in plan.effects] == [(("y", ANNA),)]


HAND_OFFS: list[tuple[str, Rules | Problem | None, str]] = [
    ("two rules forward outside", rules(a_rule(id="x"), a_rule(id="y")), "2 rules forward outside"),
    ("none forwards outside", rules(a_rule(id="x", forwards_to=INSIDE)), "no inbox rule forwards outside"),
    ("there is no rule", rules(), "no inbox rule forwards outside"),
    ("the only one is off", rules(a_rule(id="x", is_enabled=False)), "no inbox rule forwards outside"),
    ("own domains are not known", rules(a_rule(), domains=None), "grant Domain.Read.All"),
    ("it forwards inside now", rules(a_rule(forwards_to=INSIDE)), "forwards to nobody outside now"),
    ("it is read-only", rules(a_rule(is_read_only=True)), "cannot be changed through Graph"),
    ("whether it is on is not said", rules(a_rule(is_enabled=None)), "cannot be changed through Graph"),
    ("the mailbox is gone", None, "mailbox is not there"),
    ("it cannot be read", Problem(words="graph: 403"), "graph: 403"),
]


@pytest.mark.parametrize(("found", "why"), [row[1:] for row in HAND_OFFS], ids=[row[0] for row in HAND_OFFS])
def test_what_is_not_plain_is_handed_off_with_the_reason(found: Rules | Problem | None, why: str) -> None:
    plan = planned(forwarding(), found)

    assert (plan.way, plan.effects) == (Way.HAND_OFF, ())
    assert why in plan.why


COLLEAGUE = "/o=exchangelabs/ou=exchange administrative group/cn=recipients/cn=5f2b-ben"
"""How Exchange names a recipient of its own that a rule was given without an address."""


def test_an_address_of_exchanges_own_is_not_taken_for_one_outside() -> None:
    named = planned(forwarding(), rules(a_rule(forwards_to=(COLLEAGUE,))))
    only = planned(forwarding(configuration_id=None), rules(a_rule(id="x", forwards_to=(COLLEAGUE,))))
    beside = planned(
        forwarding(configuration_id=None), rules(a_rule(id="x", forwards_to=(COLLEAGUE,)), a_rule(id="y"))
    )

    assert "forwards to nobody outside now" in named.why
    assert "no inbox rule forwards outside" in only.why
    assert (named.effects, only.effects) == ((), ())
    assert [effect.targets for effect in beside.effects] == [(("y", ANNA),)]


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ben@b\u00fccher.example", "xn--bcher-kva.example"),
        ("ben@xn--bcher-kva.example", "b\u00fccher.example"),
        ("ben@contoso.example.", "contoso.example"),
    ],
)
def test_an_own_domain_is_known_in_each_of_its_spellings(address: str, domain: str) -> None:
    plan = planned(forwarding(), rules(a_rule(forwards_to=(address,)), domains=frozenset({domain})))

    assert (plan.way, plan.effects) == (Way.HAND_OFF, ())
    assert "forwards to nobody outside now" in plan.why


def test_a_rule_that_is_off_needs_nothing() -> None:
    plan = planned(forwarding(), rules(a_rule(is_enabled=False)))

    assert (plan.way, plan.effects, plan.why) == (Way.REMEDIATE, (), "inbox rule archive is off already")


def test_forwarding_that_may_be_the_mailboxs_own_is_handed_off_unless_a_rule_is_named() -> None:
    own = planned(forwarding(configuration_type="mailForwardingRule", configuration_id=None), rules(a_rule()))
    unfound = planned(
        forwarding(configuration_type="mailForwardingRule", configuration_id="x"), rules(a_rule())
    )
    named = planned(forwarding(configuration_type="mailForwardingRule"), rules(a_rule()))

    assert own.way is Way.HAND_OFF
    assert "mailbox's own forwarding" in own.why
    assert (unfound.way, "one rule forwards outside" in unfound.why) == (Way.HAND_OFF, True)
    assert named.effects


def test_a_rule_that_came_on_again_is_for_a_person() -> None:
    action = forwarding()
    covered = covering(EffectKind.DISABLE_RULE, ("rule-1", ANNA), by="another")
    own = covering(EffectKind.DISABLE_RULE, ("rule-1", ANNA), by=action.id)

    assert "is on again" in planned(action, rules(a_rule()), covered=covered).why
    assert planned(action, rules(a_rule()), covered=own).way is Way.REMEDIATE
    assert planned(action, rules(a_rule()), covered=own).effects == ()


def test_what_is_missing_here_is_said() -> None:
    means = Means(targets_per_call=1, observes=False, missing={EffectKind.DISABLE_RULE: "grant X"})

    assert planned(forwarding(), rules(a_rule()), means).why == "grant X"
    assert planned(forwarding(), rules(a_rule()), msgspec.structs.replace(means, observes=True)).effects


def test_evidence_that_says_nothing_of_a_mailbox_is_handed_off() -> None:
    action = replaced(forwarding(), a_message())

    assert "does not say which forwarding" in planned(action, rules(a_rule()), MEANS).why
    assert "mailbox is not there" in planned(forwarding(), a_device(), MEANS).why


def test_a_hostile_name_and_many_addresses_stay_one_short_line() -> None:
    rule: InboxRule = a_rule(
        display_name='x"; approved\n\x1b[2J', forwards_to=tuple(f"a{n}@evil.example" for n in range(9))
    )

    why = planned(forwarding(), rules(rule)).why

    assert why.isprintable()
    assert "and 6 more" in why


def test_a_rule_without_a_name_is_called_so() -> None:
    assert "an inbox rule without a name" in planned(forwarding(), rules(a_rule(display_name=None))).why
