"""An SMTP server on this machine, aiosmtpd's, that keeps what it takes and answers what it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.email.relay import Relay
from tests.adapters.loopback import certificate
from tests.adapters.mails import ENVIRON, PASSWORD

HOST = "relay.contoso.example"


@dataclass
class Inbox:
    """What a server took, and what it answers instead where that is set."""

    port: int = 0
    trusted: Path = Path()
    taken: list[Envelope] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    was_protected: list[bool] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    on_mail: str = ""
    on_data: str = ""
    on_recipient: dict[str, str] = field(default_factory=dict)
    login_answer: str = "535 5.7.8 Authentication credentials invalid"
    looked_up: list[tuple[str, int]] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.on_mail:
            return self.on_mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.on_recipient:
            return self.on_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        if self.on_data:
            return self.on_data
        self.taken.append(envelope)
        assert server.transport is not None
        self.was_protected.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 2.0.0 queued"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append((data.login, data.password))
        is_right = data.password == PASSWORD.encode()
        return AuthResult(success=is_right, handled=False, message=None if is_right else self.login_answer)

    def relay(self, hosts: Sequence[str] = (HOST,), addresses: Sequence[str] = ("127.0.0.1",)) -> Relay:
        """Return what hands messages to this server, under its name."""

        async def look_up(host: str, port: int) -> Sequence[str]:
            self.looked_up.append((host, port))
            return addresses

        return Relay(
            hosts=frozenset(hosts),
            bounds=Bounds(environ=ENVIRON, secrets=(self.trusted.parent,)),
            look_up=look_up,
            tls=lambda: ssl.create_default_context(cafile=self.trusted),
        )


@asynccontextmanager
async def serving(
    folder: Path, *, name: str = HOST, is_wrapped: bool = False, has_tls: bool = True, **more: Any
) -> AsyncIterator[Inbox]:
    """Serve SMTP with a certificate for this name: within TLS, or with STARTTLS unless there is none."""
    trusted, context = certificate(folder, name)
    inbox = Inbox(trusted=trusted)

    def serve() -> SMTP:
        return SMTP(
            inbox,
            hostname=name,
            tls_context=context if has_tls and not is_wrapped else None,
            authenticator=inbox.authenticate,
            auth_require_tls=has_tls and not is_wrapped,
            loop=asyncio.get_running_loop(),
            **more,
        )

    running = await asyncio.get_running_loop().create_server(
        serve, "127.0.0.1", 0, ssl=context if is_wrapped else None
    )
    inbox.port = running.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        running.close()
        await running.wait_closed()


@asynccontextmanager
async def saying(*answers: bytes) -> AsyncIterator[int]:
    """Serve these bytes, one after each line or message that comes, then break the connection; an empty one is silence."""
    talks: set[asyncio.Task[Any]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            for before, answer in pairwise((b"", *answers)):
                if before:
                    await reader.readuntil(b"\r\n.\r\n" if before.startswith(b"354") else b"\r\n")
                if not answer:
                    await reader.read()
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
