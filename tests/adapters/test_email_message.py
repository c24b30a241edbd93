"""Mail about notices, read as a mail program reads it."""

import re
import unicodedata
from email.message import EmailMessage
from functools import cache
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.channels.email.message import MOST_REFERENCES, message_of
from agent.adapters.channels.email.text import INSET, WIDTH
from agent.adapters.channels.email.words import unlinked
from agent.model.chain import Urgency
from agent.model.errors import Refused
from agent.model.escalation import MOST_ITEMS, Attached, Delivery, Need, Notice, Occasion, Posted
from tests.adapters.hostile import AT, HOSTILE, item, notice, notices
from tests.adapters.mails import CHIEF, LEAD, SENDER, Page, a_channel, html_in, mail, page_in, text_in

LINK = "https://security.microsoft.com/incidents/42"
MOST_BYTES = 160_000
"""What a mail of the largest notice may have in transport; Graph takes 4 MB."""

MOST_PAGE_BYTES = 100_000
"""What its HTML may have: Gmail hides what comes after 102 KB."""

LINKED = re.compile(
    r"""[^\s\[\].]\.[^\s\[\].]            # evil.com
      | [^\s\[\]]@\S | (?<!\[)@[^\s\]]    # somebody@evil, @here
      | [^\W\d]:\S                        # a scheme
      | (?<!\w)\d{7,}                     # a telephone number
      | \bhttps?:
      | \\\\[^\s\]]                       # \\evil\share""",
    re.VERBOSE | re.IGNORECASE,
)
"""What a mail program makes a link of, or a telephone offers to call."""

OWN_SHAPE = {
    "html": {"lang"},
    "head": set(),
    "meta": {"charset", "name", "content"},
    "title": set(),
    "body": {"style"},
    "table": {"role", "cellpadding", "cellspacing", "border", "width", "style"},
    "tr": set(),
    "td": {"style", "align", "bgcolor"},
    "a": {"href", "style"},
}
"""The elements a mail's HTML may have, with their attributes: nothing that fetches or runs."""


def a_notice(**more: object) -> Notice:
    said: dict[str, object] = {
        "items": (
            item("12 messages from billing@evil.example", number=1),
            msgspec.structs.replace(item(number=2), need=Need.HAND, amount=1, approvers=0),
        ),
        "total": 2,
        "amount": 13,
        "link": LINK,
        "title": "Incident 42: 2 actions wait for an answer",
        "words": "No policy settles them. Defender lets them expire on 2026-08-25 12:00 UTC.",
    }
    return msgspec.structs.replace(notice(), **said | more)


def posted(number: int, **more: object) -> Posted:
    return Posted(notice=a_notice(id=f"earlier-{number}", **more), delivery=Delivery.SENT)


def own_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(INSET)]


def test_the_headers_say_who_what_and_that_no_machine_is_to_answer() -> None:
    message = mail(a_notice())

    assert message["From"] == f"air-agent <{SENDER}>"
    assert message["To"] == f"{LEAD}, {CHIEF}"
    assert message["Subject"] == (
        "[air-agent] People are needed: 2 actions: Incident 42: 2 actions wait for an answer"
    )
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
    assert message["Importance"] == "high"


@pytest.mark.parametrize(
    ("urgency", "occasion", "said"),
    [
        (Urgency.HIGH, Occasion.PAGE, "high"),
        (Urgency.NORMAL, Occasion.PAGE, None),
        (Urgency.LOW, Occasion.DIGEST, None),
        (Urgency.NORMAL, Occasion.LAST_CHANCE, "high"),
    ],
)
def test_only_what_is_urgent_is_marked_so(urgency: Urgency, occasion: Occasion, said: str | None) -> None:
    message = mail(a_notice(urgency=urgency, occasion=occasion))

    assert message["Importance"] == said


def test_the_plain_text_says_exactly_this() -> None:
    text = text_in(mail(a_notice()))

    assert (
        text
        == """\
People are needed: 2 actions
    Incident 42: 2 actions wait for an answer

    No policy settles them. Defender lets them expire on 2026-08-25 12:00
    UTC.

Look and answer here:
https://security.microsoft.com/incidents/42

Targets: 13
Decide before: 2026-08-25 12:00 UTC (in 5 days)
Chain: secops, step 1
Urgency: high

1. 12 messages from billing[@]evil[.]example
answer: approve or reject, 12 targets, before 2026-08-25 12:00 UTC (in 5
days), incident 12 messages from billing[@]evil[.]example
    12 messages from billing[@]evil[.]example
    12 messages from billing[@]evil[.]example

2. soft delete of a mail cluster
decide in Defender, before 2026-08-25 12:00 UTC (in 5 days), incident 42
    12 messages, subject “invoice”
    no policy settles it

--\N{SPACE}
Sent by air-agent through its channel here. Nobody reads what is answered to
this address, and answering a mail approves nothing.
Brackets, as in evil[.]example, are put in by the agent: foreign names must
not become links.
"""
    )


def test_the_page_says_the_same_as_the_text() -> None:
    message = mail(a_notice())

    text, page = " ".join(text_in(message).split()), page_in(message)

    for said in page.texts[1:]:
        assert " ".join(said.removesuffix(":").split()) in text
    assert page.texts.count("Look and answer here") == 1
    assert page.links == [LINK]


def test_the_text_comes_before_the_page_and_nothing_else_does() -> None:
    message = mail(a_notice())

    kinds = [part.get_content_type() for part in message.walk()]

    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    ("occasion", "call"),
    [
        (Occasion.PAGE, "Look and answer here"),
        (Occasion.LAST_CHANCE, "Look and answer here"),
        (Occasion.RESOLVED, "Look here"),
        (Occasion.INFORM, "Look here"),
        (Occasion.TEST, "Look here"),
    ],
)
def test_only_where_an_answer_is_asked_for_is_the_link_to_answer_by(occasion: Occasion, call: str) -> None:
    message = mail(a_notice(occasion=occasion))

    assert f"{call}:\n{LINK}\n" in text_in(message)
    assert call in page_in(message).texts


@pytest.mark.parametrize(
    "link", [None, "javascript:alert(1)", "http://evil.example/", 'https://x.example/"x']
)
def test_without_a_link_that_can_be_used_there_is_none(link: str | None) -> None:
    message = mail(a_notice(link=link))

    assert "here:" not in text_in(message)
    assert page_in(message).links == []


def test_little_is_said_where_there_is_little_to_say() -> None:
    bare = a_notice(
        items=(),
        total=0,
        amount=0,
        deadline=None,
        link=None,
        words="",
        title="",
        chain="",
        urgency=Urgency.NORMAL,
    )

    message = mail(bare)

    assert text_in(message).startswith("People are needed\n\n-- \n")
    assert page_in(message).texts[:2] == ["People are needed", "People are needed"]
    assert message["Subject"] == "[air-agent] People are needed"


@pytest.mark.parametrize(
    ("count", "amount"), [(1, 1), (1, 10_000), (MOST_ITEMS, 10_000), (MOST_ITEMS, 1_000_000)]
)
def test_a_mail_is_of_bounded_size_at_any_size_of_incident(count: int, amount: int) -> None:
    items = tuple(
        msgspec.structs.replace(item("😀é\u202e" * 4_000, number=number), amount=amount)
        for number in range(count)
    )
    large = a_notice(items=items, total=amount, amount=amount, title="é" * 9_000, words="日" * 9_000)

    message = message_of(a_channel(), large, [posted(number) for number in range(50)])

    raw = message.as_bytes()
    assert len(raw) < MOST_BYTES
    assert len(html_in(mail(large)).encode()) < MOST_PAGE_BYTES
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    if amount > count:
        assert f"and {amount - count:,} more action" in " ".join(text_in(mail(large)).split())


@pytest.mark.parametrize(("text", "carrying"), list(notices()), ids=lambda one: ascii(one)[:24])
def test_nothing_foreign_becomes_a_link_a_header_or_a_line_of_ours(text: str, carrying: Notice) -> None:
    expected, found = _harmless(carrying.link), _read(mail(carrying))

    link = expected.page.links[0] if expected.page.links else None
    assert len(expected.page.links) <= 1
    assert found.names == expected.names
    assert found.headers == expected.headers
    assert not LINKED.search(found.subject)
    assert _is_one_plain_line(found.subject)
    _check_text(found.text, expected.text, link)
    _check_page(found.page, expected.page, link)


class Read(NamedTuple):
    """One mail, taken apart; `headers` are those that no text of a notice may change."""

    names: list[str]
    headers: dict[str, str]
    subject: str
    text: str
    page: Page


def _read(message: EmailMessage) -> Read:
    headers = {name: str(value) for name, value in message.items()}
    return Read(
        message.keys(), headers | {"Subject": ""}, headers["Subject"], text_in(message), page_in(message)
    )


@cache
def _harmless(link: str | None) -> Read:
    """Return the mail of the same notice with nothing hostile in it but the link."""
    words = msgspec.structs.replace(item("words"), incident_id="42")
    return _read(mail(msgspec.structs.replace(notice("words"), items=(words,) * 3, link=link)))


def _is_one_plain_line(text: str) -> bool:
    return all(letter.isprintable() or unicodedata.category(letter) == "Zs" for letter in text)


def _check_text(text: str, expected: str, link: str | None) -> None:
    assert all(_is_one_plain_line(line) for line in text.split("\n"))
    without = [line for line in text.splitlines() if line != link]
    assert not [line for line in without if LINKED.search(line)]
    assert all(len(line) <= WIDTH for line in without)
    marks = [line for line in own_lines(text) if re.match(r"[A-Z][A-Za-z ]*:", line)]
    assert marks == [line for line in own_lines(expected) if re.match(r"[A-Z][A-Za-z ]*:", line)]


def _check_page(page: Page, expected: Page, link: str | None) -> None:
    assert page.unbalanced == page.others == []
    assert all(OWN_SHAPE[tag].issuperset(attributes) for tag, attributes in page.tags)
    extra = [one for one in page.shape if one not in expected.shape]
    assert not [tag for tag, _ in extra if tag != "td"]
    assert page.links == ([link] if link else [])
    assert not [text for text in page.texts if LINKED.search(text)]


@given(st.text(max_size=200))
def test_no_text_at_all_becomes_a_link(text: str) -> None:
    found = unlinked(text, 120)

    assert not LINKED.search(found)
    assert _is_one_plain_line(found)


@given(st.text(alphabet="abc.:@/\\h tp1234567890-+()[]=?\t\n\u200b\u3002", max_size=60))
def test_no_text_of_what_links_are_made_of_becomes_one(text: str) -> None:
    assert not LINKED.search(unlinked(text, 200))


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("https://evil.example/pay?id=1", "hxxps[:]//evil[.]example/pay?id=1"),
        ("HTTP://EVIL.EXAMPLE", "HXXP[:]//EVIL[.]EXAMPLE"),
        ("mailto:ann@evil.example", "mailto[:]ann[@]evil[.]example"),
        ("evil\t.com", "evil\\u0009[.]com"),
        ("10.0.0.1", "10[.]0[.]0[.]1"),
        ("call +1 (800) 555-0199 now", "call [+]1[ (]800[) ]555[-]0199 now"),
        ("call 18005550199", "call 1800[]5550[]199"),
        ("call 1.800.555.0199", "call 1[.]800[.]555[.]0199"),
        ("call 555-019", "call 555-019"),
        ("before 2026-09-01 08:00 UTC", "before 2026-09-01 08:00 UTC"),
        ("1,000,000 messages", "1,000,000 messages"),
        ("73ca4154-58d8-43d0-a890-08dc18c52e6d", "73ca4154-58d8-43d0-a890-08dc18c52e6d"),
        ("A sentence. Another: with 3 words at 12:30.", "A sentence. Another: with 3 words at 12:30."),
    ],
)
def test_indicators_are_broken_as_analysts_break_them_and_nothing_else_is(foreign: str, shown: str) -> None:
    assert unlinked(foreign, 200) == shown


def test_what_is_long_is_cut_where_everybody_sees_it() -> None:
    assert unlinked("x" * 100, 90) == "x" * 90 + "…(+10)"


def test_an_encoded_word_in_a_title_stays_what_it_looks_like() -> None:
    message = mail(a_notice(title="=?utf-8?b?aHR0cHM6Ly9ldmlsLmV4YW1wbGU=?="))

    assert message["Subject"].endswith(": =[?]utf-8?b?aHR0cHM6Ly9ldmlsLmV4YW1wbGU=[?]=")


def test_a_subject_in_any_script_arrives_as_it_was_written() -> None:
    title = "Überfällige Rechnung – 請求書の件 – счёт №7 😀"

    message = mail(a_notice(title=title))

    assert message["Subject"].endswith(title)


def test_the_same_notice_is_the_same_message_byte_for_byte() -> None:
    first, again = (message_of(a_channel(), a_notice(), [posted(1)]).as_bytes() for _ in range(2))

    assert first == again


def test_other_notices_have_other_ids() -> None:
    ids = {str(mail(a_notice(id=name))["Message-ID"]) for name in ("n1", "n2", "n3\r\nX: y")}

    assert len(ids) == 3
    assert all(re.fullmatch(rf"<[0-9a-f]{{24}}@{SENDER.partition('@')[2]}>", one) for one in ids)


def test_mails_of_one_page_are_one_thread() -> None:
    first = mail(a_notice(id="earlier-1"))
    second = mail(a_notice(id="earlier-2", occasion=Occasion.WORSE, key="page-1:2"), [posted(1)])
    third = mail(a_notice(id="n", occasion=Occasion.RESOLVED), [posted(1), posted(2)])

    thread = first["References"]
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["References"].split() == [thread, first["Message-ID"]]
    assert third["In-Reply-To"] == second["Message-ID"]
    assert third["References"].split() == [thread, first["Message-ID"], second["Message-ID"]]


def test_mails_of_other_pages_are_other_threads() -> None:
    pages = ("page-1", "page-2", "")

    threads = {str(mail(a_notice(page_id=page, key="digest"))["References"]) for page in pages}

    assert len(threads) == len(pages)


def test_what_belongs_to_no_page_is_one_thread_by_its_key() -> None:
    first, second, other = (mail(a_notice(page_id="", id=key, key=key[:-1])) for key in ("a1", "a2", "b1"))

    assert first["References"] == second["References"]
    assert first["References"] != other["References"]


def test_a_notice_does_not_refer_to_itself() -> None:
    message = mail(a_notice(id="earlier-2"), [posted(1), posted(2)])

    assert message["Message-ID"] not in message["References"].split()


def test_a_long_thread_refers_to_its_name_and_the_newest() -> None:
    message = mail(a_notice(), [posted(number) for number in range(40)])

    references = message["References"].split()
    assert len(references) == 1 + MOST_REFERENCES
    assert references[0] == mail(a_notice())["References"]
    assert references[-1] == message["In-Reply-To"] == mail(a_notice(id="earlier-39"))["Message-ID"]


@pytest.mark.parametrize(
    "domain", ["a" * 63 + ".example", ".".join(["abcdefgh"] * 20), "x.de", "münchen.example"]
)
def test_ids_are_whole_for_every_domain(domain: str) -> None:
    channel = a_channel(sender=f"agent@{domain}")

    message = mail(a_notice(), [posted(1)], channel)

    raw = message_of(channel, a_notice(), [posted(1)]).as_bytes()
    headers = raw.partition(b"\r\n\r\n")[0]
    assert (
        b"=?" not in headers.replace(b"=?utf-8?q?", b"", 0).partition(b"Message-ID")[2].partition(b"Auto-")[0]
    )
    ids = [message["Message-ID"], message["In-Reply-To"], *message["References"].split()]
    assert all(re.fullmatch(r"<[0-9a-f]{24}@[a-z0-9][a-z0-9.-]*>", str(one)) for one in ids)


def test_a_domain_in_any_script_is_written_as_servers_know_it() -> None:
    message = mail(a_notice(), channel=a_channel(to=("soc@münchen.example",)))

    assert message["To"] == "soc@xn--mnchen-3ya.example"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@contoso.example",
        "ann@",
        "ann@contoso.example\r\nBcc: x@evil.example",
        "ann@contoso.example, x@evil.example",
        "Ann <ann@contoso.example>",
        "a b@contoso.example",
        '"a b"@contoso.example',
        "änn@contoso.example",
        "ann@con toso.example",
        "ann@-x.example",
        "ann@x..example",
        "ann@[10.0.0.1]",
        "a" * 250 + "@contoso.example",
        "ann@" + "a" * 64 + ".example",
        "ann@\ud800.example",
    ],
)
@pytest.mark.parametrize("where", ["to", "sender"])
def test_what_is_no_address_is_refused_by_the_name_of_its_file(address: str, where: str) -> None:
    channel = a_channel(**{where: (LEAD, address) if where == "to" else address})

    with pytest.raises(
        Refused, match=r"channel `email-managers`: `.*` is not an address .*channels/email"
    ) as found:
        message_of(channel, a_notice(), ())

    assert str(found.value).isprintable()


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_subject_of_any_length_begins_where_every_program_looks_for_it(letter: str) -> None:
    titled = (a_notice(title=letter * length) for length in range(20, 91))

    raws = [message_of(a_channel(), one, ()).as_bytes() for one in titled]

    assert all(b"\r\nSubject: [air-agent] People are needed: " in raw for raw in raws)


@pytest.mark.parametrize("occasion", list(Occasion))
def test_every_occasion_has_its_mail(occasion: Occasion) -> None:
    message = mail(a_notice(occasion=occasion))

    assert str(message["Subject"]).removeprefix("[air-agent] ").partition(":")[0] in text_in(message)


def test_more_than_three_hundred_hostile_strings_were_tried() -> None:
    assert len(HOSTILE) > 300


def test_a_file_goes_with_the_mail_as_it_is_and_the_same_each_time() -> None:
    page = "<!DOCTYPE html>\n<title>Report über alles</title>\n" + "x" * 3_000 + "\n"
    told = msgspec.structs.replace(
        notice(occasion=Occasion.REPORT),
        attached=Attached(name="report-2026-W47.html", subtype="html", text=page),
    )

    found = mail(told)

    (file,) = found.iter_attachments()
    assert file.get_filename() == "report-2026-W47.html"
    assert file.get_content_type() == "text/html"
    assert file.get_content().replace("\r\n", "\n") == page
    body = found.get_body(("plain",))
    assert body is not None
    assert body.get_content().startswith("Report")
    assert message_of(a_channel(), told, ()).as_bytes() == message_of(a_channel(), told, ()).as_bytes()


def test_figures_stand_in_the_text_and_in_the_page() -> None:
    told = msgspec.structs.replace(notice(), figures=(("Agreement", "95 % (95 % interval 88.8 to 97.8 %)"),))

    found = mail(told)

    assert "Agreement: 95 % (95 % interval 88.8 to 97.8 %)" in text_in(found)
    assert "88.8 to 97.8 %" in html_in(found)
