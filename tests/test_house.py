"""The style is a test: what a machine can check about the house."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agent.judge.layout import is_policy

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "agent").rglob("*.py"))
SHAPELESS = {"utils", "helpers", "common", "misc", "base", "core", "types"}
SHAPELESS_PARTS = ("Manager", "Helper", "Handler", "Processor", "Service", "Abstract", "Impl")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_long_or_shapeless(path: Path) -> None:
    assert path.stem not in SHAPELESS

    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_long_and_no_name_is_shapeless(path: Path) -> None:
    tree = ast.parse(path.read_text())

    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 60, f"{path}:{node.lineno} {node.name}"
        if isinstance(node, ast.ClassDef):
            assert not node.name.startswith("Base"), node.name
            assert not any(part in node.name for part in SHAPELESS_PARTS), node.name


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if {"judge", "model"} & set(p.parts)], ids=lambda path: path.name
)
def test_nothing_that_judges_waits(path: Path) -> None:
    tree = ast.parse(path.read_text())

    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Await | ast.AsyncFunctionDef)]


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.name == "__init__.py"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_packages_hold_one_docstring_and_import_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text())

    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


def test_every_policy_has_its_cases() -> None:
    policies = [p for p in (ROOT / "policies").glob("*.yaml") if is_policy(str(p))]

    assert len(policies) >= 8
    assert [p.name for p in policies if not p.with_name(f"{p.stem}.cases.yaml").exists()] == []


def test_every_package_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found = {".".join(p.parent.relative_to(ROOT).parts) for p in SOURCES if p.name == "__init__.py"}

    listed = set(project["tool"]["setuptools"]["packages"])

    assert listed == found | {"agent.shipped_policies"}


def test_every_file_that_is_not_code_is_in_the_wheel() -> None:
    """What is missing there only a person notices who installs it without `-e`: the demo does not start then."""
    carried = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    folders = {package: ROOT.joinpath(*package.split(".")) for package in carried}
    folders["agent.shipped_policies"] = ROOT / "policies"

    listed = {
        path for package, folder in folders.items() for each in carried[package] for path in folder.glob(each)
    }

    beside = [path for top in ("agent", "policies") for path in (ROOT / top).rglob("*") if path.is_file()]
    found = {path for path in beside if path.suffix not in {".py", ".pyc"}}
    assert len(found) > 60
    assert found - listed == set()


def test_imports_point_downwards() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
