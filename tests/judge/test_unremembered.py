"""What a restored ledger does not remember is a person's: both sides of each edge."""

from datetime import timedelta

import msgspec
import pytest

from agent.judge.rails.ask import ask
from agent.judge.rails.restored import RESTORED, restored
from agent.judge.unremembered import WEEK, unremembered
from agent.model.enactment import Cover, EffectKind, Way
from agent.model.restored import Gap, Restored
from tests.judge.plans.scenes import (
    ANNA,
    DEVICE,
    SHA1,
    a_device,
    a_rule,
    account_action,
    an_account,
    file_action,
    forwarding,
    planned,
    rules,
)
from tests.judge.rails.scenes import a_scene, mails
from tests.judge.test_plan import planned as mail_planned
from tests.makers import NOW, a_cluster, a_copy, an_action, some_mail

S = timedelta(seconds=1)
KNOWN = Gap(at=NOW, backup_at=NOW - timedelta(hours=1), is_known=True)
UNKNOWN = msgspec.structs.replace(KNOWN, is_known=False)


def test_a_ledger_that_was_never_restored_remembers_everything() -> None:
    assert unremembered(None, an_action(), None, NOW) == ""


def test_where_all_that_was_sent_is_known_only_those_actions_are_people_s() -> None:
    action = msgspec.structs.replace(an_action(), first_seen=NOW - S)

    assert unremembered(Restored(gaps=(KNOWN,)), action, None, NOW) == ""
    assert (
        unremembered(Restored(gaps=(KNOWN,), actions={action.id: "1 call left"}), action, None, NOW)
        == "1 call left"
    )


@pytest.mark.parametrize(("first_seen", "is_lost"), [(NOW - S, True), (NOW, False)])
def test_what_was_there_before_the_restore_may_have_been_sent(first_seen: object, is_lost: bool) -> None:
    action = msgspec.structs.replace(an_action(), first_seen=first_seen)

    words = unremembered(Restored(gaps=(KNOWN, UNKNOWN)), action, some_mail(), NOW)

    assert bool(words) is is_lost
    if is_lost:
        assert words == (
            "the ledger was restored from the backup of 2026-11-02 08:00Z, and what was sent from then until"
            " 2026-11-02 09:00Z is not known: look in the Action center whether this was"
        )


@pytest.mark.parametrize(("received", "is_lost"), [(NOW - S, True), (NOW, False), (None, True)])
def test_mail_that_was_there_before_may_have_been_sent_by_another_action(
    received: object, is_lost: bool
) -> None:
    action = msgspec.structs.replace(an_action(a_cluster()), first_seen=NOW + S)
    mail = some_mail(
        msgspec.structs.replace(a_copy(1), received=NOW + S),
        msgspec.structs.replace(a_copy(2), received=received),
    )

    assert bool(unremembered(Restored(gaps=(UNKNOWN,)), action, mail, NOW + S)) is is_lost
    assert unremembered(Restored(gaps=(UNKNOWN,)), action, None, NOW + S) == "", (
        "it was looked at when it was decided"
    )


@pytest.mark.parametrize(("after", "is_lost"), [(WEEK - S, True), (WEEK, False)])
def test_of_an_account_nothing_says_since_when_and_a_week_goes_by(after: timedelta, is_lost: bool) -> None:
    action = msgspec.structs.replace(account_action(), first_seen=NOW + S)

    assert bool(unremembered(Restored(gaps=(UNKNOWN,)), action, None, NOW + after)) is is_lost


def test_what_is_not_remembered_is_held_and_people_pass_it() -> None:
    (said,) = ask(a_scene(mails(1), unremembered="2 calls for it left"))

    assert (said.guard, said.words, said.until) == (RESTORED, "2 calls for it left", None)
    assert ask(a_scene()) == ()


def test_where_nothing_is_left_to_do_nobody_is_asked_unless_sessions_may_be_left() -> None:
    nothing = msgspec.structs.replace(a_scene(unremembered="lost"), effects=())
    account = msgspec.structs.replace(nothing, action=account_action())

    assert restored(nothing) is None
    assert restored(account) is not None
    assert [one.guard for one in ask(account)] == [RESTORED]
    assert restored(msgspec.structs.replace(account, unremembered="")) is None


def departed(action_id: str) -> Cover:
    return Cover(action_id=action_id, effect_id="e", intended_at=NOW, is_departed=True)


def test_copies_that_left_before_the_restore_are_handed_off_and_the_others_go() -> None:
    one, two = a_copy(1), a_copy(2)
    action = an_action()

    left = mail_planned(some_mail(one, two), {one.pair: departed(action.id), two.pair: departed("another")})
    single = mail_planned(some_mail(one), {one.pair: departed(action.id)})
    partly = mail_planned(some_mail(one, two), {one.pair: departed("another")})

    assert (left.way, left.effects, left.leaned) == (Way.HAND_OFF, (), ())
    assert left.why == (
        "2 copies were sent before the ledger was restored and are in mailboxes: a deletion is never sent twice, so a"
        " person has to look"
    )
    assert single.why.startswith("1 copy was sent before the ledger was restored and is in mailboxes")
    assert [effect.targets for effect in partly.effects] == [(two.pair,)]
    assert partly.leaned == ()


def test_what_else_left_before_the_restore_is_a_person_s_even_where_it_is_the_action_s_own() -> None:
    account, file, rule = account_action(), file_action(), forwarding()
    revoked = {EffectKind.REVOKE_SESSIONS: {(ANNA, ""): departed(account.id)}}
    quarantined = {EffectKind.QUARANTINE_FILE: {(SHA1, DEVICE): departed(file.id)}}
    switched = {EffectKind.DISABLE_RULE: {("rule-1", ANNA): departed(rule.id)}}

    plans = [
        planned(account, an_account(), covered=revoked),
        planned(file, a_device(), covered=quarantined),
        planned(rule, rules(a_rule()), covered=switched),
    ]

    assert [(plan.way, plan.effects) for plan in plans] == [(Way.HAND_OFF, ())] * 3
