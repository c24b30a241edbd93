"""The same entry gives the same bytes, and other entries other macs."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.audit import chain
from agent.model.audit import Head
from tests.audit.chains import KEY, NOW, SALT, TENANT, an_entry

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
DETAILS = st.dictionaries(WORDS, st.one_of(WORDS, st.integers(-(2**53), 2**53), st.booleans(), st.none()))
CHAIN, VALUES, SEAL = KEY.of_chain(TENANT, "a"), KEY.of_values(TENANT), KEY.of_anchors(TENANT)


@given(DETAILS)
def test_an_entry_gives_the_same_bytes_whatever_the_order_of_its_details(detail: dict[str, object]) -> None:
    entry = replace(an_entry(), detail=detail)
    turned = replace(entry, detail=dict(reversed(detail.items())))

    body = chain.body(entry, {})

    assert body == chain.body(turned, {})
    assert chain.read_body(body).detail == detail


@given(st.binary(min_size=32, max_size=32), st.integers(1, 2**62), st.binary(max_size=40))
def test_a_mac_covers_what_came_before_the_number_and_the_body(
    previous: bytes, number: int, body: bytes
) -> None:
    whole = chain.mac(CHAIN, previous, number, body)

    others = {
        chain.mac(CHAIN, previous[::-1] + b"", number, body + b" "),
        chain.mac(CHAIN, previous, number + 1, body),
        chain.mac(CHAIN, bytes(32) if any(previous) else bytes([1] * 32), number, body),
        chain.mac(KEY.of_chain(TENANT, "b"), previous, number, body),
    }

    assert whole not in others
    assert whole == chain.mac(CHAIN, previous, number, body)


@given(WORDS, WORDS)
def test_a_digest_of_a_value_does_not_show_it(name: str, value: str) -> None:
    digest = chain.value_digest(VALUES, SALT, name, value)

    assert digest != chain.value_digest(VALUES, SALT[::-1], name, value)
    assert digest != chain.value_digest(VALUES, SALT, name, value + "x")
    assert digest != chain.value_digest(CHAIN, SALT, name, value)
    assert len(digest) == 64


def test_an_anchor_that_was_changed_is_not_ours() -> None:
    anchor = chain.anchored(SEAL, TENANT, Head(replica="a", number=7, mac=bytes(32)), NOW)

    assert chain.is_ours(SEAL, anchor)
    assert not chain.is_ours(SEAL, replace(anchor, number=6))
    assert not chain.is_ours(SEAL, replace(anchor, at=NOW + timedelta(seconds=1)))
    assert not chain.is_ours(SEAL, replace(anchor, seal="é"))
    assert not chain.is_ours(KEY.of_anchors("another"), anchor)


def test_a_moment_is_kept_to_the_microsecond() -> None:
    moment = NOW + timedelta(microseconds=1)

    assert chain.moment_of(chain.micros(moment)) == moment
    assert chain.moment_of(2**62) is None
    assert chain.moment_of("yesterday") is None
