"""Hunting: the one query, and its rows as messages."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.graph import hunting
from agent.adapters.graph.copies import Unreadable
from agent.model.defender import MAILBOX_LOCATIONS
from tests.adapters.graphs import GUID, LATER_GUID, look_up, read, results, row

QUERY = """let ids = dynamic(["73ca4154-58d8-43d0-a890-08dc18c52e6d","83ca4154-58d8-43d0-a890-08dc18c52e6e"]);
EmailEvents
| where Timestamp > ago(30d)
| where NetworkMessageId in (ids)
| join kind=leftouter (EmailPostDeliveryEvents | where Timestamp > ago(30d) | where NetworkMessageId in (ids) | summarize arg_max(Timestamp, DeliveryLocation, ActionType, ActionResult), FirstMoved = min(Timestamp) by NetworkMessageId, RecipientEmailAddress) on NetworkMessageId, RecipientEmailAddress
| project NetworkMessageId, RecipientEmailAddress, SenderFromAddress, SenderMailFromAddress, SenderIPv4, Subject, EmailDirection, DeliveryAction, DeliveryLocation, LatestDeliveryLocation, ThreatTypes, DetectionMethods, AuthenticationDetails, Timestamp, PostDeliveryLocation = DeliveryLocation1, PostDeliveryAction = ActionType, LastMoved = Timestamp1, FirstMoved
| union (UrlClickEvents | where Timestamp > ago(30d) | where NetworkMessageId in~ (ids) | extend Through = tostring(IsClickedThrough) in~ ("1", "true") | summarize Through = max(toint(Through)), Blocked = min(toint(ActionType in~ ("ClickBlocked", "ClickBlockedByTenantPolicy") and not(Through))) by NetworkMessageId = tolower(NetworkMessageId), Clicker = tolower(AccountUpn), Click = iff(isempty(ReportId), tostring(Timestamp), ReportId) | summarize Clicks = count(), ClicksAllowed = countif(Blocked == 0), ClicksThrough = countif(Through == 1) by NetworkMessageId, Clicker)
| take 100001"""


def parsed(**more: Any) -> Any:
    return hunting.message_of(hunting.rows_of(msgspec.json.encode({"results": [row(**more)]}))[0])


# The query


def test_the_query_is_exactly_this() -> None:
    assert hunting.query([GUID.upper(), LATER_GUID]) == QUERY


@given(st.text(max_size=50))
def test_nothing_but_an_id_is_ever_in_a_query(text: str) -> None:
    if hunting.is_message_id(text):
        assert text.lower() in hunting.query([text])
    else:
        with pytest.raises(ValueError, match="only ids of messages"):
            hunting.query([text])


@pytest.mark.parametrize(
    "bad", [f'{GUID}"', f"{GUID}\n", f" {GUID}", GUID[:-1], "", GUID.replace("-", ""), GUID + "a"]
)
def test_almost_an_id_is_none(bad: str) -> None:
    assert not hunting.is_message_id(bad)


async def test_the_query_is_posted_as_the_metadata_names_it() -> None:
    mail, script = await look_up([GUID, LATER_GUID], results(row(), row(NetworkMessageId=LATER_GUID)))

    (request,) = script.requests
    assert (request.method, request.url.path) == ("POST", "/v1.0/security/runHuntingQuery")
    assert script.bodies == [{"query": QUERY}]
    assert request.headers["prefer"] == "include-unknown-enum-members"
    assert mail.unresolved == frozenset()
    assert mail.why == ""


# Rows


def test_a_row_becomes_a_message() -> None:
    message = parsed()

    assert message.pair == (GUID, "ann@contoso.example")
    assert (message.sender, message.mail_from) == ("billing@fabrikam.example", "bounce@fabrikam.example")
    assert (message.sender_ip, message.subject, message.direction) == ("203.0.113.7", "Invoice", "inbound")
    assert (message.location, message.original_location) == ("inbox_folder", "inbox_folder")
    assert message.threats == ("phish", "malware")
    assert message.detection_methods == ("URL detonation reputation", "File detonation")
    assert (message.spf, message.dkim, message.dmarc, message.composite) == ("pass", "none", "fail", "fail")
    assert message.received == datetime(2026, 9, 1, 10, 0, 0, 123456, tzinfo=UTC)


def test_columns_are_found_whatever_their_case() -> None:
    body = msgspec.json.encode({"results": [{key.upper(): value for key, value in row().items()}]})

    assert hunting.message_of(hunting.rows_of(body)[0]) == parsed()


@pytest.mark.parametrize(
    ("word", "location"),
    [
        ("Inbox/folder", "inbox_folder"),
        ("INBOX/FOLDER", "inbox_folder"),
        ("Junk folder", "junkFolder"),
        ("Deleted folder", "deletedFolder"),
        ("Quarantine", "quarantine"),
        ("On-premises/External", "onprem_external"),
        ("Failed", "failed"),
        ("Dropped", "dropped"),
        ("Soft deleted", "others"),
        ("Somewhere new", None),
    ],
)
def test_hunting_words_for_places_are_graphs(word: str, location: str | None) -> None:
    assert parsed(LatestDeliveryLocation=word).location == location


def test_soft_deleted_mail_is_not_in_a_mailbox() -> None:
    assert parsed(PostDeliveryLocation="Soft deleted").location not in MAILBOX_LOCATIONS


@pytest.mark.parametrize(
    ("post", "latest", "original", "now"),
    [
        ("Quarantine", "Inbox/folder", "Inbox/folder", "quarantine"),
        (None, "Junk folder", "Inbox/folder", "junkFolder"),
        ("", "Junk folder", "Inbox/folder", "junkFolder"),
        (None, None, "Inbox/folder", "inbox_folder"),
        ("Nowhere", "Inbox/folder", "Inbox/folder", None),
        (None, None, None, None),
    ],
)
def test_the_latest_place_counts(
    post: str | None, latest: str | None, original: str | None, now: str | None
) -> None:
    found = parsed(PostDeliveryLocation=post, LatestDeliveryLocation=latest, DeliveryLocation=original)

    assert found.location == now


def test_when_a_copy_was_first_and_last_moved_is_said_where_it_was() -> None:
    still = parsed()
    moved = parsed(FirstMoved="2026-09-01T11:00:00Z", LastMoved="2026-09-01T12:00:00Z")

    assert (still.first_moved, still.last_moved) == (None, None)
    assert moved.first_moved == datetime(2026, 9, 1, 11, tzinfo=UTC)
    assert moved.last_moved == datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "direction"),
    [
        ("Inbound", "inbound"),
        ("Outbound", "outbound"),
        ("Intra-org", "intraOrg"),
        ("Unknown", None),
        (None, None),
    ],
)
def test_directions(word: str | None, direction: str | None) -> None:
    assert parsed(EmailDirection=word).direction == direction


@pytest.mark.parametrize(
    ("words", "threats"),
    [
        ("", ()),
        (None, ()),
        ("Spam", ("spam",)),
        ("Phish,Phish , ", ("phish",)),
        ("None", ()),
        (["Phish"], ("phish",)),
    ],
)
def test_threats(words: Any, threats: tuple[str, ...]) -> None:
    assert parsed(ThreatTypes=words).threats == threats


@pytest.mark.parametrize(
    ("methods", "found"),
    [
        ("URL malicious reputation, Spoof", ("URL malicious reputation", "Spoof")),
        ({"Phish": ["A", "B"], "Spam": "A"}, ("A", "B")),
        ("", ()),
        (None, ()),
        ("{}", ()),
    ],
)
def test_detection_methods(methods: Any, found: tuple[str, ...]) -> None:
    assert parsed(DetectionMethods=methods).detection_methods == found


@pytest.mark.parametrize("details", ["", "not json", "[]", None, 5, '{"SPF": 5}', "{"])
def test_authentication_that_cannot_be_read_is_unknown(details: Any) -> None:
    found = parsed(AuthenticationDetails=details)

    assert (found.spf, found.dkim, found.dmarc, found.composite) == (None, None, None, None)


@pytest.mark.parametrize(
    ("broken", "message_id"),
    [
        ({"RecipientEmailAddress": None}, GUID),
        ({"RecipientEmailAddress": " "}, GUID),
        ({"RecipientEmailAddress": 5}, GUID),
        ({"ThreatTypes": 5}, GUID),
        ({"ThreatTypes": ["Phish", 5]}, GUID),
        ({"ThreatTypes": {"Phish": True}}, GUID),
        ({"DetectionMethods": 5}, GUID),
        ({"DetectionMethods": '{"Phish": 5}'}, GUID),
        ({"NetworkMessageId": 5}, None),
        ({"NetworkMessageId": ""}, None),
        ({"NetworkMessageId": "junk"}, None),
    ],
)
def test_a_row_that_cannot_be_read_says_which_message_it_is_of(
    broken: dict[str, Any], message_id: str | None
) -> None:
    found = parsed(**broken)

    assert isinstance(found, Unreadable)
    assert found.message_id == message_id


def test_white_space_around_addresses_makes_nobody_else_of_them() -> None:
    found = parsed(
        NetworkMessageId=f" {GUID}",
        RecipientEmailAddress="ceo@contoso.example ",
        SenderFromAddress="\ta@fabrikam.example",
        SenderMailFromAddress=" b@fabrikam.example\u00a0",
    )

    assert (found.pair, found.sender, found.mail_from) == (
        (GUID, "ceo@contoso.example"),
        "a@fabrikam.example",
        "b@fabrikam.example",
    )


def test_microsofts_answer_has_rows_and_no_messages() -> None:
    rows = hunting.rows_of(read("runhuntingquery.response.json"))

    assert [one["filename"] for one in rows] == ["cmd.exe", "cmd.exe"]
    assert all(isinstance(hunting.message_of(one), Unreadable) for one in rows)
