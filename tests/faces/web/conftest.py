"""A site to visit."""

import pytest

from tests.faces.web.house import House, a_house
from tests.loop.conftest import Bench, bench

__all__ = ["bench"]


@pytest.fixture
def house(bench: Bench) -> House:
    return a_house(bench)
