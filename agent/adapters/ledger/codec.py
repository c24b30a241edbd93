"""How nouns become bodies, and bodies nouns again, without loss.

A body is JSON, so that people can read it with any tool; a long one is compressed. A compressed body
begins with `x` and JSON never does. Facts need care: JSON has no moments, and its reader
could not tell one from text, so moments (and numbers that are not finite) are boxed.
Keys and sets are sorted: the same noun always gives the same bytes.
"""

import math
import zlib
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from agent.model.air import AirAction
from agent.model.answer import Answer
from agent.model.decision import Answered, Decision, Guarded, Lapse, Ruling, Verb, Weighed
from agent.model.enactment import Confirmation, Pair, Plan, Undone
from agent.model.errors import LedgerError
from agent.model.escalation import Page, Posted
from agent.model.facts import Facts, Value
from agent.model.hold import Replica
from agent.model.imported import Importing
from agent.model.past import Judged
from agent.model.pending import PendingAction
from agent.model.ruled import Ruled
from agent.model.session import Session

T = TypeVar("T")

LONG = 16_384
"""From how many bytes on a body is compressed: below it, compressing costs more than writing saves."""


class Boxed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value that JSON has no form for."""

    moment: datetime | None = None
    real: str | None = None


Stored = str | int | float | bool | frozenset[str] | Boxed


class StoredFacts(Facts, frozen=True, kw_only=True):
    """Facts whose values JSON can hold."""

    values: Mapping[str, Stored]  # type: ignore[assignment]  # stands in for Facts only while stored
    messages: tuple[Mapping[str, Stored], ...] | None = None  # type: ignore[assignment]


class StoredDecision(Decision, frozen=True, kw_only=True):
    """A decision whose facts JSON can hold."""

    facts: StoredFacts


class StoredRuled(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a decision's body to tell of it; its facts are passed over."""

    verb: Verb
    policies: tuple[str, ...]
    reason: str
    guard: str | None = None
    answered: tuple[Answered, ...] = ()
    lapsed: Lapse | None = None


class StoredJudged(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a decision's body to judge again; its words are passed over."""

    verb: Verb
    policies: tuple[str, ...]
    facts: StoredFacts
    grounds: str
    revision: str
    guard: str | None = None
    weighed: tuple[Weighed, ...] = ()
    held: tuple[Guarded, ...] = ()
    git: str = ""
    answered: tuple[Answered, ...] = ()
    lapsed: Lapse | None = None


class StoredOfFacts(msgspec.Struct, frozen=True):
    """What is read of a decision's body to know what was known then; all else is passed over."""

    facts: StoredFacts


class StoredReason(msgspec.Struct, frozen=True):
    """What is read of a decision's body to say why; all else is passed over."""

    reason: str
    shadow: Ruling | None = None


class Notes(msgspec.Struct, frozen=True):
    """What a record says of itself."""

    confirmation: Confirmation
    why: str
    undone: Undone | None = None
    lapse: Lapse | None = None
    discounted: tuple[int, ...] = ()
    asked_since: datetime | None = None
    life: int = 0
    worked_before: datetime | None = None


StoredBare = msgspec.defstruct(
    "StoredBare",
    [
        (one.name, one.type) if one.required else (one.name, one.type, one.default)
        for one in msgspec.structs.fields(Decision)
        if one.name not in {"facts", "findings"}
    ],
    frozen=True,
    kw_only=True,
)
"""What is read of a decision's body to tell it in short; facts and findings, by far the most of it, are passed over."""

_encoder = msgspec.json.Encoder(order="deterministic")
_actions = msgspec.json.Decoder(PendingAction)
_decisions = msgspec.json.Decoder(StoredDecision)
_bare = msgspec.json.Decoder(StoredBare)
_of_facts = msgspec.json.Decoder(StoredOfFacts)
_reasons = msgspec.json.Decoder(StoredReason)
_judged = msgspec.json.Decoder(StoredJudged)
_ruled = msgspec.json.Decoder(StoredRuled)
_plans = msgspec.json.Decoder(Plan)
_notes = msgspec.json.Decoder(Notes)
_replicas = msgspec.json.Decoder(Replica)
_air_actions = msgspec.json.Decoder(AirAction)
_pages = msgspec.json.Decoder(Page)
_posted = msgspec.json.Decoder(Posted)
_answers = msgspec.json.Decoder(Answer)
_sessions = msgspec.json.Decoder(Session)
_importing = msgspec.json.Decoder(Importing)
_pairs = msgspec.json.Decoder(tuple[Pair, ...])
_texts = msgspec.json.Decoder(tuple[str, ...])
_files = msgspec.json.Decoder(dict[str, bytes])


def digest(body: bytes) -> str:
    """Return what two bodies share exactly if they are the same."""
    return blake2b(body, digest_size=16).hexdigest()


def pack(body: bytes) -> bytes:
    """Return the body as it is stored: compressed where it is long."""
    return body if len(body) < LONG else zlib.compress(body, 1)


Noun = PendingAction | Plan | Notes | Replica | AirAction | Page | Posted | Answer | Session | Importing


def write(noun: Noun | tuple[Pair, ...]) -> bytes:
    """Return the noun as it is stored."""
    return pack(_encoder.encode(noun))


def write_decision(decision: Decision) -> bytes:
    """Return the decision's body, not compressed yet."""
    facts = decision.facts
    stored = StoredFacts(
        now=facts.now,
        values=_boxed(facts.values),
        messages=None if facts.messages is None else tuple(map(_boxed, facts.messages)),
        messages_complete=facts.messages_complete,
        unresolved=facts.unresolved,
        vocabulary=facts.vocabulary,
    )
    return _encoder.encode(StoredDecision(**_fields(decision, but="facts"), facts=stored))


def read_decision(body: bytes) -> Decision:
    """Return the decision that was written."""
    stored = _read(_decisions, body)
    return Decision(**_fields(stored, but="facts"), facts=_facts(stored.facts))


def read_ruled(body: bytes, number: int, at: datetime) -> Ruled:
    """Return the decision that was written, without its facts."""
    stored = _read(_ruled, body)
    return Ruled(
        number=number,
        at=at,
        verb=stored.verb,
        policies=stored.policies,
        reason=stored.reason,
        guard=stored.guard,
        answered=stored.answered,
        lapsed=stored.lapsed,
    )


def read_judged(body: bytes, action_id: str, number: int, at: datetime) -> Judged:
    """Return the decision that was written, without its words."""
    stored = _read(_judged, body)
    return Judged(
        action_id=action_id,
        number=number,
        at=at,
        verb=stored.verb,
        guard=stored.guard,
        policies=stored.policies,
        facts=_facts(stored.facts),
        weighed=stored.weighed,
        held=stored.held,
        grounds=stored.grounds,
        revision=stored.revision,
        git=stored.git,
        is_of_policies=not stored.answered and stored.lapsed is None,
    )


def _facts(stored: StoredFacts) -> Facts:
    return Facts(
        now=stored.now,
        values=_unboxed(stored.values),
        messages=None if stored.messages is None else tuple(map(_unboxed, stored.messages)),
        messages_complete=stored.messages_complete,
        unresolved=stored.unresolved,
        vocabulary=stored.vocabulary,
    )


def read_bare(body: bytes) -> Decision:
    """Return the decision that was written, without its facts and findings."""
    stored = _read(_bare, body)
    told = {name: getattr(stored, name) for name in stored.__struct_fields__}
    return Decision(**told, facts=Facts(now=told["at"], values={}), findings=())


def read_facts(body: bytes) -> Facts:
    """Return the facts of the decision that was written."""
    return _facts(_read(_of_facts, body).facts)


def read_reason(body: bytes, *, would: bool = False) -> str:
    """Return the reason of the decision that was written; with `would`, of what would have been decided where it has that."""
    found = _read(_reasons, body)
    return found.shadow.reason if would and found.shadow is not None else found.reason


def read_action(body: bytes) -> PendingAction:
    """Return the pending action that was written."""
    return _read(_actions, body)


def read_plan(body: bytes) -> Plan:
    """Return the plan that was written."""
    return _read(_plans, body)


def read_notes(body: bytes) -> Notes:
    """Return the notes that were written."""
    return _read(_notes, body)


def read_replica(body: bytes) -> Replica:
    """Return what a replica said of itself."""
    return _read(_replicas, body)


def read_air_action(body: bytes) -> AirAction:
    """Return the action of an investigation that was written."""
    return _read(_air_actions, body)


def read_page(body: bytes) -> Page:
    """Return the page that was written."""
    return _read(_pages, body)


def read_posted(body: bytes) -> Posted:
    """Return the notice that was written, and how its delivery stood."""
    return _read(_posted, body)


def read_answer(body: bytes) -> Answer:
    """Return the answer that was written."""
    return _read(_answers, body)


def read_session(body: bytes) -> Session:
    """Return the session that was written."""
    return _read(_sessions, body)


def read_importing(body: bytes) -> Importing:
    """Return how far an import had come."""
    return _read(_importing, body)


def read_targets(body: bytes) -> tuple[Pair, ...]:
    """Return the targets that were written."""
    return _read(_pairs, body)


def write_texts(texts: tuple[str, ...]) -> bytes:
    """Return texts as they are stored."""
    return pack(_encoder.encode(texts))


def read_texts(body: bytes) -> tuple[str, ...]:
    """Return the texts that were written."""
    return _read(_texts, body)


def write_files(files: Mapping[str, bytes]) -> bytes:
    """Return files as they are stored: their bytes by their paths."""
    return pack(_encoder.encode(files))


def read_files(body: bytes) -> Mapping[str, bytes]:
    """Return the files that were written."""
    return _read(_files, body)


def _read(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    try:
        return decoder.decode(zlib.decompress(body) if body[:1] == b"x" else body)
    except (msgspec.DecodeError, zlib.error) as error:
        raise LedgerError(
            "ledger: an entry cannot be read: it is damaged or was written by another version: "
            "restore a backup, or run the version that wrote it"
        ) from error


def _fields(decision: Decision, *, but: str) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in Decision.__struct_fields__ if name != but}


def _boxed(values: Mapping[str, Value]) -> dict[str, Stored]:
    return {name: _box(value) for name, value in values.items()}


def _box(value: Value) -> Stored:
    if isinstance(value, datetime):
        return Boxed(moment=value)
    if isinstance(value, float) and not math.isfinite(value):
        return Boxed(real=repr(value))
    return value


def _unboxed(values: Mapping[str, Stored]) -> dict[str, Value]:
    return {name: _unbox(value) if isinstance(value, Boxed) else value for name, value in values.items()}


def _unbox(value: Boxed) -> Value:
    return float(value.real or "nan") if value.moment is None else value.moment
