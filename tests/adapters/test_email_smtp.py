"""Mail through an SMTP server: protected, checked, and told when it was not taken."""

import asyncio
import base64
import logging
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.email import relay as relay_module
from agent.adapters.channels.email.email import Email
from agent.adapters.channels.email.relay import Relay
from agent.model.channel import Channel, SecretPlace, Security, Smtp
from agent.model.errors import AgentError, Malformed, Refused, Unavailable
from agent.model.escalation import Receipt
from tests.adapters.hostile import notice
from tests.adapters.mails import CHIEF, ENVIRON, LEAD, PASSWORD, SENDER, a_channel, parsed
from tests.adapters.smtps import HOST, Inbox, saying, serving

LOGIN: dict[str, Any] = {"user": "air-agent", "password": SecretPlace(env="SMTP_PASSWORD")}


def through(port: int, security: Security = Security.START_TLS, **more: Any) -> Channel:
    said: dict[str, Any] = {"host": HOST, "port": port, "security": security}
    return a_channel(smtp=Smtp(**said | more))


async def send(inbox: Inbox, channel: Channel, relay: Relay | None = None) -> Receipt:
    return await Email(None, relay or inbox.relay()).send(channel, notice(), ())


async def failing(channel: Channel, relay: Relay) -> AgentError:
    with pytest.raises(AgentError) as found:
        await Email(None, relay).send(channel, notice(), ())
    return found.value


def relay_to(
    port: int = 0, hosts: Sequence[str] = (HOST,), addresses: Sequence[str] = ("127.0.0.1",)
) -> Relay:
    return Inbox(port=port, trusted=Path(ssl.get_default_verify_paths().cafile or "")).relay(hosts, addresses)


def plainly(port: int) -> Channel:
    return through(port, Security.NONE)


@pytest.mark.parametrize("security", list(Security))
async def test_a_message_is_handed_over_whole_to_every_address(security: Security, tmp_path: Path) -> None:
    async with serving(tmp_path, is_wrapped=security is Security.TLS) as inbox:
        receipt = await send(inbox, through(inbox.port, security))

        [envelope] = inbox.taken
        assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [LEAD, CHIEF])
        message = parsed(envelope.content)  # type: ignore[arg-type]
        assert message["Message-ID"] == receipt.ref
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
        assert receipt.words == "taken by the server"
        assert inbox.was_protected == [security is not Security.NONE]


async def test_what_is_sent_twice_has_one_name(tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        first, again = [await send(inbox, through(inbox.port)) for _ in range(2)]

        assert first.ref == again.ref
        assert inbox.taken[0].content == inbox.taken[1].content


@pytest.mark.parametrize("security", [Security.TLS, Security.START_TLS])
async def test_a_login_goes_over_tls(security: Security, tmp_path: Path) -> None:
    async with serving(tmp_path, is_wrapped=security is Security.TLS) as inbox:
        await send(inbox, through(inbox.port, security, **LOGIN))

        assert inbox.logins == [(b"air-agent", PASSWORD.encode())]
        assert len(inbox.taken) == 1


async def test_a_password_is_read_anew_each_time(tmp_path: Path) -> None:
    place = tmp_path / "password"
    async with serving(tmp_path) as inbox:
        channel = through(inbox.port, user="air-agent", password=SecretPlace(file=str(place)))
        place.write_text("an old one\n")
        refusal = await failing(channel, inbox.relay())
        place.write_text(f"{PASSWORD}\n")

        await send(inbox, channel)

        assert "535" in str(refusal)
        assert len(inbox.taken) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("535 5.7.8 no such login", Refused), ("454 4.7.0 try again later", Unavailable)],
)
async def test_a_login_that_fails_says_so_and_nothing_is_handed_over(
    answer: str, kind: type[AgentError], tmp_path: Path
) -> None:
    async with serving(tmp_path) as inbox:
        inbox.login_answer = answer
        channel = through(inbox.port, user="air-agent", password=SecretPlace(env="OTHER"))
        relay = Relay(
            hosts=frozenset({HOST}),
            bounds=Bounds(environ={"OTHER": "wrong"}),
            look_up=inbox.relay()._look_up,
            tls=lambda: ssl.create_default_context(cafile=inbox.trusted),
        )

        error = await failing(channel, relay)

        assert type(error) is kind
        assert str(error) == f"channel `email-managers`: {HOST}: the login: {answer[:3]} ({answer[4:]})"
        assert inbox.taken == []


@pytest.mark.parametrize(
    ("field", "answer", "kind"),
    [
        ("on_mail", "451 4.3.0 try again", Unavailable),
        ("on_mail", "550 5.7.1 not from you", Refused),
        ("on_data", "452 4.2.2 no room", Unavailable),
        ("on_data", "554 5.6.0 refused", Refused),
        ("on_data", "421 4.3.2 going away", Unavailable),
    ],
)
async def test_four_hundreds_are_tried_again_and_five_hundreds_need_a_person(
    field: str, answer: str, kind: type[AgentError], tmp_path: Path
) -> None:
    async with serving(tmp_path) as inbox:
        setattr(inbox, field, answer)

        error = await failing(through(inbox.port), inbox.relay())

        assert type(error) is kind
        assert str(error) == f"channel `email-managers`: {HOST}: {answer[:3]} ({answer[4:]})"
        assert inbox.taken == []


async def test_an_address_that_is_not_taken_is_told_and_the_others_get_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        inbox.on_recipient = {LEAD: "550 5.1.1 user\tunknown"}

        receipt = await send(inbox, through(inbox.port))

        assert [one.rcpt_tos for one in inbox.taken] == [[CHIEF]]
        assert receipt.words == (
            "taken by the server for 1 of 2 addresses, not for soc[.]lead[@]contoso[.]example: 550 5.1.1 user unknown"
        )


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (("550 5.1.1 unknown", "550 5.1.1 unknown"), Refused),
        (("550 5.1.1 unknown", "451 4.7.1 greylisted"), Unavailable),
        (("451 4.7.1 greylisted", "550 5.1.1 unknown"), Unavailable),
    ],
)
async def test_where_no_address_is_taken_one_that_may_be_later_is_reason_to_try_again(
    answers: tuple[str, str], kind: type[AgentError], tmp_path: Path
) -> None:
    async with serving(tmp_path) as inbox:
        inbox.on_recipient = dict(zip((LEAD, CHIEF), answers, strict=True))

        error = await failing(through(inbox.port), inbox.relay())

        assert type(error) is kind
        assert "no address was taken" in str(error)


@pytest.mark.parametrize("is_wrapped", [True, False])
async def test_a_certificate_for_another_name_is_not_trusted(is_wrapped: bool, tmp_path: Path) -> None:
    async with serving(tmp_path, name="another.example", is_wrapped=is_wrapped) as inbox:
        security = Security.TLS if is_wrapped else Security.START_TLS

        error = await failing(through(inbox.port, security, **LOGIN), inbox.relay())

        assert type(error) is Refused
        assert "its certificate is not to be trusted (Hostname mismatch" in str(error)
        assert (inbox.logins, inbox.taken) == ([], [])


async def test_a_certificate_of_nobody_known_is_not_trusted(tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        relay = Relay(hosts=frozenset({HOST}), bounds=Bounds(environ=ENVIRON), look_up=inbox.relay()._look_up)

        error = await failing(through(inbox.port), relay)

        assert type(error) is Refused
        assert "its certificate is not to be trusted (self-signed certificate" in str(error)


async def test_a_server_without_starttls_is_not_talked_to_where_it_was_asked_for(tmp_path: Path) -> None:
    async with serving(tmp_path, has_tls=False) as inbox:
        error = await failing(through(inbox.port, **LOGIN), inbox.relay())

        assert type(error) is Refused
        assert "STARTTLS extension not supported" in str(error)
        assert (inbox.logins, inbox.taken) == ([], [])


async def test_a_server_that_speaks_no_tls_is_refused_where_tls_was_asked_for(tmp_path: Path) -> None:
    async with serving(tmp_path, has_tls=False) as inbox:
        error = await failing(through(inbox.port, Security.TLS), inbox.relay())

        assert type(error) is Refused
        assert "no TLS could be agreed upon: check `smtp.port` and `smtp.security`" in str(error)


async def test_a_connection_that_breaks_while_tls_is_agreed_upon_is_tried_again() -> None:
    async with saying(b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n") as port:
        error = await failing(through(port), relay_to(port))

        assert type(error) is Unavailable


@pytest.mark.parametrize("broken", [ssl.SSLEOFError(), ssl.SSLZeroReturnError()])
async def test_tls_that_ends_too_early_is_tried_again(broken: ssl.SSLError, tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:

        def breaking() -> ssl.SSLContext:
            raise broken

        relay = Relay(
            hosts=frozenset({HOST}),
            bounds=Bounds(environ=ENVIRON),
            look_up=inbox.relay()._look_up,
            tls=breaking,
        )

        error = await failing(through(inbox.port), relay)

        assert type(error) is Unavailable
        assert "the connection broke while TLS was agreed upon" in str(error)


@pytest.mark.parametrize(("user", "password"), [("air\ud800", PASSWORD), ("air-agent", "s\udcffcret")])
async def test_a_login_that_is_no_text_is_refused_without_being_shown(user: str, password: str) -> None:
    channel = through(25, user=user, password=SecretPlace(env="ODD"))

    error = await failing(channel, Relay(hosts=frozenset({HOST}), bounds=Bounds(environ={"ODD": password})))

    assert type(error) is Refused
    assert str(error) == "channel `email-managers`: the login is not text: put user and password in UTF-8"
    assert error.__cause__ is None


async def test_what_is_no_address_at_all_is_refused() -> None:
    error = await failing(through(25), relay_to(25, addresses=("nowhere",)))

    assert type(error) is Refused
    assert "is nothing that SMTP can carry" in str(error)


@contextmanager
def a_full_queue() -> Iterator[int]:
    """Give a port where nobody takes connections, and no more may wait."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            yield port


async def test_an_address_that_does_not_answer_is_given_up_and_no_socket_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_module, "EACH_SECONDS", 0.05)
    with a_full_queue() as port:
        error = await failing(plainly(port), relay_to(port))

    assert type(error) is Unavailable
    assert "no connection, or it broke" in str(error)


async def test_whoever_stops_waiting_for_a_connection_leaves_no_socket() -> None:
    with a_full_queue() as port, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await relay_module._connected((ip_address("127.0.0.1"),), port)


async def test_without_tls_only_a_host_is_talked_to_that_a_setting_names(tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        relay = inbox.relay(hosts=(), addresses=("198.51.100.1",))

        error = await failing(plainly(inbox.port), relay)

        assert type(error) is Refused
        assert "`smtp.security: none` is only for a host that the setting `escalation.hosts` names" in str(
            error
        )
        assert inbox.looked_up == []


async def test_a_password_is_not_sent_without_tls_beyond_this_machine(tmp_path: Path) -> None:
    async with serving(tmp_path, has_tls=False) as inbox:
        far = inbox.relay(addresses=("127.0.0.1", "10.0.0.1"))

        error = await failing(through(inbox.port, Security.NONE, **LOGIN), far)
        await send(inbox, through(inbox.port, Security.NONE, **LOGIN))

        assert "a password is not sent without TLS" in str(error)
        assert inbox.logins == [(b"air-agent", PASSWORD.encode())]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "168.63.129.16", "::1", "::ffff:127.0.0.1", "fd00:ec2::254"],
)
async def test_a_name_that_leads_inside_is_not_connected_to(address: str, tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        relay = inbox.relay(hosts=(), addresses=("1.1.1.1", address))

        error = await failing(through(inbox.port), relay)

        assert type(error) is Refused
        assert re.search(r"leads (inside|to what answers secrets)", str(error))
        assert inbox.greeted == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]", "relay\r\nx", "", "ev il"]
)
async def test_a_host_in_any_other_spelling_is_turned_away_unasked(host: str) -> None:
    asked: list[str] = []

    async def look_up(name: str, _port: int) -> Sequence[str]:
        asked.append(name)
        return ("127.0.0.1",)

    relay = Relay(hosts=frozenset(), bounds=Bounds(environ=ENVIRON), look_up=look_up)

    error = await failing(through(25, host=host), relay)

    assert type(error) is Refused
    assert str(error).isprintable()
    assert asked == []


async def test_the_metadata_service_is_out_of_reach_under_an_allowed_name(tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        error = await failing(through(inbox.port), inbox.relay(addresses=("169.254.169.254",)))

        assert type(error) is Refused


async def test_the_name_is_looked_up_once_and_the_checked_address_is_the_one_used(tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        await send(inbox, through(inbox.port, host=HOST.upper()))

        assert inbox.looked_up == [(HOST, inbox.port)]


async def test_the_next_address_is_tried_where_one_does_not_answer(tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        await send(inbox, through(inbox.port), inbox.relay(addresses=("::1", "127.0.0.2", "127.0.0.1")))

        assert len(inbox.taken) == 1


async def test_where_nobody_listens_it_is_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        error = await failing(through(port), relay_to(port))

    assert type(error) is Unavailable
    assert f"{HOST}: no connection, or it broke" in str(error)


async def test_a_name_that_nobody_knows_is_tried_again() -> None:
    async def look_up(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    error = await failing(
        through(25), Relay(hosts=frozenset({HOST}), bounds=Bounds(environ=ENVIRON), look_up=look_up)
    )

    assert type(error) is Unavailable


async def test_a_name_without_addresses_is_tried_again() -> None:
    error = await failing(through(25), relay_to(25, addresses=()))

    assert type(error) is Unavailable
    assert "has no address" in str(error)


OK = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")


@pytest.mark.parametrize("said", range(1, len(OK) + 1))
async def test_a_connection_that_breaks_at_any_point_is_tried_again(said: int) -> None:
    async with saying(*OK[:said]) as port:
        error = await failing(plainly(port), relay_to(port))

        assert type(error) is Unavailable


@pytest.mark.parametrize("said", range(len(OK)))
async def test_silence_at_any_point_ends_and_is_tried_again(
    said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "STEP_SECONDS", 0.05)
    async with saying(*OK[:said], b"") as port:
        error = await failing(plainly(port), relay_to(port))

        assert type(error) is Unavailable
        assert "no answer in time" in str(error)


async def test_what_trickles_in_for_ever_ends_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "DEADLINE_SECONDS", 0.05)
    async with saying(b"220-hi\r\n", b"") as port:
        error = await failing(plainly(port), relay_to(port))

        assert type(error) is Unavailable
        assert "no answer in time" in str(error)


async def test_a_server_that_breaks_after_it_took_the_message_has_taken_it() -> None:
    async with saying(*OK, b"250 queued\r\n") as port:
        receipt = await Email(None, relay_to(port)).send(plainly(port), notice(), ())

        assert receipt.words == "taken by the server"


async def test_what_does_not_speak_smtp_is_malformed_or_lost() -> None:
    async with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = await failing(plainly(port), relay_to(port))

        assert isinstance(error, Malformed | Unavailable)


async def test_an_answer_that_smtp_does_not_have_there_is_malformed() -> None:
    async with saying(b"220 hi\r\n", b"250 hi\r\n", b"220 what\r\n", b"250 ok\r\n") as port:
        error = await failing(plainly(port), relay_to(port))

        assert type(error) is Malformed
        assert "check `smtp.port`" in str(error)


@pytest.mark.parametrize("code", [b"421 4.3.2 busy", b"554 5.3.2 not for you"])
async def test_a_greeting_that_turns_away_is_read_by_its_code(code: bytes) -> None:
    async with saying(code + b"\r\n") as port:
        error = await failing(plainly(port), relay_to(port))

        assert type(error) is (Unavailable if code.startswith(b"4") else Refused)
        assert code.decode()[4:] in str(error)


async def test_a_login_without_a_password_is_refused_before_anything_is_asked() -> None:
    error = await failing(through(25, user="air-agent"), relay_to(25))

    assert type(error) is Refused
    assert "name its place in `smtp.password`" in str(error)


@pytest.mark.parametrize("place", [SecretPlace(env="MISSING"), SecretPlace(file="/nowhere/password")])
async def test_a_password_that_is_missing_is_refused_by_its_place(place: SecretPlace) -> None:
    error = await failing(through(25, user="air-agent", password=place), relay_to(25))

    assert type(error) is Refused
    assert str(place) in str(error)


@pytest.mark.parametrize("echo", [PASSWORD, base64.b64encode(PASSWORD.encode()).decode()])
async def test_no_password_is_in_a_message_a_cause_or_a_log_even_where_the_server_repeats_it(
    echo: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(tmp_path) as inbox:
        inbox.on_mail = f"550 you said {echo}"

        error = await failing(through(inbox.port, **LOGIN), inbox.relay())

    told = [str(error), repr(error), repr(error.__cause__), repr(inbox.relay()), repr(through(1, **LOGIN))]
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("mail")]
    assert "***" in str(error)
    assert not [text for text in (*told, *logged) if echo in text or PASSWORD in text]


async def test_a_server_that_lies_in_its_answers_makes_no_line_of_ours(tmp_path: Path) -> None:
    async with serving(tmp_path) as inbox:
        inbox.on_mail = "550-\x1b[2Jall is well\r\n550 \u202efine"

        error = await failing(through(inbox.port), inbox.relay())

        assert str(error).isprintable()


async def test_this_machine_greets_with_a_name_or_with_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path) as inbox:
        monkeypatch.setattr(socket, "getfqdn", lambda: "agent.contoso.example")
        await send(inbox, through(inbox.port))
        monkeypatch.setattr(socket, "getfqdn", lambda: "0a1b2c3d4e5f")
        await send(inbox, through(inbox.port))

        assert set(inbox.greeted) == {"agent.contoso.example", "[127.0.0.1]"}
