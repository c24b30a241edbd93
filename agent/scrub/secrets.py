"""Foreign words without what looks like a secret: an error message may repeat what was sent, or where to.

What was ours is told by its shape, since a proxy or an API quotes it in a message of its own: tokens, logins in URLs,
webhooks (their path is the secret), and values under names of secrets. Addresses of documentation stay readable.
"""

import re

HIDDEN = "***"

READABLE = frozenset({"aka.ms", "go.microsoft.com", "learn.microsoft.com", "docs.microsoft.com"})
"""Hosts whose paths are no secrets: Microsoft's documentation, to which its messages point."""

_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}")
_SCHEME = re.compile(r"\b(bearer|basic|sharedaccesssignature)\s+[A-Za-z0-9._~+/=%&-]{8,}", re.IGNORECASE)
_URL = re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://)([^\s/?#\"'<>\\]*)([/?#][^\s\"'<>\\]*)?", re.IGNORECASE)
_NAMED = re.compile(
    r"\b([a-z_-]{0,24}(?:secret|password|passwd|pwd|token|signature|assertion|api[_-]?key|account[_-]?key|sig)"
    r"[\"']?\s*[=:]\s*[\"']?)([^\s\"'&,;<>]{8,})",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """Return the text with `***` in place of whatever looks like a secret."""
    text = _URL.sub(_address, text)
    text = _SCHEME.sub(lambda found: f"{found[1]} {HIDDEN}", text)
    text = _TOKEN.sub(HIDDEN, text)
    return _NAMED.sub(lambda found: f"{found[1]}{HIDDEN}", text)


def _address(found: re.Match[str]) -> str:
    scheme, place, rest = found[1], found[2], found[3] or ""
    login, _, host = place.rpartition("@")
    start = f"{scheme}{HIDDEN}@{host}" if login else f"{scheme}{host}"
    if host.lower() in READABLE or len(rest) <= 1:
        return start + rest
    return f"{start}/{HIDDEN}"
