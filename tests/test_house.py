"""The style is a test: what a machine can check about the house."""

import ast
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

from agent.judge.layout import is_policy

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "agent").rglob("*.py"))
SHAPELESS = {"utils", "helpers", "common", "misc", "base", "core", "types"}
SHAPELESS_PARTS = ("Manager", "Helper", "Handler", "Processor", "Service", "Abstract", "Impl")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_no_file_is_long_or_shapeless() -> None:
    assert len(SOURCES) > 500

    assert [path for path in SOURCES if path.stem in SHAPELESS] == []
    assert [path for path in SOURCES if len(path.read_text().splitlines()) > 400] == []


def test_no_function_is_long() -> None:
    functions = [
        (path, node)
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert [
        f"{path}:{node.lineno} {node.name}"
        for path, node in functions
        if node.end_lineno is None or node.end_lineno - node.lineno >= 60
    ] == []


def test_no_name_of_a_class_is_shapeless() -> None:
    classes = [
        (path, node) for path in SOURCES for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)
    ]

    assert [
        f"{path}:{node.lineno} {node.name}"
        for path, node in classes
        if node.name.startswith("Base") or any(part in node.name for part in SHAPELESS_PARTS)
    ] == []


def test_nothing_that_judges_waits() -> None:
    judging = [path for path in SOURCES if {"judge", "model"} & set(path.parts)]
    assert judging

    assert [
        path
        for path in judging
        if any(isinstance(node, ast.Await | ast.AsyncFunctionDef) for node in ast.walk(tree_of(path)))
    ] == []


def test_packages_hold_one_docstring_and_import_nothing() -> None:
    packages = [path for path in SOURCES if path.name == "__init__.py"]
    assert packages

    assert [
        path for path in packages if len(tree_of(path).body) != 1 or not ast.get_docstring(tree_of(path))
    ] == []


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
