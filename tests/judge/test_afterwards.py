"""What would have been decided, and what of guard rails is asked about it afterwards."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from agent.judge.past.afterwards import By, judged_then
from agent.judge.past.then import action_then
from agent.model.decision import Decision, Unit, Verb
from agent.model.defender import Mail, UrlEvidence
from agent.model.enactment import EffectKind
from agent.model.pending import PendingAction
from agent.model.rails import Cap, Freeze
from tests.judge.afterwards import OBSERVE, RAILS, by, mail
from tests.makers import NOW, a_cluster, a_copy, an_action, some_mail

ENFORCE = OBSERVE.replace("mode: observe", "mode: enforce")


def judged(policies: By, *, theirs: Mail | None = None, action: PendingAction | None = None) -> Decision:
    then = action or action_then(an_action(a_cluster(status="declined")))
    return judged_then(then, theirs or mail(), policies)


def test_observing_policies_would_have_approved_and_their_targets_are_counted() -> None:
    found = judged(by())

    assert found.verb is Verb.ESCALATE
    assert found.shadow is not None
    assert found.shadow.verb is Verb.APPROVE
    assert (found.shadow_guard, found.targets) == (None, 3)


def test_policies_that_decide_approve_by_the_same_rails() -> None:
    free, held = judged(by(ENFORCE)), judged(by(ENFORCE, rails=replace(RAILS, mailboxes_per_action=2)))

    assert (free.verb, free.guard, free.targets) == (Verb.APPROVE, None, 3)
    assert (held.verb, held.guard, held.targets) == (Verb.ESCALATE, "size", 3)


@pytest.mark.parametrize(("most", "guard"), [(3, None), (2, "size")])
def test_a_rail_that_looks_at_the_action_alone_would_have_held_it(most: int, guard: str | None) -> None:
    found = judged(by(rails=replace(RAILS, mailboxes_per_action=most)))

    assert found.shadow_guard == guard


def test_amounts_that_depend_on_the_order_are_not_asked() -> None:
    cap = Cap(
        name="actions_per_hour",
        unit=Unit.ACTIONS,
        count=0,
        window=timedelta(hours=1),
        kinds=frozenset({EffectKind.SOFT_DELETE}),
    )

    found = judged(by(ENFORCE, rails=replace(RAILS, caps=(cap,))))

    assert (found.verb, found.weighed) == (Verb.APPROVE, ())


def test_a_freeze_of_that_time_would_have_held_it() -> None:
    then = action_then(an_action(a_cluster(status="declined")))
    freeze = Freeze(begins=then.first_seen, ends=then.first_seen + timedelta(minutes=1))
    later = Freeze(begins=NOW + timedelta(days=1), ends=NOW + timedelta(days=2))

    assert judged(by(rails=replace(RAILS, freezes=(freeze,)))).shadow_guard == "frozen"
    assert judged(by(rails=replace(RAILS, freezes=(later,)))).shadow_guard is None


@pytest.mark.parametrize(("who", "guard"), [("p1@contoso.example", "protected"), ("x@contoso.example", None)])
def test_a_protected_mailbox_would_have_held_it(who: str, guard: str | None) -> None:
    vip = f"list: vip\ndescription: Them.\nowner: soc@contoso.example\ntype: addresses\nentries: [{who}]\n"

    found = judged(by(rails=replace(RAILS, protected=("vip",)), **{"lists/vip.yaml": vip}))

    assert found.shadow_guard == guard


@pytest.mark.parametrize(("copied", "guard"), [(True, "protected"), (False, None)])
def test_a_sender_whose_own_copy_would_go_is_protected_too(copied: bool, guard: str | None) -> None:
    vip = "list: vip\ndescription: Them.\nowner: soc@contoso.example\ntype: addresses\nentries: [boss@contoso.example]\n"
    policies = by(
        f"{OBSERVE}remediateSendersCopy: {str(copied).lower()}\n",
        rails=replace(RAILS, protected=("vip",)),
        **{"lists/vip.yaml": vip},
    )
    sent = some_mail(replace(a_copy(sender="boss@contoso.example"), direction="intraorg"))

    assert judged(policies, theirs=sent).shadow_guard == guard


def test_mail_that_nobody_knows_of_any_more_has_no_targets() -> None:
    lost = msgspec.structs.replace(mail(), messages=(), unresolved=frozenset({"x"}), why="no row")

    found = judged(by(), theirs=lost)

    assert found.targets is None


def test_what_is_no_mail_is_judged_without_looking_at_what_it_is_now() -> None:
    url = UrlEvidence(url="https://bad.example/", verdict="malicious", remediation_status="declined")
    policy = OBSERVE.replace("[softDeleteCluster]", "[blockUrl]").replace(
        "unless:\n  - cluster.mailboxCount: {above: 200}\n", ""
    )

    found = judged_then(action_then(an_action(url)), None, by(policy))

    assert found.shadow is not None
    assert found.shadow.verb is Verb.APPROVE
    assert (found.shadow_guard, found.targets) == (None, None)
