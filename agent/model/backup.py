"""A backup of one tenant's ledger: what stands in its manifest, and what is found when it is checked or restored."""

from datetime import datetime

import msgspec

from agent.model.audit import Verdict

FORMAT = 1
"""The form of the file that this version writes, and the newest that it reads."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the ledger: its columns but for the tenant's, in their order, and the SHA-256 of its rows as written."""

    name: str
    columns: tuple[str, ...]
    rows: int
    digest: str


class ChainEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Where one chain of the audit ended, and how far it had been shipped.

    `is_alive` is whether the replica that it is of was at work: what it did afterwards is in its audit file, or unknown.
    """

    replica: str
    number: int
    mac: str
    shipped: int
    is_alive: bool


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `schema` is the revision of its tables, `key` the fingerprint of the audit's key."""

    format: int
    version: str
    schema: str
    tenant_id: str
    at: datetime
    key: str
    tables: tuple[Kept, ...]
    chains: tuple[ChainEnd, ...]

    @property
    def rows(self) -> int:
        """How many rows all tables have together."""
        return sum(table.rows for table in self.tables)


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """What the shipped audit tells of the time after a backup.

    `unknown` says why it does not tell all that was sent; empty where it does.
    """

    entries: int = 0
    calls: int = 0
    until: datetime | None = None
    """The moment of the last entry; None where there is none."""
    actions: int = 0
    """For how many actions more was done than the backup knows."""
    unknown: str = ""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a backup. `faults` are of the file and of how its tables refer to each other."""

    manifest: Manifest
    audit: Verdict
    faults: tuple[str, ...] = ()
    since: Since = Since()

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults and self.audit.holds
