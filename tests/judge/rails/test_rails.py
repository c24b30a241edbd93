"""Each guard rail has two sides."""

from datetime import UTC, datetime, timedelta
from itertools import chain

import msgspec
import pytest

from agent.judge.rails.approvers import approvers, two_people, wanted, wanted_by
from agent.judge.rails.ask import ALWAYS, RAILS, ask
from agent.judge.rails.holding import brake, hold
from agent.judge.rails.irreversible import irreversible
from agent.judge.rails.radius import radius
from agent.judge.rails.scene import Scene
from agent.judge.rails.size import size
from agent.judge.rails.tenant import tenant
from agent.judge.undo import INVERSES
from agent.model.decision import Guarded
from agent.model.enactment import EffectKind
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.model.rails import MOST_MESSAGES
from tests.judge.rails.scenes import OPEN, a_scene, an_effect, mails
from tests.judge.writing import parsed, policy_file
from tests.makers import NOW, a_cluster, a_message

H = timedelta(hours=1)
OTHER = "99999999-2222-3333-4444-555555555555"


def words(said: Guarded | None) -> str:
    return "" if said is None else said.words


def a_hold(name: str) -> Hold:
    return Hold(name=name, since=NOW - H, by="anna", reason="drill")


def test_nothing_stands_against_a_small_approval() -> None:
    assert ask(a_scene()) == ()


# Holds


def test_a_persons_hold_holds_and_says_who_and_how_it_ends() -> None:
    said = hold(a_scene(holds=(a_hold(KILL_SWITCH),)))

    assert said == Guarded(
        guard="hold",
        words="anna holds everything since 2026-11-02 08:00Z: drill; `air-agent release` ends it",
    )
    assert hold(a_scene(holds=(a_hold(BRAKE),))) is None
    assert hold(a_scene()) is None


def test_the_brake_holds_under_its_own_name() -> None:
    said = brake(a_scene(holds=(a_hold(BRAKE),)))

    assert said == Guarded(
        guard="brake",
        words="approvals left their usual band at 2026-11-02 08:00Z; `air-agent release brake` ends it",
    )
    assert brake(a_scene(holds=(a_hold(KILL_SWITCH),))) is None


# Tenant


def with_tenants(incident: str | None, alert: str | None = None) -> Scene:
    scene = a_scene()
    head = msgspec.structs.replace(scene.action.incident, tenant_id=incident)
    sightings = tuple(msgspec.structs.replace(one, tenant_id=alert) for one in scene.action.sightings)
    action = msgspec.structs.replace(scene.action, incident=head, sightings=sightings)
    return msgspec.structs.replace(scene, action=action)


def test_what_is_of_this_tenant_passes_however_its_id_is_spelt() -> None:
    ours = "11111111-2222-3333-4444-555555555555"

    assert tenant(with_tenants(ours)) is None
    assert tenant(with_tenants(ours.upper(), ours)) is None


@pytest.mark.parametrize(
    ("incident", "alert", "said"),
    [
        (OTHER, None, f"Defender says that it is of tenant {OTHER}, and this agent looks after 11111111"),
        ("11111111-2222-3333-4444-555555555555", OTHER, f"Defender says that it is of tenant {OTHER}"),
        (None, None, "the incident does not say of which tenant it is"),
        (None, "11111111-2222-3333-4444-555555555555", "the incident does not say of which tenant it is"),
    ],
)
def test_another_tenant_or_none_holds(incident: str | None, alert: str | None, said: str) -> None:
    assert words(tenant(with_tenants(incident, alert))).startswith(said)


def test_the_tenant_holds_where_a_person_would_be_sent_too() -> None:
    scene = msgspec.structs.replace(with_tenants(OTHER), effects=(), holds=(a_hold(KILL_SWITCH),))

    assert [said.guard for said in ask(scene)] == ["tenant"]
    assert all(rail in RAILS for rail in ALWAYS)


# Irreversible


PLANNED = (*INVERSES, EffectKind.REVOKE_SESSIONS, EffectKind.QUARANTINE_FILE, EffectKind.RESET_PASSWORD)


def test_what_is_neither_known_to_be_undone_nor_planned_counts_as_irreversible() -> None:
    inverse = an_effect(("a", "b"), kind=EffectKind.ENABLE_USER)

    assert words(irreversible(a_scene(inverse))) == (
        "`enableUser` cannot be taken back: there is no call that does it"
    )
    assert {*PLANNED, *chain.from_iterable(INVERSES.values())} == set(EffectKind)


@pytest.mark.parametrize("kind", PLANNED)
def test_only_what_nothing_takes_back_holds(kind: EffectKind) -> None:
    said = irreversible(
        a_scene(an_effect(("a", "b"), kind=EffectKind.SOFT_DELETE), an_effect(("a", "b"), kind=kind))
    )

    assert (said is not None) is (kind is EffectKind.RESET_PASSWORD)
    assert words(said) in (
        "",
        "`forcePasswordReset` cannot be taken back: the password that was there is gone",
    )


# Size


@pytest.mark.parametrize(
    ("most", "count", "holds"),
    [(10, 10, False), (10, 11, True), (20_000, MOST_MESSAGES, False), (20_000, MOST_MESSAGES + 1, True)],
)
def test_too_many_messages_are_a_persons(most: int, count: int, holds: bool) -> None:
    rails = msgspec.structs.replace(OPEN, messages_per_action=most, mailboxes_per_action=1)

    said = size(a_scene(mails(count, mailboxes=1), rails=rails))

    assert (said is not None) is holds
    assert words(said) in (
        "",
        f"it has {count:,} messages, and {min(most, 10_000):,} are the most for one action",
    )


@pytest.mark.parametrize(("told", "holds"), [(100, False), (101, True), (None, False)])
def test_what_defender_counts_in_a_cluster_is_its_size_where_that_is_more(
    told: int | None, holds: bool
) -> None:
    rails = msgspec.structs.replace(OPEN, messages_per_action=100)
    cluster = msgspec.structs.replace(a_cluster(messages=1), email_count=told)

    assert (size(a_scene(rails=rails, evidence=cluster)) is not None) is holds


@pytest.mark.parametrize(("count", "holds"), [(200, False), (201, True)])
def test_too_many_mailboxes_are_a_persons(count: int, holds: bool) -> None:
    said = size(a_scene(mails(count)))

    assert (said is not None) is holds
    assert words(said) in ("", "it is in 201 mailboxes, and 200 are the most for one action")


def test_one_message_has_no_size_but_its_copies() -> None:
    rails = msgspec.structs.replace(OPEN, messages_per_action=1)

    assert size(a_scene(rails=rails, evidence=a_message())) is None
    assert size(a_scene(mails(2), rails=rails, evidence=a_message())) is not None


# Radius


@pytest.mark.parametrize(("most", "holds"), [(5, False), (4, True)])
def test_distinct_users_of_a_day_are_counted_once(most: int, holds: bool) -> None:
    rails = msgspec.structs.replace(OPEN, users_per_day=most)
    others = (
        mails(3, action="other", ago=23 * H),
        an_effect(("m9", "U0@contoso.example"), action="third"),
        an_effect(("id-1", ""), kind=EffectKind.DISABLE_USER, action="fourth"),
        an_effect(("rule", "id-2"), kind=EffectKind.DISABLE_RULE, action="fifth"),
        an_effect(("sha1", "device"), kind=EffectKind.QUARANTINE_FILE, action="sixth"),
    )

    said = radius(a_scene(mails(3), rails=rails, given=others))

    assert (said is not None) is holds
    assert words(said) in ("", "with it 5 users would be touched within a day, and 4 are the most")


@pytest.mark.parametrize(("ago", "holds"), [(24 * H - timedelta(seconds=1), True), (24 * H, False)])
def test_a_day_is_over_after_a_day(ago: timedelta, holds: bool) -> None:
    rails = msgspec.structs.replace(OPEN, users_per_day=1)
    other = an_effect(("m", "bob@contoso.example"), action="other", ago=ago)

    assert (radius(a_scene(rails=rails, given=(other,))) is not None) is holds


@pytest.mark.parametrize(
    ("users", "count", "holds"),
    [(None, 100, False), (2_000, 100, False), (1_999, 100, True), (100, 25, False), (100, 26, True)],
)
def test_a_part_of_the_tenant_is_asked_above_a_floor_and_where_its_size_is_known(
    users: int | None, count: int, holds: bool
) -> None:
    rails = msgspec.structs.replace(OPEN, users=users)

    said = radius(a_scene(mails(count), rails=rails))

    assert (said is not None) is holds
    assert words(said) in (
        "",
        f"with it {count} users of the tenant's {users or 0:,} would be touched within a day, and 5% are the most",
    )


@pytest.mark.parametrize(
    ("most", "of", "holds"), [(2, None, False), (1, None, True), (2, 1_000, False), (99, 20, True)]
)
def test_devices_are_counted_by_themselves(most: int, of: int | None, holds: bool) -> None:
    rails = msgspec.structs.replace(OPEN, devices_per_day=most, devices=of, share_from=1)
    quarantines = [
        an_effect(("sha1", f"D{n}"), kind=EffectKind.QUARANTINE_FILE, action=f"a{n}") for n in (1, 2)
    ]
    again = an_effect(("sha2", "d1"), kind=EffectKind.QUARANTINE_FILE)

    said = radius(a_scene(again, rails=rails, given=tuple(quarantines)))

    assert (said is not None) is holds


def test_users_come_before_devices_where_both_are_too_many() -> None:
    rails = msgspec.structs.replace(OPEN, devices_per_day=0, users_per_day=0)
    both = (an_effect(), an_effect(("sha1", "d"), kind=EffectKind.QUARANTINE_FILE))

    assert "1 user would" in words(radius(a_scene(*both, rails=rails)))
    assert "1 device would" in words(
        radius(a_scene(*both, rails=msgspec.structs.replace(rails, users_per_day=1)))
    )


# People


@pytest.mark.parametrize(("count", "holds"), [(999, False), (1_000, True)])
def test_from_a_size_on_two_people_have_to_approve(count: int, holds: bool) -> None:
    scene = a_scene(mails(count, mailboxes=1))

    assert (two_people(scene) is not None) is holds
    assert wanted(scene) == (2 if holds else 0)
    assert words(two_people(scene)) in (
        "",
        "2 people have to approve it: it has 1,000 messages, and from 1,000 on one is not enough",
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, ""),
        (1, "1 person has to approve it: its policy says so"),
        (3, "3 people have to approve it: its policy says so"),
    ],
)
def test_a_policy_may_want_people_asked(count: int, said: str) -> None:
    scene = a_scene(approvers=count)

    assert (words(approvers(scene)), wanted(scene)) == (said, count)


def test_the_most_people_that_any_deciding_policy_wants_are_wanted() -> None:
    one, three = (parsed(policy_file(more=f"approvers: {count}", name=f"p{count}")) for count in (1, 3))

    assert (wanted_by([one, three]), wanted_by([one]), wanted_by([])) == (3, 1, 0)
    assert wanted(a_scene(mails(1_000, mailboxes=1), approvers=3)) == 3


# All of them


def test_the_first_in_a_fixed_order_gives_its_name_and_all_are_told() -> None:
    rails = msgspec.structs.replace(OPEN, mailboxes_per_action=0, users_per_day=0)
    holds = (a_hold(BRAKE), a_hold(KILL_SWITCH))

    said = ask(a_scene(holds=holds, rails=rails, approvers=1, now=datetime(2026, 11, 2, 9, tzinfo=UTC)))

    assert [one.guard for one in said] == ["hold", "brake", "size", "radius", "approvers"]
