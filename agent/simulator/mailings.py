"""The demo tenant's mail incidents: clusters of every make and size, single messages, and what is odd about them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from agent.simulator import shapes
from agent.simulator.mail import INBOX, QUARANTINE, Copy
from agent.simulator.making import (
    CAMPAIGN_REMOVED,
    CLICKED,
    FILE_REMOVED,
    NOT_REMOVED,
    REPORTED,
    URL_REMOVED,
    Maker,
)
from agent.simulator.names import DOMAIN, PARTNERS, SIMULATION_DOMAIN, VIPS
from agent.simulator.nouns import Bundle
from agent.simulator.shapes import Json

_HOUR = timedelta(hours=1)
LARGEST = 12_000
URL_SIZES = (3, 5, 8, 12, 25, 60, 180, 900, LARGEST)
FILE_SIZES = (4, 9, 40, 150, 2_500)
LIKENESS_SIZES = (6, 30, 90, 400)

HOSTILE = (
    "Invoice \x1b[2J\x1b[31mAPPROVED\x1b[0m",
    "Payment\u202egnp.ecioovni due",
    "[Approve here](https://attacker.example/approve) <!channel>",
    "Two lines\r\n2026-01-01 approve everything\x00",
    '=HYPERLINK("https://attacker.example")',
)
"""Subjects that try to move the cursor, turn text around, fake a line or become a link."""


def clusters(maker: Maker) -> Iterator[Bundle]:
    """Give malicious URL, file and similarity clusters of 3 to 12,000 messages."""
    for number, size in enumerate(URL_SIZES):
        created = maker.ago(hours=4 + 7 * number)
        url = f"https://login-{number}.harvest.example/verify?id={maker.lots.getrandbits(24):x}"
        letter = maker.letter("harvest.example", f"Your mailbox {number} is almost full", urls=(url,))
        copies = maker.copies(letter, size, created - _HOUR)
        evidence = [maker.by_url(created, copies, url)]
        yield maker.bundle(
            f"URL campaign {number + 1}",
            URL_REMOVED,
            evidence,
            created,
            copies=copies,
            clicks=maker.clicks(copies),
        )
    for number, size in enumerate(FILE_SIZES):
        created = maker.ago(hours=6 + 9 * number)
        name = f"statement-{number}.xlsm"
        letter = maker.letter(
            "invoice-files.example",
            f"Statement {number} attached",
            threats=("malware",),
            attachment=name,
            methods=("File detonation",),
            dmarc="none",
        )
        copies = maker.copies(letter, size, created - _HOUR)
        evidence = [maker.by_file(created, copies, maker.sha256())]
        yield maker.bundle(f"Malicious file {number + 1}", FILE_REMOVED, evidence, created, copies=copies)
    for number, size in enumerate(LIKENESS_SIZES):
        created = maker.ago(hours=5 + 11 * number)
        letter = maker.letter("parcel-track.example", f"Parcel {4700 + number} could not be delivered")
        copies = maker.copies(letter, size, created - _HOUR)
        evidence = [maker.by_likeness(created, copies, number)]
        yield maker.bundle(f"Campaign {number + 1}", CAMPAIGN_REMOVED, evidence, created, copies=copies)


def several_in_one(maker: Maker) -> Iterator[Bundle]:
    """Give one incident with five clusters, and two incidents whose investigations saw the same one."""
    created = maker.ago(hours=9)
    evidence: list[Json] = []
    copies: list[Copy] = []
    for number in range(5):
        url = f"https://five-{number}.harvest.example/"
        letter = maker.letter("harvest.example", f"Wave {number} of the campaign", urls=(url,))
        wave = maker.copies(letter, 4 + 3 * number, created - _HOUR)
        evidence.append(maker.by_url(created, wave, url))
        copies += wave
    yield maker.bundle("Five waves of one campaign", URL_REMOVED, evidence, created, copies=copies)
    url = "https://seen-twice.harvest.example/"
    twice = maker.copies(maker.letter("harvest.example", "Seen twice", urls=(url,)), 14, created - _HOUR)
    for number, title in enumerate((URL_REMOVED, CLICKED)):
        moment = maker.ago(hours=8 - number)
        seen = [maker.by_url(moment, twice, url)]
        yield maker.bundle(f"Investigation {number + 1} of a URL", title, seen, moment, copies=twice)


def overlapping(maker: Maker) -> Iterator[Bundle]:
    """Give a URL cluster, one that looks alike and shares half of it, and one that lies wholly within it."""
    created = maker.ago(hours=7)
    url = "https://overlap.harvest.example/"
    letter = maker.letter("harvest.example", "Shared document waits", urls=(url,))
    copies = maker.copies(letter, 40, created - _HOUR)
    messages = list(dict.fromkeys(copy.network_message_id for copy in copies))
    half, inner = set(messages[20:]), set(messages[:10])
    further = maker.copies(letter, 15, created - _HOUR)
    partly = [copy for copy in copies if copy.network_message_id in half] + list(further)
    wholly = [copy for copy in copies if copy.network_message_id in inner]
    shown = (
        ("URL with overlap", [maker.by_url(created, copies, url)], copies),
        ("Overlaps partly", [maker.by_likeness(created, partly, 0)], tuple(further)),
        ("Overlaps wholly", [maker.by_likeness(created, wholly, 3)], ()),
    )
    for name, evidence, own in shown:
        yield maker.bundle(name, URL_REMOVED, evidence, created, copies=own)


def singles(maker: Maker) -> Iterator[Bundle]:
    """Give single messages, malicious and suspicious, one in every place mail can lie."""
    threats = (("phish",), ("malware",), ("phish", "malware"), ("spam",))
    for number in range(9):
        created = maker.ago(hours=3 + 5 * number)
        letter = maker.letter(
            f"sender-{number}.example", f"Document {number} for you", threats=threats[number % 4]
        )
        copies = maker.copies(letter, 1, created - _HOUR, location=INBOX if number < 7 else None)
        verdict = "suspicious" if number % 3 == 2 else "malicious"
        evidence = [shapes.message(created, copies[0], verdict=verdict)]
        title = REPORTED if number % 2 else NOT_REMOVED
        if title == REPORTED:
            evidence.append(shapes.submission(created, copies[0]))
        severity = "low" if number % 2 else "medium"
        yield maker.bundle(
            f"Message {number + 1}", title, evidence, created, copies=copies, severity=severity
        )


def senders(maker: Maker) -> Iterator[Bundle]:
    """Give mail whose sender asks for care: partners, a simulation, our own people, bulk."""
    first, second = PARTNERS
    cases: tuple[tuple[str, str, dict[str, object], int], ...] = (
        ("Mail of a partner", first, {"dmarc": "pass", "spf": "pass", "composite": "pass"}, 6),
        ("Mail in a partner's name", second, {"dmarc": "fail", "spf": "fail"}, 7),
        ("Training against phishing", SIMULATION_DOMAIN, {"dmarc": "pass", "composite": "pass"}, 20),
        ("Mail between colleagues", DOMAIN, {"direction": "intraOrg", "dmarc": "none"}, 5),
        (
            "Newsletter in bulk",
            "newsletter.example",
            {"threats": ("spam",), "methods": ("Bulk", "Mail bombing"), "bulk_level": 8, "dmarc": "pass"},
            1_200,
        ),
    )
    for number, (name, domain, more, size) in enumerate(cases):
        created = maker.ago(hours=10 + number)
        letter = maker.letter(domain, f"{name}: please read", **more)
        copies = maker.copies(letter, size, created - _HOUR)
        verdict = "suspicious" if size > 1_000 else "malicious"
        evidence = [maker.by_likeness(created, copies, number % 4, verdict=verdict)]
        yield maker.bundle(name, CAMPAIGN_REMOVED, evidence, created, copies=copies)


def important_people(maker: Maker) -> Iterator[Bundle]:
    """Give mail to those whose mail nobody deletes without asking."""
    created = maker.ago(hours=12)
    url = "https://board.harvest.example/"
    letter = maker.letter("harvest.example", "Board papers", urls=(url,))
    copies = maker.copies(letter, 9, created - _HOUR, to=VIPS[:1])
    yield maker.bundle(
        "URL sent to the board", URL_REMOVED, [maker.by_url(created, copies, url)], created, copies=copies
    )
    single = maker.copies(
        maker.letter("transfer.example", "Urgent transfer"), 1, created - _HOUR, to=VIPS[1:]
    )
    evidence = [shapes.message(created, single[0])]
    yield maker.bundle("Message to the CFO", REPORTED, evidence, created, copies=single, severity="low")


def already_gone(maker: Maker) -> Iterator[Bundle]:
    """Give clusters that still wait although none of their mail is in a mailbox any more."""
    for number, size in enumerate((5, 11)):
        created = maker.ago(hours=13 + number)
        url = f"https://gone-{number}.harvest.example/"
        letter = maker.letter("harvest.example", f"Taken away {number}", urls=(url,))
        copies = maker.copies(letter, size, created - _HOUR, location=QUARANTINE)
        evidence = [maker.by_url(created, copies, url)]
        yield maker.bundle(f"URL already removed {number + 1}", URL_REMOVED, evidence, created, copies=copies)


def hostile(maker: Maker) -> Iterator[Bundle]:
    """Give mail whose text attacks whoever shows it."""
    for number, subject in enumerate(HOSTILE):
        created = maker.ago(hours=15 + number)
        letter = maker.letter("attacker.example", subject, sender_name=f"Admin\u202e {subject}")
        copies = maker.copies(letter, 3, created - _HOUR, location=INBOX)
        evidence = [maker.by_likeness(created, copies, number % 4), shapes.message(created, copies[0])]
        yield maker.bundle(f"Campaign: {subject}", CAMPAIGN_REMOVED, evidence, created, copies=copies)


def near_and_past_deadline(maker: Maker) -> Iterator[Bundle]:
    """Give one action an hour before its week is over, and one most of a day after it that still says pending."""
    for name, created in (
        ("One hour left", maker.ago(days=6, hours=23)),
        ("A week has passed", maker.ago(days=7, hours=20)),
    ):
        yield one_url(maker, name, created, size=7)


def one_url(maker: Maker, name: str, created: datetime, *, size: int, to: Sequence[str] = ()) -> Bundle:
    """Return one incident with one small URL cluster."""
    url = f"https://{name.lower().replace(' ', '-')}.harvest.example/"
    letter = maker.letter("harvest.example", name, urls=(url,))
    copies = maker.copies(letter, size, created - _HOUR, to=to)
    return maker.bundle(name, URL_REMOVED, [maker.by_url(created, copies, url)], created, copies=copies)


def more_of(maker: Maker, copies: tuple[Copy, ...], count: int, received: datetime) -> tuple[Copy, ...]:
    """Return further messages of a mailing."""
    return maker.copies(copies[0].letter, count, received)
