"""That a ledger was restored from a backup, and what it does not remember since."""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """The time between one backup and its restore. `is_known` is whether the audit told all that was sent in it."""

    at: datetime
    """When it was restored."""
    backup_at: datetime
    is_known: bool


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """Every gap, oldest first; and for which actions more was done in them than is remembered, in words."""

    gaps: tuple[Gap, ...]
    actions: Mapping[str, str] = {}
    departed: Mapping[str, int] = {}
    """By action, of how many targets more than the ledger tells of something left."""
