"""Spans on their way to a collector: what may stand in them is a list, and nothing else leaves.

A trace is read by more people than the agent's own pages are. No mail text, subject, address, name or secret may get
there, whoever writes the line of code that tells of it: so each attribute has its name in the list, and words that are no
plain identifier are left out.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from agent.model.trace import Phase, Said, Span, span_of, trace_of

ATTRIBUTES = {
    "attempts": "air_agent.call.attempts",
    "bulk": "air_agent.call.bulk_id",
    "chain": "air_agent.chain",
    "channel": "air_agent.channel",
    "checks": "air_agent.confirmation.checks",
    "client_request": "air_agent.graph.client_request_id",
    "decision": "air_agent.decision.verb",
    "does": "air_agent.call.kind",
    "effects": "air_agent.plan.effects",
    "facts": "air_agent.decision.facts",
    "guard": "air_agent.guard",
    "incident": "air_agent.incident.id",
    "kind": "air_agent.action.kind",
    "kind_source": "air_agent.action.kind_source",
    "number": "air_agent.answer.number",
    "occasion": "air_agent.escalation.occasion",
    "page": "air_agent.page.id",
    "policies": "air_agent.policies",
    "replica": "air_agent.replica",
    "request": "air_agent.graph.request_id",
    "revision": "air_agent.policies.revision",
    "seen": "air_agent.confirmation.seen",
    "state": "air_agent.action.state",
    "step": "air_agent.escalation.step",
    "targets": "air_agent.call.targets",
    "via": "air_agent.answer.via",
    "way": "air_agent.plan.way",
    "went": "air_agent.call.outcome",
}
"""What the loop may say, and what it is called outside."""

PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._:,/+-]{0,199}")
"""What a value may look like: ids, names of policies, words of closed sets; no `@`, no quotation, no line break."""

SCOPE = InstrumentationScope("air_agent")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Spans:
    """Hands spans to a processor, each under its action's own trace."""

    def __init__(self, processor: SpanProcessor, resource: Resource, share: float, lots: Random) -> None:
        self._processor = processor
        self._resource = resource
        self._share = share
        self._bound = TraceIdRatioBased.get_bound_for_rate(share)
        self._lots = lots

    def tell(self, tenant: str, spans: Sequence[Span]) -> None:
        """Tell of spans; those of actions that are no part of the sample are left out."""
        for one in spans:
            trace = trace_of(one.action_id, one.life)
            if int(trace, 16) & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound:
                self._processor.on_end(self._made(tenant, trace, one))

    def _made(self, tenant: str, trace: str, one: Span) -> ReadableSpan:
        root = span_of(trace, Phase.SEEN.value)
        own = span_of(trace, one.key) if one.key else f"{self._lots.getrandbits(64) or 1:016x}"
        is_root = one.key == Phase.SEEN.value
        return ReadableSpan(
            name=one.phase.value,
            context=_context(trace, own),
            parent=None if is_root else _context(trace, root),
            resource=self._resource,
            attributes={
                "air_agent.tenant": tenant,
                "air_agent.action.id": one.action_id,
                "air_agent.action.life": one.life,
                **{ATTRIBUTES[name]: value for name, value in one.said.items() if _may_leave(name, value)},
            },
            kind=SpanKind.CLIENT if one.phase is Phase.CALLED else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR) if one.is_failed else Status(),
            start_time=_nanoseconds(one.began),
            end_time=_nanoseconds(max(one.began, one.ended)),
            instrumentation_scope=SCOPE,
        )


def _context(trace: str, span: str) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=flags)


def _may_leave(name: str, value: Said) -> bool:
    return name in ATTRIBUTES and (not isinstance(value, str) or PLAIN.fullmatch(value) is not None)


def _nanoseconds(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
