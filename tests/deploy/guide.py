"""The shell blocks of deploy/README.md: those that a test runs, by name, and why the others are not run."""

import re
import textwrap
from pathlib import Path

TEXT = (Path(__file__).parent.parent.parent / "deploy" / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.M | re.S)
MARKED = re.compile(r"^ *<!-- (test|not run): ([^\n]+) -->\n( *)```sh\n(.*?)^ *```$", re.M | re.S)


def blocks() -> dict[str, str]:
    """Return the commands of each block that a test runs."""
    return {name: textwrap.dedent(body) for how, name, _, body in MARKED.findall(TEXT) if how == "test"}


def unmarked() -> list[str]:
    """Return the first line of each block of which nothing says whether it is run."""
    marked = {body for _, _, _, body in MARKED.findall(TEXT)}
    return [body.partition("\n")[0] for _, body in BLOCK.findall(TEXT) if body not in marked]


def everything() -> list[str]:
    """Return each command of every block, those that no test runs too."""
    return [command for _, _, _, body in MARKED.findall(TEXT) for command in _commands(textwrap.dedent(body))]


def commands(name: str) -> list[str]:
    """Return each command of a block on one line, without its comment."""
    return _commands(blocks()[name])


def _commands(block: str) -> list[str]:
    joined = block.replace("\\\n", " ")
    return [
        line.partition("  #")[0].strip()
        for line in joined.splitlines()
        if line.strip() and not line.startswith("#")
    ]
