"""What is installed from a lock is of one version and of known hashes, and is what the project asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
AGENT = ROOT / "deploy" / "requirements.lock"
TOOLS = ROOT / "deploy" / "container" / "tools.lock"
PROVE = ROOT / "deploy" / "container" / "prove.lock"


def locked(path: Path) -> dict[str, str]:
    """Return the version of each package; every entry has to be one version with hashes."""
    text = path.read_text(encoding="utf-8")
    entries = re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)(?: ;.*)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.M
    )
    other = [line for line in text.splitlines() if line and not line.startswith(("    --hash=sha256:", "#"))]
    first = {f"{name}=={version}" for name, version, _ in entries}
    loose = [line for line in other if line.split()[0] not in first]
    assert not loose, loose
    return {canonicalize_name(name): version for name, version, _ in entries}


def asked(path: Path) -> list[Requirement]:
    """Return what a lock is made of."""
    if path == TOOLS:
        lines = (path.parent / "tools.in").read_text().splitlines()
        return [Requirement(line) for line in lines if not line.startswith("#")]
    optional = PROJECT["optional-dependencies"]
    return [
        Requirement(one)
        for one in (
            optional["prove"]
            if path == PROVE
            else [*PROJECT["dependencies"], *optional["postgres"], *optional["otlp"]]
        )
    ]


@pytest.mark.parametrize("path", [AGENT, TOOLS, PROVE], ids=lambda path: path.name)
def test_a_lock_has_what_was_asked_for_in_the_versions_that_were(path: Path) -> None:
    found = locked(path)

    for one in asked(path):
        version = found.get(canonicalize_name(one.name))
        assert version is not None, (
            f"{one.name} is missing from {path.name}: lock it anew, as deploy/README.md says"
        )
        assert one.specifier.contains(version), f"{one} is locked as {version}: lock it anew"


@pytest.mark.parametrize("path", [AGENT, TOOLS, PROVE], ids=lambda path: path.name)
def test_a_lock_names_no_place_to_fetch_from(path: Path) -> None:
    assert not re.findall(r"https?:|index-url|find-links|file:", path.read_text())


def test_a_lock_without_a_hash_is_seen(tmp_path: Path) -> None:
    loose = tmp_path / "loose.lock"
    loose.write_text(AGENT.read_text() + "requests==2.0\n")

    with pytest.raises(AssertionError, match="requests==2"):
        locked(loose)
