"""Values are compared as DNS and people compare them, and two domains of two owners are never one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Contoso.EXAMPLE", "contoso.example"),
        ("contoso.example.", "contoso.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "XN--BCHER-KVA.EXAMPLE"),
        ("ｐartner.example", "partner.example"),
        ("partner。example", "partner.example"),
        ("bu\u0308cher.example", "b\u00fccher.example"),
    ],
)
def test_spellings_of_one_domain(one: str, other: str) -> None:
    assert fold.domain(one) == fold.domain(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße.example", "strasse.example"),
        ("xn--strae-oqa.example", "strasse.example"),
        ("pаrtner.example", "partner.example"),
        ("xn--prtner-4ve.example", "partner.example"),
        ("a.example", "aa.example"),
        ("xn--contoso-.example", "contoso.example"),
        ("xn--contoso-.example", "contoso"),
        ("xn--BCHER-KVA0.example", "b\u00fccher.example"),
        ("xn--a.b-hva.example", "a.b\u00fc.example"),
    ],
)
def test_domains_of_different_owners_stay_apart(one: str, other: str) -> None:
    assert fold.domain(one) != fold.domain(other)


@pytest.mark.parametrize(
    "broken", ["xn--\u00e9.example", "xn--99999999999.example", "xn--.example", "..", ""]
)
def test_broken_domains_are_compared_as_they_are(broken: str) -> None:
    assert isinstance(fold.domain(broken), str)


def test_an_address_is_folded_on_both_sides_of_the_at() -> None:
    assert fold.address("Anna.Berg@BÜCHER.example") == "anna.berg@bücher.example"


@given(st.text(st.characters(codec="utf-8", exclude_characters="."), min_size=1, max_size=12))
def test_punycode_of_anything_is_that_label_or_stays_as_it_is(label: str) -> None:
    written = f"xn--{label.encode('punycode').decode()}".lower()

    assert fold.domain(written) in {fold.domain(label), written.removesuffix(".")}


@pytest.mark.parametrize(
    "label", ["contoso", "a-b", "\uff43ontoso", "B\u00dcCHER", "bu\u0308cher", "a\u3002\u00fc"]
)
def test_punycode_of_what_dns_would_not_have_in_that_form_is_another_domain(label: str) -> None:
    written = f"xn--{label.encode('punycode').decode()}".lower()

    assert fold.domain(f"{written}.example") == f"{written}.example"


def test_an_ipv4_address_mapped_into_ipv6_is_an_ipv4_address() -> None:
    assert fold.ip("::FFFF:192.0.2.7") == "192.0.2.7"


@pytest.mark.parametrize(
    "odd", ["nowhere", "192.0.2.001", "192.0.2", "3221225985", "", "192.0.2.1/32", "[::1]"]
)
def test_what_is_no_ip_address_has_no_form(odd: str) -> None:
    assert fold.ip(odd) is None
