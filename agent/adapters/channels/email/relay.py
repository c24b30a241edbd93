"""Messages handed to an SMTP server: one connection each, protected, and to an address that was checked.

The name is looked up once, and the socket goes to one of the addresses that were checked (see `guard`); TLS is made with
the name itself, and always verified. A server without STARTTLS is not talked to where that was asked for. No answer of
the server is shown with what was logged in with.

A message whose answer was lost is handed over again, under its own Message-ID: a mail read twice is better than none.
XOAUTH2 is left out: whoever has Exchange Online sends through Graph.
"""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from agent.adapters.channels.addresses import Address, check_addresses, check_host
from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.calling import hidden, start_of
from agent.adapters.channels.guard import LookUp, look_up
from agent.adapters.channels.secrets import secret_of
from agent.model.channel import Channel, Security, Smtp
from agent.model.errors import AgentError, Malformed, Refused, Unavailable

DEADLINE_SECONDS = 60.0
"""How long all of it may take, from the look-up of the name to the last answer."""

STEP_SECONDS = 20.0
"""How long one answer of the server may take."""

EACH_SECONDS = 5.0
"""How long one of several addresses is tried."""

MOST_ADDRESSES = 4


class Relay:
    """Hands messages to the SMTP servers that channels name.

    Args:
        hosts: hosts inside that are allowed, lower case; only these may be talked to without TLS.
        bounds: what channels may name.
        look_up: gives the addresses of a name.
        tls: makes what TLS is verified by: the machine's own authorities where nothing is given.
    """

    def __init__(
        self,
        *,
        hosts: frozenset[str],
        bounds: Bounds,
        look_up: LookUp = look_up,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._hosts = hosts
        self._bounds = bounds
        self._look_up = look_up
        self._tls = tls

    async def hand_over(
        self, channel: Channel, smtp: Smtp, sender: str, to: Sequence[str], message: bytes
    ) -> Mapping[str, str]:
        """Hand one message over, and return the addresses the server did not take it for, each with its answer.

        Raises:
            Unavailable: it was not taken, and may be tried again.
            Refused: it would be refused again, for every address.
            Malformed: the server does not speak SMTP.
        """
        start = start_of(channel.name)
        password = self._password(channel, smtp)
        secrets = _told_by(start, smtp.user, password)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                addresses = await self._addresses(smtp, start, has_login=bool(password))
                server = await self._server(smtp, addresses)
                refused = await _handed(server, smtp, password, sender, to, message)
        except AgentError:
            raise
        except (SMTPException, OSError, ValueError) as error:
            # Without the cause where somebody logs in: it repeats what the server said, or what could not be sent.
            raise _judged(f"{start}: {smtp.host}", error, secrets) from (None if secrets else error)
        return {one: f"{answer.code} {hidden(answer.message, secrets)}" for one, answer in refused.items()}

    def _password(self, channel: Channel, smtp: Smtp) -> str:
        if not smtp.user:
            return ""
        if smtp.password is None:
            raise Refused(
                f"{start_of(channel.name)}: `smtp.user` has no password: name its place in `smtp.password`"
            )
        return secret_of(channel, smtp.password, self._bounds, is_one_word=False)

    async def _addresses(self, smtp: Smtp, start: str, *, has_login: bool) -> tuple[Address, ...]:
        """Return the addresses of the server that it may be talked to at.

        Raises:
            Refused: the host leads inside, or is to be talked to without TLS and no setting allows that.
        """
        host = smtp.host.lower()
        check_host(host, self._hosts, start)
        if smtp.security is Security.NONE and host not in self._hosts:
            raise Refused(
                f"{start}: `smtp.security: none` is only for a host that the setting `escalation.hosts` names: use `startTls` "
                "or `tls`"
            )
        found = await self._look_up(host, smtp.port)
        addresses = tuple(ip_address(text) for text in found)
        if not addresses:
            raise Unavailable(f"{start}: {host} has no address: check the name")
        check_addresses(host, addresses, self._hosts, start)
        is_near = all(address.is_loopback for address in addresses)
        if has_login and smtp.security is Security.NONE and not is_near:
            raise Refused(
                f"{start}: a password is not sent without TLS: use `startTls` or `tls`, or leave `smtp.user` out"
            )
        return addresses

    async def _server(self, smtp: Smtp, addresses: tuple[Address, ...]) -> SMTP:
        context = None if smtp.security is Security.NONE else await asyncio.to_thread(self._tls)
        name = await asyncio.to_thread(socket.getfqdn)
        link = await _connected(addresses[:MOST_ADDRESSES], smtp.port)
        return SMTP(
            hostname=smtp.host,
            sock=link,
            use_tls=smtp.security is Security.TLS,
            start_tls=smtp.security is Security.START_TLS,
            tls_context=context,
            local_hostname=name if "." in name else _literal(link),
            timeout=STEP_SECONDS,
        )


async def _connected(addresses: Sequence[Address], port: int) -> socket.socket:
    """Return a socket to the first of the addresses that answers.

    Raises:
        OSError: none does.
    """
    failure: Exception = OSError("no address")
    for address in addresses:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        link = socket.socket(family, socket.SOCK_STREAM)
        link.setblocking(False)
        try:
            async with asyncio.timeout(EACH_SECONDS):
                await asyncio.get_running_loop().sock_connect(link, (str(address), port))
        except (OSError, TimeoutError) as error:
            failure = error
            link.close()
        except asyncio.CancelledError:
            link.close()
            raise
        else:
            return link
    raise OSError("no address of the host answers") from failure


def _literal(link: socket.socket) -> str:
    """Return this side's address as a name to greet with: that of a container means nothing to anybody."""
    address = ip_address(link.getsockname()[0].partition("%")[0])
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


async def _handed(
    server: SMTP, smtp: Smtp, password: str, sender: str, to: Sequence[str], message: bytes
) -> Mapping[str, SMTPResponse]:
    try:
        await server.connect()
        if smtp.user:
            await server.login(smtp.user, password)
        refused, _ = await server.sendmail(sender, to, message)
        with suppress(SMTPException, OSError):
            # It has taken the message: how it takes leave changes nothing.
            await server.quit()
        return refused
    finally:
        server.close()


def _told_by(start: str, user: str, password: str) -> tuple[str, ...]:
    """Return every form in which a login goes over the wire: a server may repeat what it was sent.

    Raises:
        Refused: it cannot go over any wire.
    """
    if not password:
        return ()
    forms = (password, user, f"\0{user}\0{password}", f"{user}\0{user}\0{password}")
    try:
        return (password, *(b64encode(form.encode()).decode() for form in forms))
    except UnicodeEncodeError:
        # Without the cause, which carries the text: bytes in the environment that are no UTF-8 come as half letters.
        raise Refused(f"{start}: the login is not text: put user and password in UTF-8") from None


def _judged(start: str, error: Exception, secrets: tuple[str, ...]) -> AgentError:
    """Return what a failure means: 4xx and lost connections are tried again, 5xx needs a person."""
    match _of_tls(error) or error:
        case ssl.SSLCertVerificationError() as untrusted:
            why = hidden(untrusted.verify_message, secrets)
            return Refused(f"{start}: its certificate is not to be trusted ({why}): mend it")
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Unavailable(f"{start}: the connection broke while TLS was agreed upon")
        case ssl.SSLError():
            return Refused(f"{start}: no TLS could be agreed upon: check `smtp.port` and `smtp.security`")
        case SMTPRecipientsRefused() as none:
            answers = {one.recipient: SMTPResponse(one.code, one.message) for one in none.recipients}
            return _of_all(start, answers, secrets)
        case SMTPAuthenticationError() as answer:
            return _of_code(f"{start}: the login", answer.code, answer.message, secrets)
        case SMTPResponseException() as answer:
            return _of_code(start, answer.code, answer.message, secrets)
        case SMTPTimeoutError() | TimeoutError():
            return Unavailable(f"{start}: no answer in time")
        case SMTPServerDisconnected() | OSError():
            return Unavailable(
                f"{start}: no connection, or it broke: check the network, `smtp.host` and `smtp.port`"
            )
        case SMTPException() as other:
            said = hidden(other.message, secrets).rstrip(".")
            return Refused(f"{start}: {said}: check `smtp.security`, `smtp.port` and `smtp.user`")
        case _:
            return Refused(f"{start}: what it is called, or this machine, is nothing that SMTP can carry")


def _of_tls(error: BaseException) -> ssl.SSLError | None:
    """Return what went wrong with TLS, wherever in the chain of causes that stands; None where nothing did."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__
    return cause


def _of_all(start: str, answers: Mapping[str, SMTPResponse], secrets: tuple[str, ...]) -> AgentError:
    """Return what it means that no address was taken: one that may be taken later makes it worth another try."""
    chosen = next((one for one in answers.values() if 400 <= one.code < 500), None)
    chosen = chosen or next(iter(answers.values()))
    return _of_code(f"{start}: no address was taken", chosen.code, chosen.message, secrets)


def _of_code(start: str, code: int, message: str, secrets: tuple[str, ...]) -> AgentError:
    said = hidden(message, secrets)
    words = f"{start}: {code}" + (f" ({said})" if said else "")
    if 400 <= code < 500:
        return Unavailable(words)
    if 500 <= code < 600:
        return Refused(words)
    return Malformed(f"{start}: an answer that SMTP does not have here: check `smtp.port`")
