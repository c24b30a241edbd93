"""Microsoft's clouds: where Graph and the login are, and what each of them lacks."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from agent.model.errors import Refused

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud. `graph` and `authority` are URLs without a path and without a slash at the end.

    `has_analyzed_emails` says whether `analyzedEmails`, and with it the remediation of mail, exists there, and
    `has_identity_accounts` the same of `identityAccounts`. Source: the v1.0 pages' national cloud tables; the beta
    page of `remediate` ticks L4 and L5 too, and is not believed. `endpoint` is the host of Defender for
    Endpoint's API, None where it is not known: its addresses in the US Government clouds are UNCONFIRMED.
    """

    name: str
    graph: str
    authority: str
    has_analyzed_emails: bool
    has_identity_accounts: bool = False
    endpoint: str | None = None

    @property
    def scope(self) -> str:
        """What a token is asked for."""
        return f"{self.graph}/.default"


ENDPOINT_SCOPE = "https://api.securitycenter.microsoft.com/.default"
"""What a token for Defender for Endpoint is asked for: its resource kept the name that its host once had."""

_CLOUDS = {
    "global": Cloud(
        "global",
        "https://graph.microsoft.com",
        "https://login.microsoftonline.com",
        True,
        True,
        "https://api.security.microsoft.com",
    ),
    "usGovL4": Cloud("usGovL4", "https://graph.microsoft.us", "https://login.microsoftonline.us", False),
    "usGovL5": Cloud("usGovL5", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us", False),
}


def cloud_named(name: str) -> Cloud:
    """Return one of Microsoft's clouds.

    Raises:
        Refused: the agent cannot work there; the message says why.
    """
    cloud = _CLOUDS.get(name)
    if cloud is not None:
        return cloud
    if name.casefold().startswith("china"):
        raise Refused(f"cloud `{name}`: Graph has no Defender security API in China: use another tenant")
    known = ", ".join(f"`{known}`" for known in _CLOUDS)
    raise Refused(f"cloud `{name}` is not known: use one of {known}")


def simulator(url: str) -> Cloud:
    """Return the simulator at `url` as a cloud; Graph and login are the same server.

    Raises:
        Refused: the URL is not one of this machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.hostname not in LOOPBACK:
        raise Refused(
            f"simulator `{url}` is not on this machine: give an address such as http://127.0.0.1:8080"
        )
    base = f"{parts.scheme}://{parts.netloc}"
    return Cloud("simulator", base, base, True, True, base)
