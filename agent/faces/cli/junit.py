"""What `policy test` found as JUnit XML, as Jenkins, GitLab and GitHub's actions read it.

One suite for each policy, one test for each case, and one for each thing that all of its cases together have
to be. Names are an author's, whose YAML can hold any character in an escape: what XML cannot have, or what
acts on a terminal, is written as an escape.
"""

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from agent.faces.cli.tested import Checked, Tested
from agent.model.errors import SettingsError
from agent.scrub.visible import visible

LINE = 4000
"""Characters of one attribute."""


def write(path: Path, tested: Tested) -> None:
    """Write the file.

    Raises:
        SettingsError: it cannot be written.
    """
    try:
        path.write_bytes(document(tested))
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`--junit {path}` cannot be written: {why}") from error


def document(tested: Tested) -> bytes:
    """Return the document."""
    root = Element("testsuites", {"name": "air-agent policy test", **_counts(tested.checks)})
    for suite in dict.fromkeys(check.suite for check in tested.checks):
        checks = tuple(check for check in tested.checks if check.suite == suite)
        inner = SubElement(root, "testsuite", {"name": _clean(suite), **_counts(checks)})
        for check in checks:
            _test_case(inner, check)
    indent(root)
    whole: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return whole + b"\n"


def _test_case(suite: Element, check: Checked) -> None:
    one = SubElement(
        suite,
        "testcase",
        {
            "name": _clean(check.name),
            "classname": _clean(check.suite),
            "file": _clean(check.file),
            "line": str(check.line),
            "time": f"{check.seconds:.4f}",
        },
    )
    if check.failure:
        kind = "error" if check.is_broken else "failure"
        told = SubElement(one, kind, {"message": _clean(check.failure), "type": kind})
        told.text = _clean(f"{check.file}:{check.line}:{check.column}: {check.failure}")
    elif check.skipped:
        SubElement(one, "skipped", {"message": _clean(check.skipped)})


def _counts(checks: tuple[Checked, ...]) -> dict[str, str]:
    failed = [check for check in checks if check.failure]
    errors = sum(check.is_broken for check in failed)
    return {
        "tests": str(len(checks)),
        "failures": str(len(failed) - errors),
        "errors": str(errors),
        "skipped": str(sum(bool(check.skipped) for check in checks)),
        "time": f"{sum(check.seconds for check in checks):.4f}",
    }


def _clean(text: str) -> str:
    return visible(text, LINE)
