"""Every shell block of deploy/README.md is run by a test or says why not; here those that need no machine of their own.

The blocks of `systemd` install a whole machine: `python -m tests.deploy systemd` runs them, CI does not. What these commands name is
held to what there is here too.
"""

import re
import shlex
from pathlib import Path

import yaml

from tests.deploy.charts import DIGEST, changed, rendered
from tests.deploy.guide import blocks, commands, everything, unmarked

ROOT = Path(__file__).parent.parent.parent
FILE = re.compile(r"(?:deploy|policies|agent|tests)(?:/[A-Za-z0-9._-]+)*/?|pyproject\.toml")
RUN_ELSEWHERE = {"systemd install", "systemd start", "systemd upgrade", "systemd use"}
RUN_HERE = {"kubernetes first", "kubernetes install", "kubernetes postgresql"}


def test_every_block_is_run_or_says_why_not() -> None:
    assert unmarked() == []
    assert set(blocks()) == RUN_HERE | RUN_ELSEWHERE


def test_every_file_that_a_command_names_is_there() -> None:
    for command in everything():
        for word in command.split():
            for path in (word, word.rpartition("=")[2].removeprefix("@")):
                if FILE.fullmatch(path):
                    assert (ROOT / path).exists(), command


def words_of(name: str, program: str) -> list[list[str]]:
    """Return the words of each command of a program in a block."""
    return [shlex.split(one) for one in commands(name) if one.startswith(f"{program} ")]


def made(block: str) -> dict[tuple[str, str], set[str]]:
    """Return the keys of every ConfigMap and Secret that a block's commands make, as `kubectl create` makes them."""
    found: dict[tuple[str, str], set[str]] = {}
    for words in words_of(block, "kubectl"):
        kind = {"configmap": "ConfigMap", "secret": "Secret"}.get(
            words[4] if words[3:4] == ["create"] else ""
        )
        if kind is None:
            continue
        keys = set()
        for word in words[5:]:
            source = word.removeprefix("--from-file=") if word.startswith("--from-file=") else ""
            if source.endswith("/"):
                keys |= {file.name for file in (ROOT / source).iterdir() if file.is_file()}
            elif source:
                keys.add(Path(source).name)
            elif word.startswith("--from-literal="):
                keys.add(word.removeprefix("--from-literal=").partition("=")[0])
        found[kind, next(word for word in words[5:] if word.startswith("air-agent"))] = keys
    return found


def asked_for(values: Path) -> dict[tuple[str, str], set[str]]:
    """Return the ConfigMaps and Secrets that pods of the chart need and the chart does not make, with the keys that they name."""
    found: dict[tuple[str, str], set[str]] = {}
    manifests = rendered(changed(yaml.safe_load(values.read_text()), {"image": {"digest": DIGEST}}))
    for manifest in manifests:
        for volume in manifest.get("spec", {}).get("template", {}).get("spec", {}).get("volumes", ()):
            if "configMap" in volume and volume["configMap"]["name"] != "air-agent":
                found.setdefault(("ConfigMap", volume["configMap"]["name"]), set())
            if "secret" in volume:
                keys = {item["key"] for item in volume["secret"].get("items", ())}
                found.setdefault(("Secret", volume["secret"]["secretName"]), set()).update(keys)
    return found


def test_what_the_first_install_needs_is_made_before_it() -> None:
    (copied,) = words_of("kubernetes first", "cp")
    (installed,) = words_of("kubernetes install", "helm")
    there = made("kubernetes first")

    assert installed[:5] == ["helm", "upgrade", "--install", "air-agent", "deploy/helm/air-agent"]
    assert installed[-1] == copied[-1]
    for what, keys in asked_for(ROOT / copied[1]).items():
        assert what in there, f"{what} is made by no command"
        assert keys <= there[what], what
    policies = there["ConfigMap", "air-agent-policies"]
    assert {file.name for file in (ROOT / "policies").glob("*.yaml")} <= policies


def test_what_postgresql_needs_is_made_before_it() -> None:
    (installed,) = words_of("kubernetes postgresql", "helm")
    there = made("kubernetes first") | made("kubernetes postgresql")
    by_git = {("Secret", "air-agent-policies-login")}

    for what, keys in asked_for(ROOT / installed[-1]).items():
        if what not in by_git:
            assert what in there, f"{what} is made by no command"
            assert keys <= there[what], what
