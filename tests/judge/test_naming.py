"""Rows name what the evidence leaves open, and nothing else."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.naming import (
    ACTION_TYPES,
    MOST_READINGS,
    awaits,
    left_open,
    named,
    newer,
    proposes,
    with_anomaly,
)
from agent.model.air import AirAction, AirReading
from agent.model.defender import (
    AnyEvidence,
    DeviceEvidence,
    MailboxConfigurationEvidence,
    ProcessEvidence,
)
from agent.model.enactment import Record, State
from agent.model.pending import LIFETIME, USER_KINDS, ActionKind, KindSource, PendingAction
from tests.makers import NOW, TENANT, a_cluster, a_user, an_action, an_air_action

M = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
SEEN = NOW - timedelta(hours=1)
"""When the usual evidence was made."""

GUID = "user:99999999-0000-4000-8000-000000000001"
OTHER = "user:99999999-0000-4000-8000-000000000002"
UPN = "user:carla@contoso.example"
FORWARDING = MailboxConfigurationEvidence(
    created_date_time=SEEN,
    remediation_status="pendingApproval",
    mailbox_primary_address="Carla@Contoso.example",
    configuration_type="mailForwardingRule",
)


def kinds(action: PendingAction, *rows: AirAction) -> list[str]:
    return [one.kind.value for one in named(action, rows, {})]


@pytest.mark.parametrize("word", ["DisableUser", "Disable user", "disable  USER", "\tdisableuser "])
def test_a_pending_row_names_the_kind_whatever_its_case_and_blanks(word: str) -> None:
    (found,) = named(an_action(a_user()), [an_air_action(kind=word)], {})

    assert (found.kind, found.kind_source) == (ActionKind.DISABLE_USER, KindSource.HUNTING)
    assert found.proposal is not None
    assert (found.proposal.investigation_id, found.proposal.action_type) == ("urn:inv-1", word)


@pytest.mark.parametrize(
    "word", ["DisableUsers", "Disable-user", "disable", "", None, "SoftDelete", "\u0130"]
)
def test_a_word_that_is_not_in_the_table_leaves_the_kind_unknown(word: str | None) -> None:
    (found,) = named(an_action(a_user()), [an_air_action(kind=word)], {})

    assert (found.kind, found.kind_source) == (ActionKind.UNKNOWN, KindSource.NOWHERE)


def test_every_kind_of_an_account_has_a_word_and_every_word_is_folded() -> None:
    assert set(ACTION_TYPES.values()) >= USER_KINDS
    assert all(word == "".join(word.split()).casefold() for word in ACTION_TYPES)


@pytest.mark.parametrize(
    ("status", "approval", "is_open"),
    [
        ("Pending", None, True),
        ("pending", "", True),
        ("Pending Approval", "Pending", True),
        ("PendingApproval", "pending approval", True),
        ("Pending", "Approved", False),
        ("Pending", "Declined", False),
        ("Pending", "whatever", False),
        ("Running", None, False),
        ("Completed", None, False),
        ("Waiting on resource", None, False),
        (None, None, False),
        ("", "Pending", False),
    ],
)
def test_only_what_says_that_nobody_has_decided_awaits(
    status: str | None, approval: str | None, is_open: bool
) -> None:
    row = an_air_action(status=status, approval=approval)

    assert awaits(row) is is_open
    assert kinds(an_action(a_user()), row) == ["disableUser" if is_open else "unknown"]


@pytest.mark.parametrize(
    ("evidence", "row"),
    [
        (a_cluster(), an_air_action('cluster:Urls:"https://bad.example/login"', kind="DisableUser")),
        (
            DeviceEvidence(remediation_status="pendingApproval", mde_device_id="d1"),
            an_air_action("device:d1"),
        ),
        (
            ProcessEvidence(remediation_status="pendingApproval", process_id=4),
            an_air_action("process:None:4:"),
        ),
        (a_user(), an_air_action(kind="TurnOffExternalMailForwarding")),
        (FORWARDING, an_air_action("mailbox:carla@contoso.example", kind="DisableUser")),
        (
            msgspec.structs.replace(FORWARDING, configuration_type="owaSettings"),
            an_air_action("mailbox:carla@contoso.example", kind="TurnOffExternalMailForwarding"),
        ),
    ],
)
def test_a_row_never_names_what_the_evidence_settles_or_cannot_be(
    evidence: AnyEvidence, row: AirAction
) -> None:
    action = an_action(evidence)

    assert kinds(action, row) == [action.kind]


def test_forwarding_without_its_rule_is_named_by_a_row_of_the_mailbox() -> None:
    row = an_air_action("mailbox:carla@contoso.example", kind="Turn off external mail forwarding")

    (found,) = named(an_action(FORWARDING), [row], {})

    assert (found.kind, found.key) == (ActionKind.DISABLE_FORWARDING, an_action(FORWARDING).key)


def test_a_row_never_makes_anything_pending() -> None:
    action = an_action(a_user(status="remediated"))

    found = named(action, [an_air_action()], {})

    assert {one.kind for one in found} == {ActionKind.DISABLE_USER, ActionKind.UNKNOWN}
    assert not any(one.is_pending for one in found)


@pytest.mark.parametrize(
    ("keys", "is_named"),
    [
        ((GUID,), True),
        ((UPN,), True),
        ((OTHER, UPN), False),
        ((OTHER,), False),
        (("user:s-1-5-21-9", UPN), True),
        (("user:dora@contoso.example",), False),
        ((GUID, "user:renamed@contoso.example"), True),
    ],
)
def test_a_name_that_was_another_account_s_names_nothing(keys: tuple[str, ...], is_named: bool) -> None:
    assert kinds(an_action(a_user()), an_air_action(*keys)) == ["disableUser" if is_named else "unknown"]


def test_two_sids_are_two_accounts() -> None:
    action = an_action(a_user(object_id=None, sid="S-1-5-21-1"))

    assert kinds(action, an_air_action("user:s-1-5-21-2", UPN)) == ["unknown"]
    assert kinds(action, an_air_action("user:s-1-5-21-1", UPN)) == ["disableUser"]


@pytest.mark.parametrize(
    ("proposed", "is_named"),
    [
        (SEEN - LIFETIME, False),
        (SEEN - LIFETIME + INSTANT, True),
        (SEEN + LIFETIME - INSTANT, True),
        (SEEN + LIFETIME, False),
    ],
)
def test_a_row_of_another_week_names_nothing(proposed: datetime, is_named: bool) -> None:
    row = an_air_action(at=proposed, proposed=proposed)

    assert proposes(row, SEEN) is is_named


@pytest.mark.parametrize("proposed", [datetime(1, 1, 1, tzinfo=UTC), NOW + timedelta(days=300), None])
def test_a_moment_that_cannot_be_is_taken_for_the_first_reading_s(proposed: datetime | None) -> None:
    assert proposes(an_air_action(proposed=proposed), SEEN)


@pytest.mark.parametrize(("first_seen", "is_named"), [(NOW - INSTANT, True), (NOW, False)])
def test_what_is_proposed_after_the_row_was_decided_is_something_new(
    first_seen: datetime, is_named: bool
) -> None:
    row = newer(an_air_action(at=NOW - M), an_air_action(status="Completed", approval="Approved", at=NOW))

    assert proposes(row, first_seen) is is_named


def test_a_row_that_was_first_read_decided_names_nothing_and_is_kept() -> None:
    row = newer(None, an_air_action(status="Completed", approval="Declined", by="anna@contoso.example"))

    assert kinds(an_action(a_user()), row) == ["unknown"]
    assert (row.approval, row.approved_by) == ("Declined", "anna@contoso.example")


def test_two_actions_on_one_account_are_two_pending_actions() -> None:
    rows = (an_air_action(), an_air_action(number="a2", kind="ForcePasswordReset"))

    assert kinds(an_action(a_user()), *rows) == ["disableUser", "forcePasswordReset"]


def test_an_action_without_a_word_that_is_known_stays_beside_the_one_that_has() -> None:
    rows = (an_air_action(), an_air_action(number="a2", kind="ConfirmUserCompromised"))

    assert kinds(an_action(a_user()), *rows) == ["disableUser", "unknown"]


def test_a_kind_that_was_known_of_an_alert_stays_known_without_its_row() -> None:
    action = an_action(a_user())
    (before,) = named(action, [an_air_action()], {})

    (after,) = named(action, [], {before.id: Record(action=before, state=State.ESCALATED, due=None)})

    assert (after.id, after.kind_source) == (before.id, KindSource.HUNTING)


def test_a_row_says_under_which_ids_it_is_looked_for() -> None:
    user, mailbox = an_action(a_user()), an_action(FORWARDING)

    assert user.id in left_open(TENANT, an_air_action())
    assert mailbox.id in left_open(TENANT, an_air_action("mailbox:carla@contoso.example"))
    assert left_open(TENANT, an_air_action("cluster:x")) == ()


# What is remembered


def test_a_later_reading_keeps_how_it_stood_before() -> None:
    first, last = (
        an_air_action(at=NOW - M),
        an_air_action(status="Completed", approval="Approved", by="a", at=NOW),
    )

    found = newer(first, last)

    assert (found.status, found.approval, found.approved_by, found.at) == ("Completed", "Approved", "a", NOW)
    assert found.earlier == (AirReading(at=NOW - M, status="Pending"),)


def test_a_reading_that_comes_late_does_not_take_the_newest_s_place() -> None:
    first, last = an_air_action(at=NOW - M), an_air_action(status="Completed", approval="Approved", at=NOW)

    assert newer(last, first) == newer(first, last)
    assert newer(newer(first, last), first) == newer(first, last)


def test_when_it_was_decided_does_not_move_with_later_readings() -> None:
    row = newer(an_air_action(at=NOW - M), an_air_action(status="Completed", approval="Approved", at=NOW))

    later = newer(row, an_air_action(status="Completed", approval="Approved", at=NOW + 9 * M))

    assert not proposes(later, NOW)
    assert proposes(later, NOW - INSTANT)


def test_the_first_reading_is_kept_however_many_follow() -> None:
    row = an_air_action(at=NOW)
    for number in range(1, 80):
        row = newer(row, an_air_action(status=f"s{number}", at=NOW + number * M))

    assert len(row.earlier) == MOST_READINGS
    assert (row.earlier[0].status, row.earlier[-1].status) == ("Pending", "s78")


def test_readings_that_changed_nothing_are_the_first_to_go() -> None:
    row = newer(an_air_action(at=NOW), an_air_action(status="Completed", at=NOW + M))
    for number in range(2, 80):
        row = newer(row, an_air_action(status="Completed", at=NOW + number * M))

    assert [one.at for one in row.earlier][:2] == [NOW, NOW + M]
    assert len(row.earlier) <= MOST_READINGS


readings = st.builds(
    lambda status, approval, minute: an_air_action(status=status, approval=approval, at=NOW + minute * M),
    st.sampled_from(["Pending", "Running", "Completed", None]),
    st.sampled_from([None, "Approved", "Declined"]),
    st.integers(0, 4_000),
)


@given(st.lists(readings, min_size=1, max_size=8, unique_by=lambda one: one.at), st.randoms())
def test_readings_come_to_the_same_in_any_order_and_however_often(
    rows: list[AirAction], random: object
) -> None:
    def all_of(some: list[AirAction]) -> AirAction:
        found: AirAction | None = None
        for one in some:
            found = newer(found, one)
        assert found is not None
        return found

    in_order = all_of(sorted(rows, key=lambda one: one.at))
    again = [*rows, *rows]
    random.shuffle(again)  # type: ignore[attr-defined]

    found = all_of(again)

    assert found == in_order
    assert newer(found, rows[0]) == found
    assert found.at == max(one.at for one in rows)


@given(st.lists(readings, min_size=1, max_size=6), st.sampled_from(["pendingApproval", "remediated", None]))
def test_whatever_rows_say_what_is_shown_is_as_pending_as_its_evidence(
    rows: list[AirAction], status: str | None
) -> None:
    action = an_action(a_user(status=status))

    found = named(action, rows, {})

    assert found
    assert {one.is_pending for one in found} == {action.is_pending}
    assert {(one.key, one.first_seen, one.deadline) for one in found} == {
        (action.key, action.first_seen, action.deadline)
    }
    assert len({one.id for one in found}) == len(found)


# Clusters


def test_what_a_row_says_of_a_cluster_has_what_waits_judged_anew() -> None:
    record = Record(action=an_action(), state=State.ESCALATED, due=None)
    row = an_air_action(record.action.key, kind="SoftDelete", anomaly=True)

    after = with_anomaly(record, row, NOW)

    assert (after.state, after.due) == (State.SEEN, NOW)
    assert after.action.proposal is not None
    assert after.action.proposal.is_volume_anomaly is True
    assert with_anomaly(after, row, NOW) is after


def test_what_was_sent_is_not_judged_anew_for_its_volume() -> None:
    record = Record(action=an_action(), state=State.SENT, due=None)

    assert with_anomaly(record, an_air_action(record.action.key, anomaly=True), NOW) is record
