"""Every series that there is: what the documentation says of it, and where its numbers come from.

The names are OpenTelemetry's, with dots; Prometheus has them with underscores, their unit and, of counters, `_total`
behind. Every series has the label `tenant`, but for those of the process itself. No label is an action's id, a person
or foreign text: policies, chains and channels are what the owner of the set has named.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from agent.adapters.telemetry import gauges
from agent.model.decision import Verb
from agent.model.enactment import EffectSeen
from agent.model.telemetry import Counted, Reading, Timed

TENANT = "tenant"
"""The label that all have."""

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Upper bounds of what histograms count, in seconds."""


class Kind(StrEnum):
    """How a series' numbers are to be read."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Unit(StrEnum):
    """What is counted or measured, as UCUM writes it; what stands in braces is no part of a name."""

    SECONDS = "s"
    NONE = ""
    ACTIONS = "{action}"
    CALLS = "{call}"
    DECISIONS = "{decision}"
    NOTICES = "{notice}"
    PAGES = "{page}"
    PASSES = "{pass}"
    POLICIES = "{policy}"
    REQUESTS = "{request}"
    EXPORTS = "{export}"


Read = Callable[[Reading, datetime], Iterator[tuple[Mapping[str, str], float]]]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One series: what it is called, what it says, and what its labels tell apart.

    A gauge has `read`. A counter or histogram has `of`, which the loop names; it is there from the start with the
    values `known` of its labels, so that its first event counts as an increase.
    """

    name: str
    kind: Kind
    unit: Unit
    words: str
    labels: tuple[str, ...] = ()
    of: Counted | Timed | None = None
    read: Read | None = None
    bounds: tuple[float, ...] = ()
    known: Mapping[str, tuple[str, ...]] = {}
    is_of_process: bool = False

    @property
    def prometheus(self) -> str:
        """The name that Prometheus has it under."""
        name = self.name.replace(".", "_")
        named = f"{name}_seconds" if self.unit is Unit.SECONDS else name
        return f"{named}_total" if self.kind is Kind.COUNTER else named


def _gauge(name: str, unit: Unit, words: str, read: Read, *labels: str) -> Series:
    return Series(name=name, kind=Kind.GAUGE, unit=unit, words=words, labels=labels, read=read)


def _counter(
    of: Counted, name: str, unit: Unit, words: str, *labels: str, known: Mapping[str, tuple[str, ...]] = {}
) -> Series:
    return Series(name=name, kind=Kind.COUNTER, unit=unit, words=words, labels=labels, of=of, known=known)


def _histogram(of: Timed, name: str, bounds: tuple[float, ...], words: str, *labels: str) -> Series:
    return Series(
        name=name,
        kind=Kind.HISTOGRAM,
        unit=Unit.SECONDS,
        words=words,
        labels=labels,
        of=of,
        bounds=bounds,
    )


GAUGES = (
    _gauge(
        "air_agent.info",
        Unit.NONE,
        "1 for each tenant that this process looks after, with its mode and the agent's version",
        gauges.info,
        "mode",
        "version",
    ),
    _gauge(
        "air_agent.reading.age",
        Unit.SECONDS,
        "How old the newest numbers of a tenant are: while this grows, all its other gauges are of then",
        gauges.reading_age,
    ),
    _gauge(
        "air_agent.actions",
        Unit.ACTIONS,
        "Pending actions by the state of their record; of those that ended the count may be some minutes old",
        gauges.actions,
        "state",
    ),
    _gauge(
        "air_agent.actions.at_risk",
        Unit.ACTIONS,
        "Actions at risk of expiry: nobody's decision is carried out, and the week ends within `telemetry.at_risk`",
        gauges.at_risk,
        "state",
    ),
    _gauge(
        "air_agent.action.oldest.age",
        Unit.SECONDS,
        "How long ago the oldest action was seen of which nobody's decision is carried out, by its state",
        gauges.oldest,
        "state",
    ),
    _gauge(
        "air_agent.action.deadline.remaining",
        Unit.SECONDS,
        "How long until the first week ends of which nobody's decision is carried out; missing where there is none",
        gauges.deadline,
    ),
    _gauge(
        "air_agent.watermark.lag",
        Unit.SECONDS,
        "How long ago the newest incident was changed that was read and saved; grows in a quiet tenant too",
        gauges.watermark,
    ),
    _gauge(
        "air_agent.poll.age",
        Unit.SECONDS,
        "How long ago the news of incidents were last read to the end",
        gauges.poll_age,
    ),
    _gauge("air_agent.pass.age", Unit.SECONDS, "How long ago the last pass ended", gauges.pass_age),
    _gauge(
        "air_agent.pass.overdue",
        Unit.SECONDS,
        "How long ago the next pass was to end, had it taken no longer than the longest of late; 0 while it may yet",
        gauges.overdue,
    ),
    _gauge(
        "air_agent.api.budget.limit",
        Unit.REQUESTS,
        "Requests that may leave within any minute",
        gauges.budget_limit,
        "api",
    ),
    _gauge(
        "air_agent.api.budget.remaining",
        Unit.REQUESTS,
        "Requests that may still leave within this minute",
        gauges.budget_left,
        "api",
    ),
    _gauge(
        "air_agent.api.throttle.remaining",
        Unit.SECONDS,
        "How long nothing leaves because the API asked for patience; 0 where it has not",
        gauges.throttled,
        "api",
    ),
    _gauge(
        "air_agent.enactments.under_way",
        Unit.CALLS,
        "Calls that change something, have left, and are not settled",
        gauges.under_way,
    ),
    _gauge(
        "air_agent.held",
        Unit.NONE,
        "1 while anything keeps this process from carrying anything out, else 0",
        gauges.held,
    ),
    _gauge(
        "air_agent.holds",
        Unit.NONE,
        "Holds that stand: `hold` is the kill switch, however it was thrown, `brake` the agent's own",
        gauges.holds,
        "guard",
    ),
    _gauge(
        "air_agent.kill_switch.age",
        Unit.SECONDS,
        "How long ago the kill switch was last read to the end: nothing is carried out once that is too long",
        gauges.kill_switch,
    ),
    _gauge(
        "air_agent.alarms",
        Unit.NONE,
        "Alarms of the agent itself that stand, by their family: the runbooks have a section for each",
        gauges.alarms,
        "alarm",
    ),
    _gauge(
        "air_agent.pages",
        Unit.PAGES,
        "Pages that are open: matters that people on call were told of",
        gauges.pages,
    ),
    _gauge(
        "air_agent.notices.waiting", Unit.NOTICES, "Notices that wait to be sent", gauges.notices_waiting
    ),
    _gauge(
        "air_agent.notices.overdue",
        Unit.SECONDS,
        "For how long the oldest notice has been due and was not sent; 0 where none is",
        gauges.notices_overdue,
    ),
    _gauge(
        "air_agent.audit.unshipped.age",
        Unit.SECONDS,
        "Age of the oldest entry of the audit that was not shipped; 0 where all were",
        gauges.unshipped,
    ),
    _gauge(
        "air_agent.credential.remaining",
        Unit.SECONDS,
        "How long a credential can still be used; missing where that is not known, or has no end",
        gauges.credentials,
        "credential",
    ),
    _gauge(
        "air_agent.agreement",
        Unit.ACTIONS,
        "How the decisions of the last seven days, observing policies counted, stand to what people did",
        gauges.agreement,
        "standing",
    ),
    _gauge(
        "air_agent.policies",
        Unit.POLICIES,
        "Policies in force, by whether they enforce",
        gauges.policies,
        "mode",
    ),
)
"""What is read now and then."""

COUNTERS = (
    _counter(
        Counted.DECISION,
        "air_agent.decisions",
        Unit.DECISIONS,
        "Decisions, by the verb and by whose they are: `policies`, `people`, or `nobody`, where none answered in time",
        "verb",
        "by",
        known={"verb": tuple(Verb), "by": ("policies", "people", "nobody")},
    ),
    _counter(
        Counted.POLICY,
        "air_agent.policy.decisions",
        Unit.DECISIONS,
        "Decisions in which a policy took part, by the verb that came of it: one decision counts with each policy",
        "policy",
        "verb",
    ),
    _counter(
        Counted.HELD,
        "air_agent.guard.holds",
        Unit.ACTIONS,
        "Approvals that a guard rail held, when they were decided or right before their call",
        "guard",
    ),
    _counter(
        Counted.CALL,
        "air_agent.enactments",
        Unit.CALLS,
        "Calls that change something, by what they do and how they went; `unknown` may have been applied, and is never sent again",
        "kind",
        "outcome",
    ),
    _counter(
        Counted.CONFIRMATION,
        "air_agent.confirmations",
        Unit.ACTIONS,
        "Looks at what became of what was sent, by what was seen",
        "seen",
        known={"seen": tuple(EffectSeen)},
    ),
    _counter(
        Counted.STEP,
        "air_agent.escalation.steps",
        Unit.PAGES,
        "What people were to be told of pages, by the chain and the occasion",
        "chain",
        "occasion",
    ),
    _counter(
        Counted.NOTICE,
        "air_agent.notices",
        Unit.NOTICES,
        "Attempts to tell people through a channel: `sent`, `failed` (tried again later) or `givenUp`",
        "channel",
        "outcome",
    ),
    _counter(
        Counted.PASS,
        "air_agent.passes",
        Unit.PASSES,
        "Passes, by how they went: `clean`, with `problems`, or Graph was `unavailable`",
        "outcome",
        known={"outcome": ("clean", "problems", "unavailable")},
    ),
    _counter(
        Counted.REQUEST,
        "air_agent.api.requests",
        Unit.REQUESTS,
        "Requests, each attempt by itself: `ok`, `refused` (4xx), `throttled` (429), `failing` (5xx) or `lost` (no whole answer)",
        "api",
        "outcome",
    ),
)
"""What is counted as it happens."""

HISTOGRAMS = (
    _histogram(
        Timed.POLL, "air_agent.poll.duration", SLOW, "How long it takes to read the news and to save them"
    ),
    _histogram(Timed.PASS, "air_agent.pass.duration", SLOW, "How long a whole pass takes"),
    _histogram(
        Timed.REQUEST,
        "air_agent.api.request.duration",
        SLOW,
        "How long one attempt at a request takes, without the wait for its turn",
        "api",
    ),
    _histogram(
        Timed.CALL,
        "air_agent.enactment.duration",
        SLOW,
        "From when a call that changes something leaves until its outcome is written down",
    ),
    _histogram(
        Timed.NOTICE,
        "air_agent.notice.delay",
        SLOW,
        "From when people are to be told until a channel takes it",
        "channel",
    ),
    _histogram(
        Timed.TRANSACTION,
        "air_agent.ledger.transaction.duration",
        QUICK,
        "How long one transaction of the ledger takes; `audited` ones write the audit's entries too",
        "operation",
    ),
)
"""What is timed as it happens."""

EXPORTS = Series(
    name="air_agent.telemetry.exports",
    kind=Kind.COUNTER,
    unit=Unit.EXPORTS,
    words="Batches for the collector, by the signal and whether it took them: what it does not take is lost",
    labels=("signal", "outcome"),
    known={"signal": ("metrics", "traces"), "outcome": ("taken", "lost")},
    is_of_process=True,
)
"""How the way out fares; there only with `telemetry.endpoint`."""

PROCESS = {
    "process_cpu_seconds_total": "Processor time that the process has used",
    "process_resident_memory_bytes": "Memory that it holds",
    "process_virtual_memory_bytes": "Address space that it has",
    "process_start_time_seconds": "When it began, in seconds since 1970",
    "process_open_fds": "Files and connections that it has open",
    "process_max_fds": "How many it may",
}
"""What the Prometheus client tells of every process, in its own words; on `/metrics` only."""

SERIES = (*GAUGES, *COUNTERS, *HISTOGRAMS, EXPORTS)

WINDOW = timedelta(days=7)
"""Of which decisions the agreement is told."""


def table() -> str:
    """Return every series as a Markdown table."""
    rows = [
        f"| `{one.prometheus}` | {one.kind.value} | {_labels(one)} | {one.words} |"
        for one in sorted(SERIES, key=lambda one: one.prometheus)
    ]
    rows += [
        f"| `{name}` | {'counter' if name.endswith('_total') else 'gauge'} | | {words} |"
        for name, words in PROCESS.items()
    ]
    return "\n".join(["| series | kind | labels | what it says |", "| --- | --- | --- | --- |", *rows])


def _labels(one: Series) -> str:
    labels = one.labels if one.is_of_process else (TENANT, *one.labels)
    return ", ".join(f"`{label}`" for label in labels)
