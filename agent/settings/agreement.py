"""Settings that must agree with each other."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent.model.policy import Mode
from agent.model.schedule import Sent
from agent.settings.subjects import AuthKind, Cloud, Settings
from agent.settings.telemetry import headers, is_private
from agent.settings.web import is_near

PUBLISHED = 150
"""Requests to `/security` that Microsoft publishes as a tenant's most in one minute."""


class Disagreement(msgspec.Struct, frozen=True):
    """Two settings that cannot stand together: their names, the one to look at first, and what to do."""

    names: tuple[str, ...]
    words: str


def disagreements(settings: Settings) -> Iterator[Disagreement]:
    """Give everything in which these settings do not fit together."""
    yield from _what_only_the_simulator_takes(settings)
    yield from _what_the_simulator_needs(settings)
    yield from _when_time_runs_fast(settings)
    yield from _who_the_agent_is(settings)
    yield from _what_the_cloud_has(settings)
    yield from _where_the_ledger_lies(settings)
    yield from _where_the_pages_are(settings)
    yield from _where_channels_write(settings)
    yield from _where_reports_go(settings)
    yield from _where_telemetry_goes(settings)


def _what_only_the_simulator_takes(settings: Settings) -> Iterator[Disagreement]:
    if settings.graph.cloud is Cloud.SIMULATOR:
        return
    cloud = f"`graph.cloud` is `{settings.graph.cloud}`"
    if settings.policies.enforces_observers:
        yield Disagreement(
            ("policies.treat_as", "graph.cloud"),
            f"{cloud}: observing policies may count as enforcing against the simulator only: "
            "set `policies.treat_as: asWritten`",
        )
    if settings.graph.url is not None:
        yield Disagreement(
            ("graph.url", "graph.cloud"), f"{cloud}, which knows its own address: leave `graph.url` out"
        )
    if settings.graph.requests_per_minute > PUBLISHED:
        yield Disagreement(
            ("graph.requests_per_minute", "graph.cloud"),
            f"{cloud}, where Microsoft allows {PUBLISHED} a minute: set at most that",
        )
    if settings.clock.rate != 1:
        yield Disagreement(
            ("clock.rate", "graph.cloud"), f"{cloud}, which lives in real time: leave `clock.rate` out"
        )
    if settings.clock.epoch is not None:
        yield Disagreement(
            ("clock.epoch", "graph.cloud"), f"{cloud}, which lives in real time: leave `clock.epoch` out"
        )
    if settings.clock.until is not None:
        yield Disagreement(
            ("clock.until", "graph.cloud"), f"{cloud}, which lives in real time: leave `clock.until` out"
        )


def _what_the_simulator_needs(settings: Settings) -> Iterator[Disagreement]:
    if settings.graph.cloud is not Cloud.SIMULATOR:
        return
    if settings.graph.url is None:
        yield Disagreement(
            ("graph.url", "graph.cloud"), "is missing: write where `air-agent simulate` says that it is ready"
        )
    if settings.auth.kind is not AuthKind.CLIENT_SECRET:
        yield Disagreement(
            ("auth.kind", "graph.cloud"),
            "the simulator knows client secrets only: set `auth.kind: clientSecret`",
        )
    if settings.clock.rate != 1 and settings.clock.epoch is None:
        yield Disagreement(
            ("clock.epoch", "clock.rate"), "is missing: virtual time needs the moment at which it began"
        )


def _when_time_runs_fast(settings: Settings) -> Iterator[Disagreement]:
    clock = settings.clock
    if clock.until is not None and (clock.epoch is None or clock.until <= clock.epoch):
        yield Disagreement(
            ("clock.until", "clock.epoch"), "is not after `clock.epoch`: time would never have run fast"
        )


def _who_the_agent_is(settings: Settings) -> Iterator[Disagreement]:
    auth = settings.auth
    needs_id = auth.kind in {AuthKind.CERTIFICATE, AuthKind.CLIENT_SECRET}
    if needs_id and auth.client_id is None:
        yield Disagreement(("auth.client_id", "auth.kind"), f"is missing: `{auth.kind}` needs it")
    if auth.kind is AuthKind.CERTIFICATE and auth.certificate_path is None:
        yield Disagreement(("auth.certificate_path", "auth.kind"), "is missing: `certificate` needs it")
    if auth.kind is AuthKind.CLIENT_SECRET and auth.client_secret is None:
        yield Disagreement(
            ("auth.client_secret", "auth.client_secret_file", "auth.kind"),
            "is missing: set AIR_AGENT_CLIENT_SECRET, or name a file in `auth.client_secret_file`",
        )
    if auth.kind is not AuthKind.CLIENT_SECRET and auth.client_secret is not None:
        yield Disagreement(
            ("auth.client_secret", "auth.kind"),
            f"is set, but `auth.kind` is `{auth.kind}`: leave one of them out",
        )
    if auth.kind is not AuthKind.CERTIFICATE and auth.certificate_path is not None:
        yield Disagreement(
            ("auth.certificate_path", "auth.kind"),
            f"is set, but `auth.kind` is `{auth.kind}`: leave one of them out",
        )
    if auth.kind is AuthKind.AZURE_CLI and settings.mode is Mode.ENFORCE:
        yield Disagreement(
            ("auth.kind", "mode"),
            "the Azure CLI login is a person's own and only observes: set `mode: observe`, or another `auth.kind`",
        )


def _what_the_cloud_has(settings: Settings) -> Iterator[Disagreement]:
    if settings.endpoint.enabled and settings.graph.cloud in {Cloud.US_GOV_L4, Cloud.US_GOV_L5}:
        yield Disagreement(
            ("endpoint.enabled", "graph.cloud"),
            f"`graph.cloud` is `{settings.graph.cloud}`, whose Defender for Endpoint is not spoken to: "
            "leave `endpoint.enabled` out",
        )


def _where_the_ledger_lies(settings: Settings) -> Iterator[Disagreement]:
    if settings.ledger.password is not None and not settings.ledger.url.startswith("postgresql"):
        yield Disagreement(
            ("ledger.password", "ledger.url"), "is set, but SQLite has no password: leave one of them out"
        )


def _where_the_pages_are(settings: Settings) -> Iterator[Disagreement]:
    web = settings.web
    is_encrypted = settings.web_url().startswith("https://")
    if not is_near(web.listen) and not is_encrypted:
        yield Disagreement(
            ("web.listen", "web.url"),
            "is for other machines too: set `web.url` to the `https` address at which people open the pages",
        )
    if (web.certificate is None) != (web.certificate_key is None):
        given, missing = ("certificate_key", "certificate")[:: 1 if web.certificate is None else -1]
        yield Disagreement((f"web.{missing}", f"web.{given}"), f"is missing: `web.{given}` needs it")
    if web.certificate is not None and not is_encrypted:
        yield Disagreement(
            ("web.url", "web.certificate"),
            "is not `https`, which `web.certificate` is for: set it to the address that the certificate is of",
        )
    if web.idle > web.longest:
        yield Disagreement(("web.idle", "web.longest"), "is longer than `web.longest`: it would never end")


def _where_channels_write(settings: Settings) -> Iterator[Disagreement]:
    """Give what lies where channels may write: who writes their files could add to it."""
    folder = settings.escalation.files
    if folder is None:
        return
    ledger = settings.ledger.url.removeprefix("sqlite:///").replace("%25", "%")
    kept: dict[str, Path | None] = {
        "ledger.url": Path(ledger) if settings.ledger.url.startswith("sqlite:///") else None,
        "hold.file": settings.hold_file(),
        "audit.file": settings.audit.file,
        "audit.anchor": settings.audit.anchor,
        "log.file": settings.log.file,
        "policies.directory": settings.policies.directory,
        "policies.base": settings.policies.base,
        "tenants.directory": settings.tenants.directory,
    }
    folders = ("policies.directory", "policies.base", "tenants.directory")
    for name, path in kept.items():
        if path is None:
            continue
        is_read = name in folders and _lies_in(folder, path)
        if is_read or _lies_in(path, folder):
            yield Disagreement(
                ("escalation.files", name),
                f"`{name}` lies there too, and channels could write to it: name a folder with nothing else in it",
            )


def _lies_in(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _where_reports_go(settings: Settings) -> Iterator[Disagreement]:
    if settings.report.send is not Sent.NONE and settings.report.channel is None:
        yield Disagreement(
            ("report.channel", "report.send"),
            f"is missing: `report.send` is `{settings.report.send}`: name the channel that reports are sent through",
        )


def _where_telemetry_goes(settings: Settings) -> Iterator[Disagreement]:
    told = settings.telemetry
    if told.traces and told.endpoint is None:
        yield Disagreement(
            ("telemetry.endpoint", "telemetry.traces"),
            "is missing: `telemetry.traces` needs the collector that they are sent to",
        )
    if told.headers is None:
        return
    secret = ("telemetry.headers", "telemetry.headers_file", "telemetry.endpoint")
    try:
        headers(told.headers.reveal())
    except ValueError as error:
        yield Disagreement(secret, str(error))
    if told.endpoint is None:
        yield Disagreement(secret, "is set, but `telemetry.endpoint` is not: leave one of them out")
    elif not is_private(told.endpoint):
        yield Disagreement(
            secret,
            "is a secret, and `telemetry.endpoint` is not encrypted: write `https://`, which only this machine may do without",
        )
