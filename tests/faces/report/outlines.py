"""Reports with what they say, for whoever lays them out."""

from collections.abc import Sequence

import msgspec

from agent.faces.report.looser import Looser
from agent.faces.report.outline import Outline, outlined
from agent.model.pending import ActionKind
from agent.model.report import Report
from tests.faces.records import HOSTILE
from tests.reports import HOUR, MONDAY, a_group, a_report, a_tally

AGAIN = "air-agent report --since 2026-10-05T00:00:00Z --until 2026-11-02T00:00:00Z"

POLICIES = (
    a_group("near", a_tally(agreed=60, undecided=5)),
    a_group("risky", a_tally(agreed=30, looser=1)),
    a_group("young", a_tally(agreed=4)),
)


def a_looser(**more: object) -> Looser:
    one = Looser(
        action_id="abcdef0123456789",
        kind=ActionKind.SOFT_DELETE_CLUSTER,
        what="Urgent invoice",
        incident_id="42",
        incident_url="https://security.microsoft.com/incidents/42",
        policies=("risky",),
        guard=None,
        decided=MONDAY,
        why="approve by `risky`: `evidence.verdict` is malicious",
        at=MONDAY + HOUR,
        by=("eve@contoso.example",),
        told="AIR's own rows (CloudAppEvents), certain",
    )
    return msgspec.structs.replace(one, **more)


def hostile() -> Looser:
    """Return an action of which an attacker chose every word that can be chosen."""
    markup = f"<script>alert(1)</script>{HOSTILE}=HYPERLINK(1) | [x](javascript:1) @everyone"
    return a_looser(what=markup, why=markup, by=(markup,), incident_id=markup)


def an_outline(
    report: Report | None = None,
    looser: Sequence[Looser] = (),
    *,
    rows: int | None = None,
    observing: frozenset[str] | None = None,
) -> Outline:
    return outlined(
        report or a_report(policies=POLICIES),
        looser or (a_looser(),),
        again=AGAIN,
        rows=rows,
        observing=observing,
    )
