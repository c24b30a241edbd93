"""The container file is linted, builds only from what is named by its digest, and installs only what is locked with hashes."""

import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HERE = ROOT / "deploy" / "container"
DOCKERFILE = HERE / "Dockerfile"
TEXT = DOCKERFILE.read_text(encoding="utf-8")
DIGEST = re.compile(r"[a-z0-9./-]+(:[A-Za-z0-9._-]+)?@sha256:[0-9a-f]{64}")
FINAL = TEXT.rpartition("\nFROM ")[2]


def hadolint(file: Path) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    assert tool is not None
    command = [tool, "--no-color", "--config", str(HERE / "hadolint.yaml"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def instructions(word: str, text: str = TEXT) -> list[str]:
    """Return what follows each instruction of this name, its continued lines joined."""
    return re.findall(rf"^{word} (.*)$", re.sub(r"\s*\\\n\s*", " ", text), re.M)


def test_hadolint_finds_nothing() -> None:
    done = hadolint(DOCKERFILE)

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ("@sha256:9d2e", ":latest #", "DL3007"),
        ("WORKDIR /src", "WORKDIR src", "DL3000"),
        ('ENTRYPOINT ["/usr/local/bin/air-agent"]', "ENTRYPOINT /usr/local/bin/air-agent", "DL3025"),
    ],
)
def test_hadolint_would_find_something(tmp_path: Path, good: str, bad: str, rule: str) -> None:
    wrong = re.sub(r"^ARG BUILD_IMAGE=.*\n", "", TEXT, flags=re.M).replace(
        "FROM ${BUILD_IMAGE}", "FROM docker.io/library/python:latest"
    )
    file = tmp_path / "Dockerfile"
    file.write_text(wrong if rule == "DL3007" else TEXT.replace(good, bad))

    done = hadolint(file)

    assert done.returncode == 1
    assert rule in done.stdout


def test_every_base_is_named_once_and_by_its_digest() -> None:
    named = dict(one.split("=", 1) for one in instructions("ARG") if one.partition("=")[0].endswith("_IMAGE"))

    assert set(named) == {"BUILD_IMAGE", "RUN_IMAGE"}
    assert all(DIGEST.fullmatch(image) for image in named.values())
    bases = [one.split()[0] for one in instructions("FROM")]
    assert bases == ["${BUILD_IMAGE}", "scratch", "${RUN_IMAGE}"]


def test_both_bases_have_the_same_python_and_the_same_debian() -> None:
    build, run = (one for one in instructions("ARG") if "_IMAGE=" in one)

    assert "python:3.13-slim-trixie@" in build
    assert "python3-debian13:nonroot@" in run, "Debian 13 has Python 3.13, and is called trixie"
    assert "python3.13" in TEXT
    assert "3.11" not in TEXT


def test_nothing_is_installed_but_what_is_locked() -> None:
    (first, second) = (one for one in instructions("RUN") if "pip" in one and "--require-hashes" in one)
    rest = [one for one in instructions("RUN") if " install " in one and one not in (first, second)]

    assert "--only-binary :all:" in first
    assert "--only-binary :all:" in second
    assert len(rest) == 1
    assert "--no-deps --no-index /wheels" in rest[0]
    assert not re.search(r"\b(apt|apt-get|curl|wget)\b", " ".join(instructions("RUN")))


def test_the_last_stage_is_not_root_and_asks_for_no_shell() -> None:
    assert instructions("USER", FINAL) == ["65532:65532"]
    for word in ("ENTRYPOINT", "CMD", "RUN"):
        for one in instructions(word, FINAL):
            assert json.loads(one)
    assert json.loads(re.search(r"HEALTHCHECK .*?CMD (\[[^\n]*\])", FINAL, re.S)[1])[0] == "/usr/bin/python3"  # type: ignore[index]
    assert instructions("STOPSIGNAL", FINAL) == ["SIGTERM"]
    assert instructions("VOLUME", FINAL) == ["/var/lib/air-agent"]


def test_the_version_is_the_agents() -> None:
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    chart = (ROOT / "deploy/helm/air-agent/Chart.yaml").read_text()

    assert version is not None
    assert f'org.opencontainers.image.version="{version[1]}"' in TEXT
    assert f"\nversion: {version[1]}\nappVersion: {version[1]}\n" in chart


def test_what_is_copied_is_there_and_let_in() -> None:
    lines = (HERE / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = [line[1:] for line in lines if line.startswith("!")]

    assert lines[1] == "*"
    for one in instructions("COPY"):
        *sources, _ = [word for word in one.split() if not word.startswith("--")]
        for source in () if "--from=" in one else sources:
            assert (ROOT / source).exists(), source
            assert any(fnmatch(source, pattern) for pattern in let_in), source
    assert all(list(ROOT.glob(pattern)) for pattern in let_in)


def test_the_command_starts_isolated() -> None:
    script = (HERE / "air-agent").read_text()

    assert script.startswith("#!/usr/bin/python3 -IBu\n")
    assert (HERE / "air-agent").stat().st_mode & 0o111 == 0o111
