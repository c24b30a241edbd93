"""Remarks as SARIF 2.1.0, which code scanning reads.

Source: OASIS SARIF 2.1.0, and GitHub's list of the properties that its code scanning uses. Columns count
characters, which SARIF has to be told. A fingerprint has no line in it, so that a remark stays the same one
when its file grows above it.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.judge.lint.rules import RULES, Code, Rule
from agent.model.remark import Remark
from agent.scrub.visible import visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "airAgentRemark/v1"
LONGEST = 2_000


def sarif(remarks: Sequence[Remark], *, version: str, here: Path) -> dict[str, Any]:
    """Return the log of one run; files inside the folder `here` are named from there."""
    codes = [code.value for code in RULES]
    seen: Counter[str] = Counter()
    results = []
    for one in remarks:
        result = _result(one, codes, here)
        mark = _fingerprint(one, uri_of(one.file, here))
        seen[mark] += 1
        results.append(result | {"partialFingerprints": {FINGERPRINT: f"{mark}:{seen[mark]}"}})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "air-agent",
                        "version": version,
                        "rules": [_rule(rule) for rule in RULES.values()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True}],
                "results": results,
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code.value,
        "name": "".join(word.capitalize() for word in rule.code.split("-")),
        "shortDescription": {"text": _sentence(rule.finds)},
        "fullDescription": {"text": f"{_sentence(rule.finds)} {_sentence(rule.why)}"},
        "help": {
            "text": f"{_sentence(rule.why)} To mend it: {rule.mend}.",
            "markdown": f"{_sentence(rule.why)}\n\n**To mend it:** {rule.mend}.",
        },
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": ["policy"]},
    }


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _result(one: Remark, codes: Sequence[str], here: Path) -> dict[str, Any]:
    return {
        "ruleId": one.code,
        "ruleIndex": codes.index(Code(one.code)),
        "level": one.severity.value,
        "message": {"text": visible(one.told, LONGEST)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri_of(one.file, here)},
                    "region": {"startLine": one.line, "startColumn": one.column},
                }
            }
        ],
    }


def _fingerprint(one: Remark, uri: str) -> str:
    whole = f"{one.code}\x1f{uri}\x1f{one.message}"
    return sha256(whole.encode(errors="backslashreplace")).hexdigest()[:32]


def uri_of(file: str, here: Path) -> str:
    """Return the file as SARIF names it: from `here` where it lies inside, else whole."""
    path = named_from(file, here)
    if path.is_absolute():
        return f"file://{quote(path.as_posix(), errors='surrogateescape')}"
    return quote(path.as_posix(), errors="surrogateescape")


def named_from(file: str, here: Path) -> Path:
    """Return the path from the folder, where the file lies inside it; else the whole path."""
    path = Path(file)
    whole = path if path.is_absolute() else here / path
    parts: list[str] = []
    for part in whole.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    plain = Path(*parts)
    return plain.relative_to(here) if plain.is_relative_to(here) else plain
