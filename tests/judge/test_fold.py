"""Values are compared as DNS and people compare them, and two domains of two owners are never one."""

import pytest

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


def test_an_ipv4_address_mapped_into_ipv6_is_an_ipv4_address() -> None:
    assert fold.ip("::FFFF:192.0.2.7") == "192.0.2.7"
    assert fold.ip("nowhere") == "nowhere"
