"""What tests in several folders share."""

from collections.abc import Iterator

import pytest
import structlog

from tests.postgresql import Postgres, server


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
