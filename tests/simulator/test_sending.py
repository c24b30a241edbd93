"""Mail that the app sends: from which mailbox, what is taken, and how it is turned away."""

import base64
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from agent.simulator.making import person
from agent.simulator.names import AGENT_MAILBOX, ALL_ROLES, DOMAIN
from agent.simulator.sending import MOST_BYTES, MOST_RECIPIENTS
from agent.simulator.switches import Switches
from tests.metadata import Mismatch, check_request, check_response
from tests.simulator.worlds import USERS, Caller, caller, staffed

PLAIN = {"content-type": "text/plain"}


def a_message(**headers: str) -> bytes:
    message = EmailMessage()
    for name, value in ({"From": AGENT_MAILBOX, "To": f"ann@{DOMAIN}", "Subject": "Hello"} | headers).items():
        if value:
            message[name] = value
    message.set_content("hello")
    return message.as_bytes()


async def send(graph: Caller, message: bytes, mailbox: str = AGENT_MAILBOX) -> httpx.Response:
    content = base64.b64encode(message)
    return await graph.http.post(f"{USERS}/{mailbox}/sendMail", content=content, headers=PLAIN)


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_message_is_taken_and_kept_as_it_came() -> None:
    graph = caller(staffed())

    answer = await send(graph, a_message(Cc="bob@partner.example", Bcc="eve@partner.example"))

    [sent] = graph.state.sent
    assert (answer.status_code, answer.content) == (202, b"")
    assert (sent.sender, sent.to) == (
        AGENT_MAILBOX,
        (f"ann@{DOMAIN}", "bob@partner.example", "eve@partner.example"),
    )
    assert sent.message == a_message(Cc="bob@partner.example", Bcc="eve@partner.example")
    assert graph.state.requests[-1].kind == "sendMail"


async def test_the_mailbox_goes_by_its_object_id_too() -> None:
    graph = caller(staffed())

    answer = await send(graph, a_message(), graph.user(AGENT_MAILBOX)["id"])

    assert answer.status_code == 202


async def test_exchange_decides_and_no_role_of_the_token_does() -> None:
    without = caller(staffed(), Switches(roles=frozenset()))
    with_all = caller(staffed(), Switches(roles=ALL_ROLES | {"Mail.Send"}, senders=frozenset()))

    taken, refused = await send(without, a_message()), await send(with_all, a_message())

    assert taken.status_code == 202
    assert said(refused) == (403, "ErrorAccessDenied")


async def test_another_mailbox_cannot_be_sent_as() -> None:
    graph = caller(staffed())
    other = person(7)

    from_other, as_other = (
        await send(graph, a_message(From=other), other),
        await send(graph, a_message(From=other)),
    )

    assert said(from_other) == (403, "ErrorAccessDenied")
    assert said(as_other) == (403, "ErrorSendAsDenied")
    assert graph.state.sent == []


async def test_a_mailbox_that_is_not_there_is_not_found() -> None:
    graph = caller(staffed())

    answer = await send(graph, a_message(), f"nobody@{DOMAIN}")

    assert said(answer) == (404, "ErrorInvalidUser")


async def test_without_a_token_nothing_is_taken() -> None:
    graph = caller(staffed())
    graph.http.headers["Authorization"] = "Bearer stale"

    answer = await send(graph, a_message())

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"To": ""},
        {"To": "nobody"},
        {"To": "ann@nowhere"},
        {"To": ", ".join(f"p{number}@partner.example" for number in range(MOST_RECIPIENTS + 1))},
    ],
)
async def test_recipients_that_are_none_or_too_many_are_a_bad_request(headers: dict[str, str]) -> None:
    graph = caller(staffed(), sound=False)
    content = base64.b64encode(a_message(**headers))

    answer = await httpx_past_the_metadata(graph, content)

    assert said(answer) == (400, "ErrorInvalidRecipients")


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        (b"not base64!", PLAIN, (400, "ErrorMimeContentInvalidBase64String")),
        (b"{}", {"content-type": "application/json"}, (400, "BadRequest")),
        (base64.b64encode(b"x" * MOST_BYTES), PLAIN, (413, "RequestEntityTooLarge")),
    ],
)
async def test_what_is_no_mime_is_a_bad_request(
    content: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    graph = caller(staffed())

    answer = await httpx_past_the_metadata(graph, content, headers)

    assert said(answer) == expected


async def httpx_past_the_metadata(
    graph: Caller, content: bytes, headers: dict[str, str] = PLAIN
) -> httpx.Response:
    """Send what the metadata would not let through."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(graph.app), base_url="http://127.0.0.1:8000", headers=graph.http.headers
    ) as http:
        path = f"{USERS}/{AGENT_MAILBOX}/sendMail"
        return await http.post(path, content=content, headers=headers)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (base64.b64encode(a_message()), {"content-type": "application/json"}),
        (base64.encodebytes(a_message()), PLAIN),
        (a_message(), PLAIN),
        (base64.b64encode(a_message(To="")), PLAIN),
        (base64.b64encode(b"From: a\r\nTo b\r\n\r\n"), PLAIN),
        (b"", PLAIN),
    ],
)
def test_a_request_that_no_page_documents_is_a_mismatch(content: bytes, headers: dict[str, Any]) -> None:
    path = f"{USERS}/{AGENT_MAILBOX}/sendMail"

    check_request("POST", path, base64.b64encode(a_message()), PLAIN)
    with pytest.raises(Mismatch):
        check_request("POST", path, content, headers)


@pytest.mark.parametrize(("status", "body"), [(200, b""), (202, b"{}"), (204, b"")])
def test_an_answer_that_no_page_documents_is_a_mismatch(status: int, body: bytes) -> None:
    path = f"{USERS}/{AGENT_MAILBOX}/sendMail"

    check_response("POST", path, 202, b"")
    with pytest.raises(Mismatch):
        check_response("POST", path, status, body)
