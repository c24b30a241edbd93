"""Settings files and the environment to the settings of one tenant, or of many."""

from collections.abc import Mapping
from pathlib import Path

from agent.model.errors import SettingsError
from agent.settings.collecting import Collecting
from agent.settings.fields import fields
from agent.settings.roster import FleetSettings, TenantFiles
from agent.settings.subjects import Settings

LOGIN = "auth"
"""The section whose secrets only a login needs."""

AUDIT = "audit"
"""The section whose secret only those need who write the audit or check it."""

WEB = "web"
"""The section whose secret only those need who show the pages."""

TELEMETRY = "telemetry"
"""The section whose secret only those need who send to a collector."""

HEALTH = "health"
"""The section whose secret only the agent itself needs."""

RUNS = frozenset({LOGIN, AUDIT, TELEMETRY, HEALTH})
"""The sections whose secrets the agent itself needs."""

APART = frozenset({LOGIN, AUDIT, WEB, TELEMETRY, HEALTH})
"""The sections whose secrets not everybody needs."""


def load(
    path: Path | None, environ: Mapping[str, str], *, needs: frozenset[str] = RUNS, tenant: str | None = None
) -> Settings:
    """Return the settings of this file, if there is one, overridden by the environment, and then by the tenant's own file.

    Secrets of `APART` sections are read only where they are needed, and not missed elsewhere.

    Relative paths are counted from the folder of the file that they stand in, so that the same file means the same
    ledger wherever the agent is started; those in the environment from the working directory. An empty variable is none.

    Args:
        path: the file; None for the environment alone.
        environ: the environment.
        needs: the sections whose secrets are needed.
        tenant: which of many tenants is meant; None where there is one.

    Raises:
        SettingsError: something is missing or wrong; one line for each thing.
    """
    shared = _shared(path, environ, needs)
    directory = shared.directory
    if directory is not None:
        return TenantFiles(shared, directory).settings_of(tenant)
    if tenant is not None:
        raise SettingsError(
            f"`--tenant {tenant}` names one of many tenants, but `tenants.directory` is not set: leave it out"
        )
    return shared.settings()


def load_fleet(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    needs: frozenset[str] = RUNS,
    known: FleetSettings | None = None,
) -> FleetSettings:
    """Return the settings of every tenant; of one that is the only one too.

    What is wrong with one of many tenants is told with it and stops no other.

    Args:
        path: as of `load`.
        environ: as of `load`.
        needs: as of `load`.
        known: what was loaded before: tenants of which nothing changed are taken from it.

    Raises:
        SettingsError: something of what all share is missing or wrong, or it cannot be said who the tenants are.
    """
    shared = _shared(path, environ, needs)
    directory = shared.directory
    if directory is not None:
        return TenantFiles(shared, directory).fleet(known)
    return FleetSettings.of_one(shared.settings())


def _shared(path: Path | None, environ: Mapping[str, str], needs: frozenset[str]) -> Collecting:
    unread = {one.name for one in fields() if one.is_secret and one.section in APART - needs}
    collecting = Collecting(unread)
    if path is not None:
        collecting.read_file(path)
    collecting.read_environment(environ)
    return collecting
