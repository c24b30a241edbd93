"""What tests in several folders share.

Their folders lie in memory where there is room: nobody pulls the plug here, and each ledger waits for the disk at every
commit, which took most of the time of most tests. `PYTEST_DEBUG_TEMPROOT` says otherwise.
"""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.postgresql import Postgres, server

MEMORY = Path("/dev/shm")

ROOM = 4 * 2**30
"""Bytes that must be free there; all tests together need a tenth."""


def _takes_folders(place: Path) -> bool:
    """Whether there is room at this place, and what is put there may be run."""
    if not place.is_dir() or shutil.disk_usage(place).free < ROOM:
        return False
    return not os.statvfs(place).f_flag & os.ST_NOEXEC


if _takes_folders(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


YOUNG = 20_000
"""Objects made since the last look for garbage before there is another one."""


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make, not again and again among all that was imported and collected for them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with server() as running:
        yield running


SET_UP: list[object] = []
"""How tests set the log up: the files that lines go to are not closed behind whoever still writes to them."""


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """Have no test log where another one set the log up to go: that may be closed by then."""
    yield
    if structlog.is_configured():
        SET_UP.append(structlog.get_config())
        structlog.reset_defaults()
