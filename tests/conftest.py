"""What tests in several folders share."""

from collections.abc import Iterator

import pytest

from tests.postgresql import Postgres, server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with server() as running:
        yield running
