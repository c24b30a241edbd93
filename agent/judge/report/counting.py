"""Comparisons, one after the other -> a report, of which only numbers are kept however many there are."""

from collections import Counter
from datetime import datetime

from agent.judge.report.compare import Both
from agent.judge.report.grouping import Grouping
from agent.judge.report.otherwise import Otherwise
from agent.model.report import Asked, Compared, Report, Told
from agent.model.truth import Certainty, Source


class Counting:
    """Counts what is asked for."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._grouping = Grouping(asked)
        self._told: Counter[tuple[Source, Certainty]] = Counter()
        self._revisions: dict[str, datetime] = {}
        self._imported = 0
        self._otherwise = Otherwise()

    def take(self, both: Both) -> Compared | None:
        """Count one life, and return it as it is compared; None where it is not asked for."""
        one = self._grouping.take(both)
        if one is None:
            return None
        if one.truth is not None and one.truth.verb is not None:
            self._told[one.truth.source, one.truth.certainty] += 1
        if one.is_imported:
            self._imported += 1
        if one.revision and one.decided is not None:
            first = self._revisions.get(one.revision)
            if first is None or one.decided < first:
                self._revisions[one.revision] = one.decided
        self._otherwise.take(one)
        return one

    def report(self) -> Report:
        """Return what was counted."""
        asked, groups = self._asked, self._grouping
        total = groups.whole("total")
        return Report(
            tenant_id=asked.tenant_id,
            tenant_name=asked.tenant_name,
            since=asked.since,
            until=asked.until,
            policies_asked=asked.policies,
            enough=asked.enough,
            actions=total.tally.actions,
            imported=self._imported,
            revisions=tuple(sorted(self._revisions, key=lambda name: (self._revisions[name], name))),
            total=total,
            in_force=groups.in_force(),
            policies=groups.policies(),
            kinds=groups.kinds(),
            tenants=(groups.whole(asked.tenant_name or asked.tenant_id),),
            weeks=groups.weeks(),
            undecided=groups.undecided(),
            told=tuple(
                Told(source=source, certainty=certainty, count=count)
                for (source, certainty), count in sorted(self._told.items())
            ),
            counterfactuals=self._otherwise.found(),
        )
