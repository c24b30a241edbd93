"""The roots of trust are read once, from where whoever runs the agent says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.adapters import trust
from tests.adapters.loopback import certificate


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Have them read anew, and again afterwards."""
    trust.roots.cache_clear()
    yield
    trust.roots.cache_clear()


def test_roots_are_read_once() -> None:
    assert trust.roots() is trust.roots()


def test_roots_of_ones_own_are_the_only_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, _ = certificate(tmp_path, "own.contoso.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    found = trust.roots().get_ca_certs()

    assert len(found) == 1
