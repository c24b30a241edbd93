"""The settings of the pages."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.settings.secret import Secret


class Web(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pages that `air-agent serve` shows: where, to whom, and what they ask for again before somebody decides."""

    listen: Annotated[str, Meta(extra={"written": "listen"})] = "127.0.0.1:8420"
    """Where the pages are served: an address of this machine and a port. The default is for this machine alone; any other needs an `https` address in `web.url`."""
    url: Annotated[str, Meta(extra={"written": "url"})] | None = None
    """The address at which people open the pages, such as `https://air.contoso.example`: links in notices lead there, and a request for any other host is refused. Left out, `http://` and `web.listen`."""
    certificate: Path | None = None
    """The certificate chain of `web.url`, PEM. Left out, TLS ends before the agent, at a proxy."""
    certificate_key: Path | None = None
    """The certificate's private key, PEM. Needed for `web.certificate`."""
    client_secret: Annotated[
        Secret | None, Meta(extra={"env": "AIR_AGENT_WEB_CLIENT_SECRET", "file": "client_secret_file"})
    ] = None
    """The client secret of the app registration that people sign in to (`escalation.client_id`). Never in the settings file: only from the environment, or from `web.client_secret_file`."""
    client_secret_file: Path | None = None
    """A file that holds that client secret; a line break at its end does not count."""
    reader_role: Annotated[str, Meta(extra={"written": "role"})] = "Reader"
    """The app role that may look at everything. Whose answers count says each chain (`approvers`); they may look too."""
    operator_role: Annotated[str, Meta(extra={"written": "role"})] = "Operator"
    """The app role that may hold and release besides."""
    idle: Annotated[timedelta, Meta(extra={"least": "1m", "most": "1d"})] = timedelta(minutes=30)
    """How long a sign-in lasts while nobody uses it."""
    longest: Annotated[timedelta, Meta(extra={"least": "5m", "most": "1d"})] = timedelta(hours=8)
    """How long a sign-in lasts at most: a shift."""
    fresh: Annotated[timedelta, Meta(extra={"least": "1m", "most": "1d"})] = timedelta(hours=1)
    """How long ago the last sign-in may be when somebody decides, holds or releases; else they sign in again first."""
    step_up: Annotated[str, Meta(pattern=r"^c([1-9]|[1-9][0-9])$", description="one of c1 to c99")] | None = (
        None
    )
    """The authentication context of Conditional Access, such as `c1`, that is asked for before a high risk is approved. None by default: only you know whether your tenant has one."""
    high_risk_from: Annotated[int, Meta(ge=1, le=1_000_000)] = 100
    """Targets of one action, such as copies of messages, from which on approving it is a high risk."""
    high_risk_kinds: Annotated[str, Meta(extra={"written": "kinds"})] = (
        "disableUser, forcePasswordReset, revokeUserSessions, quarantineFile"
    )
    """Kinds of action whose approval is a high risk however many targets they have, with commas between: what stops somebody's work."""
