"""Whether Microsoft's hosts can be reached, and whether somebody reads along on the way."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from agent.judge.quote import counted, moment, quote
from agent.model.checkup import Reach, Seen, Trouble, failed, passed, warned

ISSUERS = ("microsoft", "digicert", "entrust", "globalsign", "baltimore")
"""How the names of those begin whose certificates Microsoft's own hosts are known to show, lower case.

Source: Microsoft's page "Azure Certificate Authority details"; that no other issuer is ever used is UNCONFIRMED, so that
another one is a warning and no failure.
"""

SOON = timedelta(days=7)
"""A server that shows a certificate so near its end is no server of Microsoft's that is looked after."""

_TRUST = "SSL_CERT_FILE and REQUESTS_CA_BUNDLE"


def judge_network(reaches: Sequence[Reach], now: datetime) -> tuple[Seen, ...]:
    """Return how each host could be reached, in their order."""
    return tuple(seen for one in reaches for seen in _judged(one, now))


def _judged(one: Reach, now: datetime) -> Iterator[Seen]:
    if one.trouble is not Trouble.NONE:
        yield _troubled(one)
        return
    yield passed(f"{one.host} ({one.what}): {_how(one)}")
    if one.peer is None:
        return
    issuer = one.peer.issuer
    if issuer and not issuer.lower().startswith(ISSUERS):
        yield warned(
            f"{one.host}: its certificate was issued by {quote(issuer)}, not by an authority that Microsoft uses: a proxy "
            "opens the connection on the way, and can read tokens and what is read of mail",
            f"exempt {one.host} from TLS inspection at the proxy",
        )
    if one.peer.ends is not None and one.peer.ends - now <= SOON:
        yield warned(
            f"{one.host}: its certificate ends on {moment(one.peer.ends)}",
            "look at the clock, and at the proxy on the way: Microsoft renews its own in time",
        )


def _how(one: Reach) -> str:
    if one.is_plain:
        return "reached, without TLS: the simulator on this machine"
    way = (
        f"through the proxy {quote(one.proxy)}"
        if one.proxy
        else counted(one.addresses, "address", "addresses")
    )
    if one.peer is None:
        return f"reached, {way}"
    ends = f" until {moment(one.peer.ends)}" if one.peer.ends is not None else ""
    return f"reached, {way}, certificate by {quote(one.peer.issuer or 'nobody named')}{ends}"


def _troubled(one: Reach) -> Seen:
    said, mend = _WORDS[one.trouble]
    way = f" through the proxy {quote(one.proxy)}" if one.proxy else ""
    detail = f" ({one.detail})" if one.detail else ""
    words = f"{one.host} ({one.what}): {said}{way}{detail}"
    mend = mend.format(host=one.host, proxy=one.proxy or "the proxy")
    if not one.is_needed:
        return warned(f"{words}: the agent's own login does not need it, people's sign-ins do", mend)
    return failed(words, mend, is_away=True)


_WORDS: dict[Trouble, tuple[str, str]] = {
    Trouble.NAME: (
        "its name cannot be looked up",
        "let this machine look names up (`getent hosts {host}`), or set HTTPS_PROXY to the proxy that leads out and looks them up",
    ),
    Trouble.CONNECTION: (
        "no connection",
        "let this machine reach {host} on port 443, or set HTTPS_PROXY to the proxy that leads out",
    ),
    Trouble.PROXY: (
        "the proxy refuses",
        "correct HTTPS_PROXY (with user and password, where {proxy} asks for them), and let it pass {host}:443",
    ),
    Trouble.TIMEOUT: (
        "no answer in time",
        "let this machine reach {host} on port 443 (`curl -v https://{host}/`): a firewall that drops looks like this",
    ),
    Trouble.HOST_NAME: (
        "the certificate that came is another host's",
        "check what DNS says for {host} (`getent hosts {host}`), and that no proxy answers in its place",
    ),
    Trouble.UNTRUSTED: (
        "the certificate's issuer is not trusted here: a proxy opens the connection on the way, or a server is not Microsoft's",
        f"exempt {{host}} from TLS inspection, or set {_TRUST} to a file with the proxy's authority and all others",
    ),
    Trouble.EXPIRED: (
        "the certificate has ended, by this machine's clock",
        "set the clock right (`timedatectl set-ntp true`); if it is right, check the proxy on the way to {host}",
    ),
    Trouble.NOT_YET: (
        "the certificate begins later, by this machine's clock",
        "set the clock right (`timedatectl set-ntp true`)",
    ),
    Trouble.TLS: (
        "the TLS handshake failed",
        "let TLS 1.2 or newer pass to {host}: check the proxy or firewall on the way",
    ),
    Trouble.BROKEN: (
        "the connection broke before an answer came",
        "check the proxy or firewall on the way to {host} (`curl -v https://{host}/`)",
    ),
}
