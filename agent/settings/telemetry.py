"""The settings of metrics and traces."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from agent.settings.addresses import LOOPBACK
from agent.settings.secret import Secret

HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([\x20-\x7e]+)")
"""One header, as `OTEL_EXPORTER_OTLP_HEADERS` has it, with its value as it is."""


class Telemetry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Metrics and traces to an OpenTelemetry collector, besides what `/metrics` shows to Prometheus."""

    endpoint: Annotated[str, Meta(extra={"written": "collector"})] | None = None
    """The collector's address for OTLP over HTTP, such as `http://127.0.0.1:4318`: metrics go to `/v1/metrics` under it, traces to `/v1/traces`. None by default: nothing leaves by itself. Needs `pip install 'air-agent[otlp]'`."""
    headers: Annotated[Secret | None, Meta(extra={"file": "headers_file"})] = None
    """Headers for the collector, `name=value` with commas between, such as `authorization=Bearer …`; over `https` only, or to this machine. Never in the settings file: only from the environment, or from `telemetry.headers_file`."""
    headers_file: Path | None = None
    """A file that holds those headers; a line break at its end does not count."""
    metrics_every: Annotated[timedelta, Meta(extra={"least": "1s", "most": "1h"})] = timedelta(minutes=1)
    """How often metrics are sent to the collector. A minute is what most are kept by."""
    traces: bool = False
    """`true` sends traces too: one for each pending action, from the page of incidents to its confirmation. They have ids, policies and outcomes in them, and no mail, names or addresses. Needs `telemetry.endpoint`."""
    traces_share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """The part of actions that are traced, up to 1: whole actions, the same ones for every replica."""
    at_risk: Annotated[timedelta, Meta(extra={"least": "1h", "most": "7d"})] = timedelta(hours=24)
    """How long before the end of its week an action counts as at risk of expiry, where nobody's decision is carried out. A day is time for people to be found."""


def collector(text: str) -> str:
    """Return the address of a collector, without a slash at its end.

    Raises:
        ValueError: it is none, in words for the person who wrote it.
    """
    try:
        found = urlsplit(text)
        _ = found.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if found.scheme not in {"http", "https"} or not found.hostname:
        raise ValueError("is not an address such as `http://127.0.0.1:4318`")
    if found.username is not None:
        raise ValueError("has a login in it: a secret belongs into `telemetry.headers`")
    if found.query or found.fragment:
        raise ValueError("has something after its path, which is not sent")
    if found.path.endswith(("/v1/metrics", "/v1/traces")):
        raise ValueError("leads to one signal only: leave out `/v1/…`, which is put behind it")
    return text.rstrip("/")


def is_private(endpoint: str) -> bool:
    """Whether what is sent there can be read by nobody on the way."""
    found = urlsplit(endpoint)
    return found.scheme == "https" or found.hostname in LOOPBACK


def headers(text: str) -> dict[str, str]:
    """Return the headers that are written.

    Raises:
        ValueError: they are none; the words quote nothing of them.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        match = HEADER.fullmatch(part.strip())
        if match is None:
            raise ValueError("is not `name=value`, with commas between several")
        found[match[1].lower()] = match[2].strip()
    return found
