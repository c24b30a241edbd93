"""Looking mail up: the one query, its rows, and message by message where hunting is not granted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.adapters.graph import analyzed
from agent.adapters.graph.copies import Unreadable
from agent.adapters.microsoft.clouds import cloud_named
from agent.model.defender import Mail, MailMessage
from agent.model.errors import Malformed, Refused, Unavailable
from tests.adapters.graphs import (
    ALL_ROLES,
    GUID,
    LATER_GUID,
    SIMULATED,
    Login,
    Step,
    look_up,
    no,
    opened,
    page,
    results,
    row,
    says,
)

WITHOUT_HUNTING = Login(roles=[role for role in ALL_ROLES if "Hunting" not in role])


# Looking up


async def test_a_message_without_a_row_is_unresolved() -> None:
    mail, _ = await look_up([GUID, LATER_GUID.upper()], results(row()))

    assert mail.unresolved == {LATER_GUID.upper()}
    assert mail.why == "no row in `EmailEvents` for 1 of 2 messages"


async def test_what_is_no_id_is_unresolved_and_unsent() -> None:
    mail, script = await look_up([GUID, 'x"]) | take 1', ""], results(row()))

    assert mail.unresolved == {'x"]) | take 1', ""}
    assert mail.why == "2 ids are not ids of messages"
    assert "x" not in script.bodies[0]["query"].split(";")[0].removeprefix("let ids = dynamic")


async def test_nothing_to_ask_asks_nothing() -> None:
    mail, script = await look_up([], results())

    assert mail == Mail()
    assert script.requests == []


@pytest.mark.parametrize(("count", "queries"), [(15_000, [15_000]), (15_001, [15_000, 1])])
async def test_fifteen_thousand_messages_are_one_request(count: int, queries: list[int]) -> None:
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(count)]

    mail, script = await look_up([*ids, *(one.upper() for one in ids[:5])], results())

    assert [body["query"].count("-4000-8000-") for body in script.bodies] == queries
    assert len(mail.unresolved) == count + len([one for one in ids[:5] if one != one.upper()])


@pytest.mark.parametrize(("rows", "whole"), [(99_999, True), (100_000, False)])
async def test_an_answer_at_the_limit_of_rows_is_not_whole(rows: int, whole: bool) -> None:
    one = {"NetworkMessageId": GUID}
    answer = results(*({**one, "RecipientEmailAddress": f"u{number}@x"} for number in range(rows)))

    mail, _ = await look_up([GUID], answer)

    assert (mail.unresolved == frozenset()) is whole
    assert len(mail.messages) == (rows if whole else 0)
    assert whole or "more than 100000 copies" in mail.why


async def test_one_huge_message_does_not_make_the_others_unknown_that_were_asked_for_with_it() -> None:
    other = "11111111-0000-4000-8000-000000000001"
    many = results(*({"NetworkMessageId": GUID, "RecipientEmailAddress": f"u{n}@x"} for n in range(100_000)))

    mail, script = await look_up([GUID, other], many, many, results(row(NetworkMessageId=other)))

    assert mail.unresolved == {GUID}
    assert [copy.network_message_id for copy in mail.messages] == [other]
    assert len(script.bodies) == 3


async def test_a_part_of_an_answer_is_asked_for_again_and_then_malformed() -> None:
    part = results(row(), status=206)

    with pytest.raises(Malformed, match="only a part came"):
        await look_up([GUID], part, part, part, part, part)


async def test_two_rows_of_one_copy_that_differ_leave_its_place_unknown() -> None:
    mail, _ = await look_up([GUID], results(row(), row(LatestDeliveryLocation="Quarantine")))

    (copy,) = mail.messages
    assert copy.location is None


async def test_what_two_rows_of_one_copy_differ_in_is_unknown() -> None:
    other = row(SenderFromAddress="partner@fabrikam.example", Subject="Invoice")

    mail, _ = await look_up([GUID], results(row(), other, row()))

    (copy,) = mail.messages
    assert (copy.sender, copy.subject, copy.location) == (None, "Invoice", "inbox_folder")
    assert mail.unresolved == frozenset()


@pytest.mark.parametrize("column", ["ThreatTypes", "DetectionMethods"])
async def test_two_rows_of_one_copy_that_detected_differently_leave_its_message_unresolved(
    column: str,
) -> None:
    mail, _ = await look_up(
        [GUID, LATER_GUID], results(row(), row(**{column: "Spam"}), row(NetworkMessageId=LATER_GUID))
    )

    assert mail.unresolved == {GUID}
    assert [copy.network_message_id for copy in mail.messages] == [LATER_GUID]
    assert mail.why == "two rows of one copy differ in what was detected"


@pytest.mark.parametrize(
    "bad",
    [
        row(RecipientEmailAddress=None),
        row(RecipientEmailAddress=""),
        row(RecipientEmailAddress="bob@contoso.example", ThreatTypes=7),
    ],
)
async def test_a_message_with_a_row_that_cannot_be_read_is_unresolved(bad: dict[str, Any]) -> None:
    mail, _ = await look_up([GUID.upper(), LATER_GUID], results(row(), bad, row(NetworkMessageId=LATER_GUID)))

    assert mail.unresolved == {GUID.upper()}
    assert [copy.network_message_id for copy in mail.messages] == [LATER_GUID]
    assert mail.why.startswith("a row ")


@pytest.mark.parametrize("bad", ["junk", None, [], {}, row(NetworkMessageId=None)])
async def test_a_row_of_no_message_leaves_every_message_of_the_answer_unresolved(bad: Any) -> None:
    mail, _ = await look_up([GUID, LATER_GUID], results(row(), bad, row(NetworkMessageId=LATER_GUID)))

    assert mail.unresolved == {GUID, LATER_GUID}
    assert mail.messages == ()
    assert mail.why == "a row names no message"


async def test_a_recipient_with_white_space_is_no_second_one() -> None:
    mail, _ = await look_up([GUID], results(row(), row(RecipientEmailAddress=" ann@contoso.example ")))

    assert [copy.recipient for copy in mail.messages] == ["Ann@contoso.example"]


async def test_two_rows_of_one_copy_that_agree_are_one() -> None:
    mail, _ = await look_up([GUID], results(row(), row(RecipientEmailAddress="ANN@contoso.example")))

    assert [copy.location for copy in mail.messages] == ["inbox_folder"]


async def test_hunting_is_a_read_and_is_repeated() -> None:
    mail, script = await look_up([GUID], no(504), says(200, b"<html>"), results(row()))

    assert len(script.requests) == 3
    assert mail.unresolved == frozenset()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(no(400), Refused), (no(403), Refused), (no(503), Unavailable), (says(200, {"results": 5}), Malformed)],
)
async def test_hunting_that_fails_says_so(answer: Step, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="graph: run hunting query"):
        await look_up([GUID], answer)


# One by one


def copy(**more: Any) -> dict[str, Any]:
    """Return an `analyzedEmail` as the metadata has it."""
    return {
        "id": "x",
        "networkMessageId": GUID,
        "recipientEmailAddress": "ann@contoso.example",
        "subject": "Invoice",
        "directionality": "intraOrg",
        "senderDetail": {
            "fromAddress": "billing@fabrikam.example",
            "mailFromAddress": "bounce@fabrikam.example",
            "ipv4": "203.0.113.7",
        },
        "originalDelivery": {"action": "delivered", "location": "inbox_folder"},
        "latestDelivery": {"action": "blocked", "location": "quarantine"},
        "threatTypes": ["phish", "none"],
        "detectionMethods": ["URL detonation"],
        "authenticationDetails": {
            "dkim": "None",
            "dmarc": "Fail",
            "senderPolicyFramework": "Pass",
            "compositeAuthentication": "fail",
        },
        "loggedDateTime": "2026-09-01T10:00:00Z",
        **more,
    }


def test_an_analyzed_email_becomes_a_message() -> None:
    message = analyzed.message_of(copy())

    assert isinstance(message, MailMessage)
    assert message.pair == (GUID, "ann@contoso.example")
    assert (message.sender, message.mail_from) == ("billing@fabrikam.example", "bounce@fabrikam.example")
    assert (message.location, message.original_location) == ("quarantine", "inbox_folder")
    assert (message.direction, message.threats) == ("intraOrg", ("phish",))
    assert (message.spf, message.dkim, message.dmarc, message.composite) == ("pass", "none", "fail", "fail")
    assert message.received == datetime(2026, 9, 1, 10, tzinfo=UTC)


def test_when_an_analyzed_email_was_moved_is_what_its_time_line_says() -> None:
    events = [
        {"eventType": "originalDelivery", "eventDateTime": "2026-09-01T10:00:00Z"},
        {"eventType": "air", "eventDateTime": "2026-09-01T13:00:00Z"},
        {"eventType": "zap", "eventDateTime": "2026-09-01T11:00:00Z"},
        {"eventType": "userUrlClick", "eventDateTime": "2026-09-01T14:00:00Z"},
        {"eventType": "zap"},
        "no event",
    ]

    moved, still = analyzed.message_of(copy(timelineEvents=events)), analyzed.message_of(copy())

    assert isinstance(moved, MailMessage)
    assert isinstance(still, MailMessage)
    assert moved.first_moved == datetime(2026, 9, 1, 11, tzinfo=UTC)
    assert moved.last_moved == datetime(2026, 9, 1, 13, tzinfo=UTC)
    assert (still.first_moved, still.last_moved) == (None, None)


@pytest.mark.parametrize(
    ("latest", "location"),
    [
        ({"location": "junkFolder"}, "junkFolder"),
        ({"location": "JUNKFOLDER"}, "junkFolder"),
        ({"location": "unknownFutureValue"}, None),
        ({"location": "unknown"}, None),
        ({"location": None}, "inbox_folder"),
        (None, "inbox_folder"),
    ],
)
def test_an_unknown_place_is_not_the_place_it_was_delivered_to(latest: Any, location: str | None) -> None:
    message = analyzed.message_of(copy(latestDelivery=latest))

    assert isinstance(message, MailMessage)
    assert message.location == location


@pytest.mark.parametrize(
    "raw",
    [None, 5, {}, copy(recipientEmailAddress=None), copy(networkMessageId=""), copy(networkMessageId=[])],
)
def test_what_names_no_copy_cannot_be_read(raw: Any) -> None:
    assert isinstance(analyzed.message_of(raw), Unreadable)


@pytest.mark.parametrize(
    "key", ["senderDetail", "originalDelivery", "authenticationDetails", "loggedDateTime", "subject"]
)
@pytest.mark.parametrize("value", [None, 5, "text", [5]])
def test_no_shape_of_one_field_loses_the_message(key: str, value: Any) -> None:
    assert isinstance(analyzed.message_of(copy(**{key: value})), MailMessage)


@pytest.mark.parametrize("value", [None, 5, "phish", ["phish", None], {"phish": True}])
def test_threats_that_cannot_be_read_are_not_none(value: Any) -> None:
    assert isinstance(analyzed.message_of(copy(threatTypes=value)), Unreadable)


@pytest.mark.parametrize("value", [[], ["none"]])
def test_threats_that_were_not_found_are_none(value: Any) -> None:
    message = analyzed.message_of(copy(threatTypes=value))

    assert isinstance(message, MailMessage)
    assert message.threats == ()


@pytest.mark.parametrize(
    "bad", [copy(recipientEmailAddress=None), copy(recipientEmailAddress="b@x", threatTypes=7), "junk", None]
)
async def test_a_message_with_a_record_that_cannot_be_read_is_unresolved(bad: Any) -> None:
    other = copy(networkMessageId=LATER_GUID)

    mail, _ = await look_up([GUID, LATER_GUID], page(copy(), bad), page(other), login=WITHOUT_HUNTING)

    assert mail.unresolved == {GUID}
    assert [message.network_message_id for message in mail.messages] == [LATER_GUID]
    assert mail.why.startswith("a record ")


async def test_without_hunting_each_message_is_asked_for_as_the_page_documents_it() -> None:
    mail, script = await look_up([GUID, LATER_GUID], page(copy()), page(), login=WITHOUT_HUNTING)

    assert [request.url.path for request in script.requests] == [
        "/v1.0/security/collaboration/analyzedEmails"
    ] * 2
    assert dict(script.requests[0].url.params) == {
        "startTime": "2026-08-02T12:00:00.000000Z",
        "endTime": "2026-09-01T12:00:00.000000Z",
        "$filter": f"networkMessageId eq '{GUID}'",
    }
    assert script.requests[0].headers["prefer"] == "include-unknown-enum-members"
    assert [message.network_message_id for message in mail.messages] == [GUID]
    assert mail.unresolved == {LATER_GUID}
    assert mail.why == "no row in `analyzedEmails` for 1 of 2 messages"


async def test_the_copies_of_one_message_are_paged() -> None:
    link = f"{SIMULATED.graph}/v1.0/security/collaboration/analyzedEmails?$skiptoken=1"
    other = copy(recipientEmailAddress="bob@contoso.example")

    mail, script = await look_up([GUID], page(copy(), link=link), page(other), login=WITHOUT_HUNTING)

    assert [message.recipient for message in mail.messages] == ["ann@contoso.example", "bob@contoso.example"]
    assert str(script.requests[1].url) == link


@pytest.mark.parametrize("fragments", [("", ""), ("", "#1"), ("#1", "#2")])
async def test_copies_that_page_in_a_circle_are_malformed(fragments: tuple[str, str]) -> None:
    link = f"{SIMULATED.graph}/v1.0/security/collaboration/analyzedEmails?$skiptoken=1"
    pages = [page(copy(), link=link + fragment) for fragment in fragments]

    with pytest.raises(Malformed, match="repeats itself"):
        await look_up([GUID], *pages, *pages, *pages, *pages, page(copy()), login=WITHOUT_HUNTING)


async def test_a_message_that_is_not_there_is_unresolved() -> None:
    mail, _ = await look_up([GUID], no(404), login=WITHOUT_HUNTING)

    assert mail.unresolved == {GUID}


@pytest.mark.parametrize(("answer", "kind"), [(no(403), Refused), (page(copy(), status=206), Malformed)])
async def test_looking_up_that_fails_says_so(answer: Step, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="graph: look up mail"):
        await look_up([GUID], answer, login=WITHOUT_HUNTING)


async def test_a_cloud_with_neither_resolves_nothing_and_says_why() -> None:
    mail, script = await look_up([GUID], page(), login=WITHOUT_HUNTING, cloud=cloud_named("usGovL5"))

    assert mail.unresolved == {GUID}
    assert mail.why == "hunting is not granted, and this cloud has no `analyzedEmails`"
    assert script.requests == []


@pytest.mark.parametrize(
    ("login", "cloud", "resolves"),
    [
        (Login(), "global", 1_000_000),
        (Login(), "usGovL4", 1_000_000),
        (WITHOUT_HUNTING, "global", 33),
        (WITHOUT_HUNTING, "usGovL4", 0),
    ],
)
async def test_how_many_messages_can_be_looked_up(login: Login, cloud: str, resolves: int) -> None:
    async with opened(page(), login=login, cloud=cloud_named(cloud), analyzed_emails_per_action=33) as (
        graph,
        _,
    ):
        assert graph.defender.resolves == resolves
