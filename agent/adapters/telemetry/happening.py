"""The series of what an agent does: counted and timed as it happens."""

from agent.adapters.telemetry.series import QUICK, SLOW, Kind, Series, Unit, counter, histogram
from agent.model.decision import Verb
from agent.model.enactment import EffectSeen
from agent.model.telemetry import Counted, Timed

COUNTERS = (
    counter(
        Counted.DECISION,
        "air_agent.decisions",
        Unit.DECISIONS,
        "Decisions, by the verb and by whose they are: `policies`, `people`, or `nobody`, where none answered in time",
        "verb",
        "by",
        known={"verb": tuple(Verb), "by": ("policies", "people", "nobody")},
    ),
    counter(
        Counted.POLICY,
        "air_agent.policy.decisions",
        Unit.DECISIONS,
        "Decisions in which a policy took part, by the verb that came of it: one decision counts with each policy",
        "policy",
        "verb",
    ),
    counter(
        Counted.HELD,
        "air_agent.guard.holds",
        Unit.ACTIONS,
        "Approvals that a guard rail held, when they were decided or right before their call",
        "guard",
    ),
    counter(
        Counted.CALL,
        "air_agent.enactments",
        Unit.CALLS,
        "Calls that change something, by what they do and how they went; `unknown` may have been applied, and is never sent again",
        "kind",
        "outcome",
    ),
    counter(
        Counted.CONFIRMATION,
        "air_agent.confirmations",
        Unit.ACTIONS,
        "Looks at what became of what was sent, by what was seen",
        "seen",
        known={"seen": tuple(EffectSeen)},
    ),
    counter(
        Counted.STEP,
        "air_agent.escalation.steps",
        Unit.PAGES,
        "What people were to be told of pages, by the chain and the occasion",
        "chain",
        "occasion",
    ),
    counter(
        Counted.NOTICE,
        "air_agent.notices",
        Unit.NOTICES,
        "Attempts to tell people through a channel: `sent`, `failed` (tried again later), `held` (waits for the release of a hold) or `givenUp`",
        "channel",
        "outcome",
    ),
    counter(
        Counted.PASS,
        "air_agent.passes",
        Unit.PASSES,
        "Passes, by how they went: `clean`, with `problems`, or Graph was `unavailable`",
        "outcome",
        known={"outcome": ("clean", "problems", "unavailable")},
    ),
    counter(
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
    histogram(
        Timed.POLL, "air_agent.poll.duration", SLOW, "How long it takes to read the news and to save them"
    ),
    histogram(Timed.PASS, "air_agent.pass.duration", SLOW, "How long a whole pass takes"),
    histogram(
        Timed.REQUEST,
        "air_agent.api.request.duration",
        SLOW,
        "How long one attempt at a request takes, without the wait for its turn",
        "api",
    ),
    histogram(
        Timed.CALL,
        "air_agent.enactment.duration",
        SLOW,
        "From when a call that changes something leaves until its outcome is written down",
    ),
    histogram(
        Timed.NOTICE,
        "air_agent.notice.delay",
        SLOW,
        "From when it was first tried to tell people until the channel took it",
        "channel",
    ),
    histogram(
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
