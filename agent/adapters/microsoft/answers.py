"""What one answer of Graph or Defender for Endpoint means: done, refused, unknown, or try again; and in which words."""

import base64
import re
from typing import Any

import httpx
import msgspec

from agent.adapters.microsoft.transport import TooLarge, Truncated
from agent.model.enactment import Outcome, Went
from agent.model.errors import AgentError, Malformed
from agent.model.permission import is_granted
from agent.scrub.secrets import without_secrets


class Call(msgspec.Struct, frozen=True):
    """One kind of call: what is asked, in the words that messages use, and by which permission.

    `permission` is the least application permission of it. Source: the permission tables of the pages. `remedy` says
    what to do about a 403 where granting that permission to the app registration is not it.
    """

    words: str
    permission: str
    system: str = "graph"
    remedy: str = ""
    is_listing: bool = False
    """Whether it reads pages of which there may be hundreds: a part of the request budget is left to everything else."""

    def __str__(self) -> str:
        return f"{self.system}: {self.words}"


REPEATED_READS = frozenset({423, 429, 500, 502, 503, 504, 509})
"""Statuses after which a read is tried again."""

_UNDECIDED = frozenset({408, 499})
"""Client errors by number that do not say whether the server went on."""

_LONGEST = 160
"""Characters of a line of somebody else's that are shown."""

_READ = 4_000
"""Characters of it that are looked at."""


class Answer(msgspec.Struct, frozen=True):
    """One answer, read whole."""

    status: int
    headers: httpx.Headers
    body: bytes


def whole(answer: Answer) -> bytes:
    """Return the body of an answer of which nothing is missing.

    Raises:
        Malformed: only a part came.
    """
    if answer.status == 206:
        raise Malformed("only a part came")
    return answer.body


class Lost(Exception):
    """No whole answer came back. `is_too_large` says that one did, and was more than we take."""

    def __init__(self, words: str, *, is_too_large: bool = False) -> None:
        super().__init__(words)
        self.is_too_large = is_too_large


class Again(Exception):
    """The call is to be made again; `final` is raised where it was made often enough.

    `wait` is what Graph asked for in seconds, None where it asked for nothing.
    """

    def __init__(self, final: AgentError, wait: float | None = None) -> None:
        super().__init__(str(final))
        self.final = final
        self.wait = wait


def lost(error: Exception) -> Lost:
    """Return what a failure of the transport means, in words without addresses or bodies."""
    match error:
        case TooLarge():
            return Lost(f"the answer is too large ({error})", is_too_large=True)
        case Truncated():
            return Lost(f"the answer is damaged: {error}")
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Lost("no connection in time: check the network and the proxy")
        case httpx.ConnectError() | httpx.ProxyError() | httpx.UnsupportedProtocol():
            return Lost("no connection: check the network, the proxy and the address")
        case httpx.TimeoutException() | TimeoutError():
            return Lost("no answer in time")
        case httpx.DecodingError():
            return Lost("the answer cannot be decoded")
        case _:
            return Lost("the connection broke before the whole answer came")


def no(call: Call, answer: Answer, grants: frozenset[str] = frozenset()) -> str:
    """Return what was refused and what to do, in one line."""
    said = _said(answer)
    start = f"{call}: {answer.status}{said}"
    match answer.status:
        case 401:
            return f"{start}: the token is not accepted: check the tenant, the cloud and conditional access"
        case 403 if call.remedy:
            return f"{start}: {call.remedy}"
        case 403:
            if is_granted(call.permission, grants):
                return f"{start}: {call.permission} is granted: check the licence, and roles and policies that narrow it"
            return f"{start}: grant {call.permission} to the app registration; if it is granted, the licence is missing"
        case 404:
            return f"{start}: not there, or not for this app to see"
        case status if 300 <= status < 400:
            return f"{start}: a redirect, which is not used here: check the proxy"
        case _:
            return start


def bad(call: Call, answer: Answer) -> str:
    """Return what went wrong on the other side, with the id by which Microsoft finds it."""
    found = request_id(answer)
    where = f" [request-id {found}]" if found else ""
    return f"{call}: {answer.status}{_said(answer)}{where}"


def judge_write(call: Call, answer: Answer, grants: frozenset[str] = frozenset()) -> Outcome:
    """Return what an answer says of a write. 401 and 429 are repeated, and never get here.

    Only what the server definitely did not do is refused. Gateways answer 502, 503 and 504 after the
    write was applied (microsoft-graph-docs issue 133), so every answer between yes and no is unknown.
    """
    status = answer.status
    if 200 <= status < 300:
        if answer.body.strip() and not _is_json(answer.body):
            return Outcome(went=Went.UNKNOWN, detail=f"{call}: {status} with a body that is not JSON")
        return Outcome(went=Went.DONE, detail=f"{call}: {status}")
    if 400 <= status < 500 and status not in _UNDECIDED:
        return Outcome(went=Went.REFUSED, detail=no(call, answer, grants))
    return Outcome(went=Went.UNKNOWN, detail=f"{bad(call, answer)}: it may have been applied")


def claims_challenge(answer: Answer) -> str | None:
    """Return the claims that a 401 asks the next token to carry, or None."""
    found = re.search(r'claims="([^"]+)"', answer.headers.get("www-authenticate", ""))
    return _plain_claims(found.group(1)) if found else None


def _plain_claims(text: str) -> str:
    """Return the challenge as JSON text: it comes in base64, padded or not."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return text


def first_line(text: object) -> str:
    """Return the first line of somebody else's text, printable, short, and without what looks like a secret."""
    if not isinstance(text, str):
        return ""
    line = next((part.strip() for part in text.splitlines() if part.strip()), "")
    line = without_secrets(line[:_READ])
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def error_of(answer: Answer) -> tuple[str, str]:
    """Return Graph's code and the first line of its message; both may be empty."""
    error = _as_dict(_as_dict(_json(answer.body)).get("error"))
    return first_line(error.get("code")), first_line(error.get("message"))


def _said(answer: Answer) -> str:
    code, message = error_of(answer)
    words = ": ".join(part for part in (code, message) if part)
    return f" ({words})" if words else ""


def request_id(answer: Answer) -> str | None:
    """Return the id by which Microsoft finds the request, or None where the answer has none."""
    return first_line(answer.headers.get("request-id")) or None


def body_of(answer: Answer) -> dict[str, Any]:
    """Return the object that the body is; an empty one where it is none."""
    return _as_dict(_json(answer.body))


def answered_in_full(answer: Answer) -> Outcome:
    """Return what a good answer says where a body is documented; an empty 200 is a proxy's."""
    if answer.status != 204 and not answer.body.strip():
        return Outcome(
            went=Went.UNKNOWN, detail=f"answered {answer.status} without the body that is documented"
        )
    return Outcome(went=Went.DONE, detail=f"answered {answer.status}")


def _is_json(body: bytes) -> bool:
    return isinstance(_json(body), (dict, list))


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _as_dict(thing: Any) -> dict[str, Any]:
    return thing if isinstance(thing, dict) else {}
