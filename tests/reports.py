"""Makers of reports, which say only what matters; rates follow from tallies as they do in the product."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from agent.judge.report.rate import agreement, risk
from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.report import (
    Compared,
    Counterfactuals,
    Group,
    Native,
    Report,
    Standing,
    Tally,
    Told,
)
from agent.model.truth import Certainty, Source, Truth
from tests.makers import TENANT

MONDAY = datetime(2026, 10, 5, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def a_tally(agreed: int = 0, looser: int = 0, left: int = 0, rejected: int = 0, undecided: int = 0) -> Tally:
    """Return a tally in which whatever agreed was approved by both."""
    return Tally(
        agreed=agreed, both_approved=agreed, looser=looser, left=left, rejected=rejected, undecided=undecided
    )


def a_group(name: str, tally: Tally, enough: int = 20) -> Group:
    return Group(name=name, tally=tally, agreement=agreement(tally, enough), risk=risk(tally, enough))


def a_report(tally: Tally | None = None, *, policies: Sequence[Group] = (), **more: object) -> Report:
    """Return a report of four weeks from `MONDAY` on."""
    of = tally if tally is not None else a_tally(agreed=95, looser=1, left=3, rejected=1, undecided=20)
    report = Report(
        tenant_id=TENANT,
        tenant_name="Contoso",
        since=MONDAY,
        until=MONDAY + 28 * DAY,
        policies_asked=(),
        enough=20,
        actions=of.actions,
        imported=0,
        revisions=("0123456789ab",),
        total=a_group("total", of),
        in_force=a_group("inForce", of),
        policies=tuple(policies),
        kinds=(a_group(ActionKind.SOFT_DELETE_CLUSTER, of),),
        tenants=(a_group("Contoso", of),),
        weeks=tuple(
            a_group(f"{MONDAY + week * 7 * DAY:%Y-%m-%d}", a_tally(agreed=20 + week)) for week in range(4)
        ),
        undecided={"expired": of.undecided} if of.undecided else {},
        told=(Told(source=Source.AIR, certainty=Certainty.CERTAIN, count=of.compared),),
        counterfactuals=Counterfactuals(
            approved=of.would_approve,
            held={"caps": 4, "protected": 2},
            saved=3 * HOUR + timedelta(minutes=20),
            saved_ninetieth=26 * HOUR,
            saved_of=90,
            saved_steps=(10, 20, 30, 20, 5, 4, 1),
            expired=20,
            expired_otherwise=14,
            messages=3_210,
            pages=80,
            native=Native(actions=40, approved=30, rejected=9, ours=35),
        ),
    )
    return msgspec.structs.replace(report, **more)


def a_compared(action_id: str = "a" * 16, standing: Standing = Standing.LOOSER, **more: object) -> Compared:
    """Return an action that would have been approved on `MONDAY` and was decided an hour later."""
    verb = Verb.REJECT if standing is Standing.LOOSER else Verb.APPROVE
    truth = Truth(
        action_id=action_id,
        first_seen=MONDAY,
        verb=verb,
        unknown=None,
        source=Source.AIR,
        certainty=Certainty.CERTAIN,
        at=MONDAY + HOUR,
        by=("eve@contoso.example",),
    )
    one = Compared(
        action_id=action_id,
        incident_id="42",
        kind=ActionKind.SOFT_DELETE_CLUSTER,
        first_seen=MONDAY,
        deadline=MONDAY + 7 * DAY,
        decided=MONDAY,
        number=1,
        verb=Verb.APPROVE,
        policies=("small-malicious",),
        guard=None,
        targets=3,
        messages=40,
        is_native=True,
        is_imported=False,
        revision="0123456789ab",
        truth=truth,
        standing=standing,
        unknown=None,
        moment=MONDAY + HOUR,
    )
    return msgspec.structs.replace(one, **more)
