"""What a test needs to write policies and have them linted: say only what matters."""

from collections.abc import Mapping
from datetime import datetime

from agent.judge.cases import parse_cases
from agent.judge.layout import CASES
from agent.judge.lint.lint import lint
from agent.judge.parse import parse_set
from agent.model.remark import Remark
from tests.judge.writing import NOW, chains_of, policy_file

LIMITS = "limits: {actions: 20/h}\n"
QUIET = frozenset({"no-cases", "no-reason", "approve-without-limits", "approve-without-ceiling"})
"""What most tests do not speak of."""


def remarks(
    *policies: bytes, lists: Mapping[str, bytes] | None = None, now: datetime = NOW
) -> tuple[Remark, ...]:
    """Return every remark on the policies, which are in `0.yaml`, `1.yaml` and so on."""
    files = (
        {f"{at}.yaml": data for at, data in enumerate(policies)} | chains_of(*policies) | dict(lists or {})
    )
    cases = [parse_cases(file, data) for file, data in files.items() if file.endswith(CASES)]
    return lint(parse_set(files), cases, now)


def told(*policies: bytes, lists: Mapping[str, bytes] | None = None, now: datetime = NOW) -> list[str]:
    """Return place, code and message of each remark that most tests speak of."""
    return [
        f"{one.line}:{one.column} {one.code}: {one.message}"
        for one in remarks(*policies, lists=lists, now=now)
        if one.code not in QUIET
    ]


def codes(
    match: str, *, lists: Mapping[str, bytes] | None = None, now: datetime = NOW, **more: str
) -> list[str]:
    """Return the codes of the remarks on a policy with these conditions, without those of most policies."""
    found = remarks(policy_file(match, **more), lists=lists, now=now)
    return [one.code for one in found if one.code not in QUIET]
