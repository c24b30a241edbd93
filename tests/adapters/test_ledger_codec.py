"""Nouns -> bodies -> the same nouns."""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.adapters.ledger import codec
from agent.adapters.ledger.columns import Key, Moment
from agent.model.decision import Decision
from agent.model.enactment import Plan, Record
from agent.model.errors import LedgerError
from agent.model.facts import Facts, Value
from agent.model.pending import PendingAction
from tests.adapters.records import NOW, a_decision, an_action

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "\0", "a\0b", "\\", "2026-11-02T09:00:00Z", "\U0001f4e7", "\u202e", "\x1b[2J", "true", "1e5"]
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))])
MOMENTS = st.datetimes(timezones=ZONES, min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1))  # noqa: DTZ001
INTEGERS = st.integers() | st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**40])
VALUES: st.SearchStrategy[Value] = (
    TEXTS | INTEGERS | st.floats(allow_nan=False) | st.booleans() | MOMENTS | st.frozensets(TEXTS, max_size=3)
)
NAMES = st.dictionaries(TEXTS, VALUES, max_size=5)
FACTS = st.builds(
    Facts,
    now=MOMENTS,
    values=NAMES,
    messages=st.none() | st.lists(NAMES, max_size=3).map(tuple),
    messages_complete=st.booleans(),
    unresolved=TEXTS,
    vocabulary=st.integers(1, 9),
)


@cache
def any_of(shape: Any) -> st.SearchStrategy[Any]:
    """Give every value that a field of this type may have."""
    known = {
        str: TEXTS,
        datetime: MOMENTS,
        int: INTEGERS,
        bool: st.booleans(),
        timedelta: st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=3650)),
        Facts: FACTS,
        type(None): st.none(),
    }
    if shape in known:
        return known[shape]
    if get_origin(shape) in (Union, UnionType):
        return st.one_of(*(any_of(part) for part in get_args(shape)))
    if get_origin(shape) is tuple:
        parts = get_args(shape)
        if parts[-1] is Ellipsis:
            return st.lists(any_of(parts[0]), max_size=2).map(tuple)
        return st.tuples(*(any_of(part) for part in parts))
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        fields = msgspec.structs.fields(shape)
        return st.builds(shape, **{field.name: any_of(field.type) for field in fields})
    return st.sampled_from(list(shape))


@settings(max_examples=60, deadline=None)
@given(any_of(Decision))
def test_every_decision_comes_back(decision: Decision) -> None:
    back = codec.read_decision(codec.pack(codec.write_decision(decision)))

    assert back == decision
    assert types_of(back.facts.values) == types_of(decision.facts.values)


@settings(max_examples=60, deadline=None)
@given(any_of(Record))
def test_every_record_comes_back(record: Record) -> None:
    notes = codec.read_notes(codec.write(codec.Notes(record.confirmation, record.why)))

    assert codec.read_action(codec.write(record.action)) == record.action
    assert (notes.confirmation, notes.why) == (record.confirmation, record.why)
    if record.plan is not None:
        assert codec.read_plan(codec.write(record.plan)) == record.plan


def types_of(values: Mapping[str, Value]) -> dict[str, type]:
    """True equals 1 and 1 equals 1.0: equality alone would not see them exchanged."""
    return {name: type(value) for name, value in values.items()}


@given(VALUES)
def test_every_fact_keeps_its_type(value: Value) -> None:
    decision = a_decision(an_action(), values={"fact": value})

    back = codec.read_decision(codec.write_decision(decision))

    assert back.facts.values == {"fact": value}
    assert isinstance(back.facts.values["fact"], type(value))


@given(st.permutations(["a", "b", "c", "d", "e"]))
def test_the_order_of_facts_and_sets_does_not_change_the_digest(names: list[str]) -> None:
    values: Mapping[str, Value] = {**dict.fromkeys(names, 1), "set": frozenset(names)}
    same: dict[str, Value] = {"set": frozenset("abcde"), "e": 1, "d": 1, "c": 1, "b": 1, "a": 1}

    body = codec.write_decision(a_decision(an_action(), values=values))

    assert codec.digest(body) == codec.digest(codec.write_decision(a_decision(an_action(), values=same)))


def test_another_fact_changes_the_digest() -> None:
    one = codec.write_decision(a_decision(an_action(), values={"fact": True}))
    other = codec.write_decision(a_decision(an_action(), values={"fact": 1}))

    assert codec.digest(one) != codec.digest(other)


def test_a_short_body_is_json_that_people_can_read() -> None:
    body = codec.write(an_action())

    assert json.loads(body)["key"] == "cluster-1"


@pytest.mark.parametrize(("spare", "is_compressed"), [(1, False), (0, True)])
def test_a_body_is_compressed_from_a_length_on(spare: int, is_compressed: bool) -> None:
    body = b'"' + b"a" * (codec.LONG - 2 - spare) + b'"'

    packed = codec.pack(body)

    assert packed.startswith(b"x") == is_compressed
    assert (zlib.decompress(packed) if is_compressed else packed) == body


def test_a_large_cluster_takes_a_fraction_of_its_json() -> None:
    action = an_action(messages=12_000)

    body = codec.write(action)

    assert len(body) < 60_000
    assert codec.read_action(body) == action


@pytest.mark.parametrize("body", [b"", b"{}", b"xyz", b'{"key": "cut off', zlib.compress(b"{")])
def test_a_damaged_body_is_said_to_be_damaged(body: bytes) -> None:
    with pytest.raises(LedgerError, match="cannot be read"):
        codec.read_action(body)


def test_what_a_newer_version_adds_is_passed_over() -> None:
    body = codec.write(an_action())

    assert codec.read_action(body[:-1] + b',"somethingNew":1}') == an_action()


@given(TEXTS | st.text(st.sampled_from("\0\\0a"), max_size=8))
def test_a_key_is_escaped_without_loss(text: str) -> None:
    stored = Key().process_bind_param(text, None)  # type: ignore[arg-type]

    assert stored is not None
    assert "\0" not in stored
    assert Key().process_result_value(stored, None) == text  # type: ignore[arg-type]


@given(st.text(st.sampled_from("\0\\0a"), max_size=8), st.text(st.sampled_from("\0\\0a"), max_size=8))
def test_two_keys_are_never_stored_alike(one: str, other: str) -> None:
    stored = [Key().process_bind_param(text, None) for text in (one, other)]  # type: ignore[arg-type]

    assert (stored[0] == stored[1]) == (one == other)


@given(MOMENTS, MOMENTS)
def test_moments_are_stored_in_their_order_and_without_loss(one: datetime, other: datetime) -> None:
    first, second = (Moment().process_bind_param(moment, None) for moment in (one, other))  # type: ignore[arg-type]

    assert first is not None
    assert second is not None
    assert (first < second) == (one < other)
    assert Moment().process_result_value(first, None) == one  # type: ignore[arg-type]


def test_a_moment_without_a_zone_is_a_bug() -> None:
    with pytest.raises(TypeError):
        Moment().process_bind_param(NOW.replace(tzinfo=None), None)  # type: ignore[arg-type]


def test_strategies_reach_every_kind_of_evidence() -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(PendingAction)}

    assert len(get_args(fields["evidence"])) == 13
    assert Plan in get_args({field.name: field.type for field in msgspec.structs.fields(Record)}["plan"])
