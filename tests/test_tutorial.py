"""The README's tutorial works as it is typed in."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALLING = re.compile(r"^pip install '\.\[prove\]'$", re.M)
"""The one line that the tests' own installation has done already."""


def blocks() -> list[str]:
    """Return what the tutorial has its reader type."""
    [section] = re.findall(r"^## Write your first policy\n(.*?)^## ", README, re.M | re.S)
    return re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S)


def test_the_tutorial_works_when_typed_in_as_written(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    typed = "\n".join(blocks())
    assert len(INSTALLING.findall(typed)) == 1
    script = "set -eo pipefail\n" + INSTALLING.sub("", typed)
    command = tmp_path / "bin" / "air-agent"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m agent "$@"\n')
    command.chmod(0o755)
    places = {"PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "160"}

    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=os.environ | places,
        capture_output=True,
        text=True,
        check=False,
    )

    said = done.stdout
    assert done.returncode == 0, said[-3000:] + done.stderr
    assert "no-cases" in said
    assert "not yet" in said
    assert "17 policies in tutorial/policies load, 190 cases hold" in said
    assert "5 of 5 seen" in said
    assert re.search(r"^[1-9]\d* actions flip$", said, re.M), said
    assert re.search(r"^ +[1-9]\d*  approve -> escalate$", said, re.M), said
    assert re.search(r"^messages deleted: \d+ more, [1-9]\d* fewer", said, re.M), said
    assert "21 proved" in said
    assert "What would have changed it" in said
