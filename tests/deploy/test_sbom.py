"""The parts list of the image is made as the container file makes it, and is what CycloneDX asks for."""

import json
import re
import subprocess
import sys
from pathlib import Path

from jsonschema import Draft7Validator
from referencing import Registry, Resource

ROOT = Path(__file__).parent.parent.parent
HERE = ROOT / "deploy" / "container"
BOM, JSF = "bom-1.6.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"


def tools_in(place: Path) -> None:
    """Install the locked tools of the build, as the build does it.

    In a folder of their own: among the tests' packages they would slow down whatever imports `jsonschema`.
    """
    command = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-compile",
    ]
    subprocess.run(
        [sys.executable, *command, "--target", str(place), "-r", str(HERE / "tools.lock")], check=True
    )


def rules(tools: Path) -> Draft7Validator:
    """Return CycloneDX's own schema, which comes with the tools; their validator would take four seconds to be imported."""
    folder = tools / "cyclonedx" / "schema" / "_res"
    read = {name: json.loads((folder / name).read_text()) for name in (BOM, "spdx.SNAPSHOT.schema.json", JSF)}
    home = read[BOM]["$id"].rpartition("/")[0]
    named = [(f"{home}/{name}", Resource.from_contents(found)) for name, found in read.items()]
    return Draft7Validator(read[BOM], registry=Registry().with_resources(named))


def run(tools: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env={"PYTHONPATH": str(tools), "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_locked_package_is_in_a_parts_list_that_cyclonedx_takes(tmp_path: Path) -> None:
    """In one test: the tools are installed for it, which takes seconds."""
    tools, file = tmp_path / "tools", tmp_path / "air-agent.cdx.json"
    tools_in(tools)
    locked = re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / "deploy" / "requirements.lock").read_text(), re.M
    )
    options = [
        "--no-validate",
        "--pyproject",
        "pyproject.toml",
        "--output-reproducible",
        "--output-format",
        "JSON",
    ]

    run(
        tools,
        "-m",
        "cyclonedx_py",
        "requirements",
        *options,
        "--output-file",
        str(file),
        "deploy/requirements.lock",
    )

    found = json.loads(file.read_text())
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert [error.message for error in rules(tools).iter_errors(found)] == []
    wrong = found | {"components": [found["components"][0] | {"type": "librery"}]}
    assert ["librery" in error.message for error in rules(tools).iter_errors(wrong)] == [True]
    assert found["metadata"]["component"]["name"] == "air-agent"
    assert {(one["name"], one["version"]) for one in found["components"]} == set(locked)
    assert all(reference["hashes"] for one in found["components"] for reference in one["externalReferences"])


def test_the_container_file_makes_it_by_the_same_program() -> None:
    build = (HERE / "Dockerfile").read_text()

    assert (
        "cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-format JSON"
        in build
    )
    assert "FROM scratch AS sbom" in build
