"""Every text gets another of the same shape, the same text the same one, and no two texts share one."""

import re
import string
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scrub.pseudonyms import Pseudonyms
from agent.scrub.shapes import Shapes

GUID = "12345678-ABCD-4123-8123-123456789abc"


@pytest.fixture
def shapes() -> Shapes:
    return Shapes(Pseudonyms())


@pytest.mark.parametrize(
    ("text", "like"),
    [
        (GUID, "00000000-0000-4000-8000-000000000001"),
        (f"fa{GUID}", "fa00000000-0000-4000-8000-000000000001"),
        ("924518", "1900000001"),
        ("anna@contoso.example", "user1@domain1.example"),
        ("anna_partner.example#EXT#@contoso.onmicrosoft.com", "user1@sub1.domain1.example"),
        ("contoso.com", "domain1.example"),
        ("xn--mnchen-3ya.de", "domain1.example"),
        ("münchen.de", "domain1.example"),
        ("https://login.contoso.com/a/b?c=d#e", "https://sub1.domain1.example/path1"),
        ("HTTP://contoso.com", "http://domain1.example"),
        ("http://contoso.com/", "http://domain1.example/"),
        ("https://user:password@contoso.com/", "https://domain1.example/path1"),
        ("https://contoso.com:8443/", "https://domain1.example/path1"),
        ("https://10.1.2.3/x", "https://192.0.2.1/path1"),
        ("https://[2001:4860::1]/x", "https://[2001:db8::1]/path1"),
        ("teams://contoso.com/", "other://domain1.example/path1"),
        ("10.1.2.3", "192.0.2.1"),
        ("2001:4860:4860::8888", "2001:db8::1"),
        ("a" * 64, "0" * 63 + "1"),
        ("B" * 40, "0" * 39 + "1"),
        ("S-1-5-21-1004336348-1177238915-682003330-512", "S-1-5-21-0-0-0-1"),
        ("Contract of Anna.docx", "file1.docx"),
        (r"C:\Users\anna\Contract.docx", r"C:\part1\part2\file1.docx"),
        (r"\\server\share\anna", r"\\part1\part2\part3"),
        ("/home/anna/x.sh", "/part1/part2/file1.sh"),
        (r"CONTOSO\anna", r"part1\part2"),
        ("2020-02-03T04:05:06Z", "1970-01-01T00:00:01.0000001Z"),
        ("Re: your salary, Anna", "text 1"),
        ("anna.berg", "domain1.example"),
        ("laptop-17", "sub1"),
        ("Invoice", "text 1"),
        ("SMTP:anna@contoso.example", "SMTP:user1@domain1.example"),
        ("https://", "text 1"),
        ("ends with\n", "text 1\n"),
        (" anna@contoso.example ", " user1@domain1.example "),
        ("", ""),
        (" \t", " \t"),
    ],
)
def test_a_text_becomes_another_of_its_shape(shapes: Shapes, text: str, like: str) -> None:
    assert shapes.like(text) == like


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@Contoso.Example", "anna@contoso.example"),
        (GUID.lower(), GUID.upper()),
        ("ABCDEF00" * 8, "abcdef00" * 8),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        (r"c:\users\ANNA", r"c:\Users\anna"),
        ("Mail.Contoso.Com", "mail.contoso.com"),
    ],
)
def test_what_differs_in_case_or_spelling_only_is_the_same(shapes: Shapes, one: str, other: str) -> None:
    assert shapes.like(one).lower() == shapes.like(other).lower()


def test_a_guid_is_the_same_with_the_letters_of_an_alert_before_it_and_without(shapes: Shapes) -> None:
    assert shapes.like(f"fa{GUID}") == "fa" + shapes.like(GUID)


def test_a_number_is_the_same_as_of_its_digits_as_text(shapes: Shapes) -> None:
    assert shapes.number("924518") == shapes.like("924518")


@pytest.mark.parametrize(
    ("number", "is_whole"), [("17", True), ("-17", True), ("1.5", False), ("2e9", False)]
)
def test_a_number_stays_whole_where_it_was(shapes: Shapes, number: str, is_whole: bool) -> None:
    assert shapes.number(number).isdigit() is is_whole


labels = st.text(string.ascii_lowercase, min_size=1, max_size=3)
domains = st.lists(labels, min_size=2, max_size=5).map(lambda parts: ".".join([*parts, "com"]))


@given(st.lists(domains, min_size=2, max_size=8))
def test_a_domain_lies_below_another_exactly_where_it_did(some: list[str]) -> None:
    shapes = Shapes(Pseudonyms())

    like = {domain: shapes.like(domain) for domain in some}

    for one in some:
        for other in some:
            assert like[one].endswith(f".{like[other]}") is one.endswith(f".{other}")


@given(st.lists(domains, min_size=1, max_size=4))
def test_an_address_is_in_the_domain_of_its_domain(some: list[str]) -> None:
    shapes = Shapes(Pseudonyms())

    assert all(shapes.like(f"anna@{one}").partition("@")[2] == shapes.like(one) for one in some)


def test_addresses_of_the_network_are_nobodys_and_enough_for_everybody() -> None:
    names = Pseudonyms()
    nobodys = [
        ip_network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")
    ]

    made_up = [names.ip(ip_address(0x0B000000 + number)) for number in range(2_000)]

    assert len(set(made_up)) == 2_000
    assert all(any(ip_address(one) in block for block in nobodys) for one in made_up)
    assert ip_address(made_up[761]) in nobodys[2]
    assert ip_address(made_up[762]) in nobodys[3]


texts = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"[a-z]{1,3}@[a-z]{1,3}\.(com|net)", fullmatch=True),
    st.from_regex(r"https?://[a-z]{1,3}\.com(:\d{1,2})?(/[a-z]{0,2})?", fullmatch=True),
    st.from_regex(r"[A-D]:(\\[a-c]{1,2}){1,3}(\.exe)?", fullmatch=True),
    st.from_regex(r"\d{1,4}", fullmatch=True),
    st.from_regex(r"(\d{1,2}\.){3}\d{1,2}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    domains,
)


def compared(text: str) -> str:
    """Return the text as Defender and the agent compare it, for what is the same in any case and spelling."""
    folded = text.strip().rstrip(".").lower()
    try:
        return ip_address(folded).compressed
    except ValueError:
        return folded


@given(st.lists(texts, min_size=2, max_size=12))
def test_the_same_text_gets_the_same_and_another_gets_another(some: list[str]) -> None:
    shapes = Shapes(Pseudonyms())

    like = {text: shapes.like(text) for text in some}

    assert {text: shapes.like(text) for text in some} == like
    for one in some:
        for other in some:
            if compared(one) != compared(other):
                assert like[one] != like[other], (one, other)


@given(texts)
def test_nothing_of_a_text_is_left(text: str) -> None:
    marked = f"qzx{text}qzx"

    assert "qzx" not in Shapes(Pseudonyms()).like(marked)


@given(st.lists(texts, min_size=1, max_size=6))
def test_a_token_has_nothing_that_ends_one(some: list[str]) -> None:
    shapes = Shapes(Pseudonyms())

    assert not [one for one in some if one.strip() and re.search(r"[\s\"'();]", shapes.token(one))]


def test_a_device_is_named_as_in_its_domain(shapes: Shapes) -> None:
    assert shapes.like("LAPTOP-17.contoso.com") == shapes.like("laptop-17") + "." + shapes.like("contoso.com")
