"""Whether people were once asked about what evidence shows, how that ended, and what they decided."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import pytest

from agent.judge.naming import newer
from agent.judge.past.proposed import DEALT_WITH, REACH, Ended, kinds_of, proposed, truth_of
from agent.judge.recognise import recognise
from agent.model.air import AirAction
from agent.model.decision import Verb
from agent.model.defender import PENDING_APPROVAL, AnyEvidence
from agent.model.history import Ending
from agent.model.imported import Why
from agent.model.pending import LIFETIME, ActionKind, PendingAction
from agent.model.truth import Certainty, Source, Truth, Unknown
from tests.makers import NOW, TENANT, a_cluster, a_user, an_air_action, an_alert, an_incident

LONG_AGO = NOW - timedelta(days=15)
"""When the usual proposal was made."""

AGENT_READS = NOW - timedelta(days=10)


def an_action(
    status: str | None,
    *,
    state: str = DEALT_WITH,
    evidence: AnyEvidence | None = None,
    created: datetime = LONG_AGO,
    updated: datetime | None = None,
) -> PendingAction:
    """Return what an incident shows of a cluster, or of other evidence, that stands so by now."""
    shown = msgspec.structs.replace(
        evidence or a_cluster(), remediation_status=status, created_date_time=created
    )
    alert = an_alert(shown, state=state, created=created, updated=updated or created + timedelta(hours=5))
    return recognise(an_incident(alert), tenant_id=TENANT, now=NOW)[0]


def rows_of(
    action: PendingAction, *readings: tuple[timedelta, str, str | None, str | None], kind: str | None = None
) -> tuple[AirAction, ...]:
    """Return one row of AIR's about the action, that stood so at these times after it was proposed."""
    row: AirAction | None = None
    for after, status, approval, by in readings:
        at = action.first_seen + after
        reading = an_air_action(
            action.key, kind=kind, status=status, approval=approval, by=by, at=at, proposed=action.first_seen
        )
        row = newer(row, reading)
    return () if row is None else (row,)


def decided(verb: str) -> tuple[tuple[timedelta, str, str | None, str | None], ...]:
    return (
        (timedelta(minutes=1), "Pending", None, None),
        (timedelta(hours=4), "Completed", verb, "anna@contoso.example"),
    )


def looked(action: PendingAction, rows: Sequence[AirAction] = ()) -> Ended | Why | None:
    return proposed(action, rows, NOW, AGENT_READS)


def truth(action: PendingAction, rows: Sequence[AirAction] = ()) -> Truth:
    ended = looked(action, rows)
    assert isinstance(ended, Ended)
    return truth_of(ended)


@pytest.mark.parametrize(
    ("status", "left"),
    [
        ("remediated", Why.UNSHOWN),
        ("unremediated", Why.UNSHOWN),
        ("partiallyRemediated", Why.UNSHOWN),
        ("running", Why.UNSHOWN),
        ("unknownFutureValue", Why.AMBIGUOUS),
        (None, None),
        ("none", None),
        ("prevented", None),
        ("blocked", None),
        ("notFound", None),
        ("active", None),
    ],
)
def test_without_a_row_only_what_people_declined_was_proposed(status: str | None, left: Why | None) -> None:
    assert looked(an_action(status)) is left
    assert isinstance(looked(an_action("declined")), Ended)


def test_a_row_that_awaited_approval_shows_that_people_were_asked() -> None:
    action = an_action("remediated")

    ended = looked(action, rows_of(action, *decided("Approved")))

    assert isinstance(ended, Ended)
    assert (ended.ended, ended.at) == (Ending.ELSEWHERE, action.first_seen + timedelta(hours=4))


def test_a_row_of_another_thing_shows_nothing() -> None:
    action = an_action("remediated")
    other = an_action("remediated", evidence=a_cluster(query="another"))

    assert looked(action, rows_of(other, *decided("Approved"))) is Why.UNSHOWN


def test_a_row_of_automation_that_never_awaited_anybody_shows_nothing() -> None:
    action = an_action("remediated")

    rows = rows_of(action, (timedelta(minutes=1), "Completed", None, None))

    assert looked(action, rows) is Why.UNSHOWN


def test_what_still_awaits_approval_is_the_agents() -> None:
    assert looked(an_action(PENDING_APPROVAL, created=NOW - timedelta(hours=1))) is Why.OPEN


@pytest.mark.parametrize(
    ("updated", "expires"),
    [(AGENT_READS, False), (AGENT_READS - timedelta(seconds=1), True)],
)
def test_what_was_left_until_its_week_was_over_is_imported_where_the_agent_will_not_read_it(
    updated: datetime, expires: bool
) -> None:
    action = an_action(PENDING_APPROVAL, updated=updated)

    ended = looked(action)

    if not expires:
        assert ended is Why.OPEN
        return
    assert isinstance(ended, Ended)
    assert (ended.ended, ended.at) == (Ending.EXPIRED, action.deadline)
    assert truth_of(ended).unknown is Unknown.EXPIRED


@pytest.mark.parametrize("status", [PENDING_APPROVAL, "declined"])
@pytest.mark.parametrize(("age", "is_old"), [(REACH, False), (REACH + timedelta(seconds=1), True)])
def test_what_was_proposed_before_anything_reaches_is_left_out(
    age: timedelta, is_old: bool, status: str
) -> None:
    action = an_action(status, created=NOW - age, updated=AGENT_READS - timedelta(days=1))

    assert (looked(action) is Why.TOO_OLD) is is_old


def test_an_alert_that_awaits_approval_without_evidence_is_the_agents() -> None:
    alert = an_alert(state=PENDING_APPROVAL)
    (action,) = recognise(an_incident(alert), tenant_id=TENANT, now=NOW)
    (closed,) = recognise(an_incident(an_alert(state=DEALT_WITH)), tenant_id=TENANT, now=NOW)

    assert looked(action) is Why.OPEN
    assert looked(closed) is None


def test_what_rows_name_people_for_is_what_people_decided() -> None:
    yes, no = an_action("remediated"), an_action("declined")

    approved, rejected = (
        truth(yes, rows_of(yes, *decided("Approved"))),
        truth(no, rows_of(no, *decided("Declined"))),
    )

    assert (approved.verb, approved.source, approved.by) == (
        Verb.APPROVE,
        Source.AIR,
        ("anna@contoso.example",),
    )
    assert (rejected.verb, rejected.certainty) == (Verb.REJECT, Certainty.CERTAIN)
    assert approved.at == yes.first_seen + timedelta(hours=4)


def test_rows_and_evidence_that_contradict_each_other_say_nothing() -> None:
    action = an_action("declined")

    assert truth(action, rows_of(action, *decided("Approved"))).unknown is Unknown.CONTRADICTED


def test_what_was_closed_without_a_person_is_untold() -> None:
    action = an_action("remediated")

    found = truth(
        action, rows_of(action, decided("Approved")[0], (timedelta(hours=2), "Completed", None, None))
    )

    assert (found.verb, found.unknown) == (None, Unknown.UNTOLD)
    assert found.at == action.first_seen + timedelta(hours=2)


@pytest.mark.parametrize(
    ("state", "before_the_end", "verb"),
    [
        (DEALT_WITH, timedelta(hours=1, seconds=1), Verb.REJECT),
        (DEALT_WITH, timedelta(hours=1), None),
        ("terminatedBySystem", timedelta(days=3), None),
        ("partiallyRemediated", timedelta(days=3), None),
    ],
)
def test_a_no_without_a_row_counts_only_where_everything_of_its_alert_was_dealt_with_in_time(
    state: str, before_the_end: timedelta, verb: Verb | None
) -> None:
    action = an_action("declined", state=state, updated=LONG_AGO + LIFETIME - before_the_end)

    found = truth(action)

    assert found.verb is verb
    assert found.unknown is (None if verb is not None else Unknown.LATE)


def test_what_evidence_leaves_open_has_the_kinds_that_rows_name() -> None:
    action = an_action("remediated", evidence=a_user())
    readings = [(after, status, approval, by) for after, status, approval, by in decided("Approved")]
    rows = [
        msgspec.structs.replace(one, keys=("user:99999999-0000-4000-8000-000000000001",))
        for one in rows_of(action, *readings, kind="DisableUser")
    ]

    assert [one.kind for one in kinds_of(action, rows)] == [ActionKind.DISABLE_USER]
    assert [one.kind for one in kinds_of(action, ())] == [ActionKind.UNKNOWN]
