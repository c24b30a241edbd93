"""A report as JUnit XML, for CI that watches policies: one suite for each policy.

Each action that people rejected and the policy would have approved is a test that failed. Beside those each suite has one
test: that there are none; it is skipped where it is too few to say, as where a policy that was asked for decided nothing.
What people decided of an action being unknown says nothing of a policy, so that such actions are no tests; each suite
counts them among its properties.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from agent.faces.report.looser import Looser
from agent.faces.report.numbers import rated
from agent.judge.quote import moment
from agent.model.report import Group, Report
from agent.scrub.visible import visible

LINE = 4000
"""Characters of one text."""

IN_MEMORY = 1_000_000
"""Bytes of one policy's tests that are kept before they go to a file."""

AT_ONCE = 65_536
"""Characters that are copied at a time."""

CLAIM = "people rejected nothing that it would have approved"

Kept = Mapping[str, IO[str]]


async def as_tests(found: AsyncIterator[Looser], of: Callable[[], Report]) -> AsyncIterator[str]:
    """Give the document. The looser ones are gone through once, and lie in files by their policy meanwhile.

    `of` gives the report once all were gone through.
    """
    with ExitStack() as stack:
        kept: dict[str, IO[str]] = {}
        counts: dict[str, int] = {}
        async for one in found:
            for name in one.policies:
                if name not in kept:
                    spooled = SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8")  # noqa: SIM115  the stack closes it
                    kept[name] = stack.enter_context(spooled)
                counts[name] = counts.get(name, 0) + 1
                kept[name].write(_failed(name, one))
        report = of()
        named = dict.fromkeys((*report.policies_asked, *(one.name for one in report.policies)), 0)
        for part in _document(report, kept, named | counts):
            yield part


def _document(report: Report, kept: Kept, counts: Mapping[str, int]) -> Iterator[str]:
    groups = {one.name: one for one in report.policies}
    skipped = {name for name, count in counts.items() if not count and _is_few(groups.get(name))}
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    tests, failures = sum(map(_tests, counts.values())), sum(counts.values())
    yield f'<testsuites name="air-agent report" {_numbers(tests, failures, len(skipped))}>\n'
    for name in sorted(counts):
        count = counts[name]
        yield f" <testsuite name={_attribute(name)} {_numbers(_tests(count), count, int(name in skipped))}>\n"
        yield from _properties(report, groups.get(name))
        if name in kept:
            kept[name].seek(0)
            yield from _read(kept[name])
        else:
            yield _whole(name, groups.get(name), report.enough)
        yield " </testsuite>\n"
    yield "</testsuites>\n"


def _read(file: IO[str]) -> Iterator[str]:
    while part := file.read(AT_ONCE):
        yield part


def _tests(failures: int) -> int:
    """Return how many tests a suite has: each looser action, or that there are none."""
    return failures or 1


def _is_few(group: Group | None) -> bool:
    return group is None or group.agreement is None


def _properties(report: Report, group: Group | None) -> Iterator[str]:
    yield "  <properties>\n"
    found = {"since": moment(report.since), "until": moment(report.until)}
    if group is not None:
        tally = group.tally
        found |= {
            "actions": str(tally.actions),
            "compared": str(tally.compared),
            "agreed": str(tally.agreed),
            "stricter": str(tally.stricter),
            "looser": str(tally.looser),
            "undecided": str(tally.undecided),
            "agreement": rated(group.agreement),
            "risk": rated(group.risk),
        }
    for name, value in found.items():
        yield f"   <property name={_attribute(name)} value={_attribute(value)}/>\n"
    yield "  </properties>\n"


def _whole(policy: str, group: Group | None, enough: int) -> str:
    head = f"  <testcase name={_attribute(CLAIM)} classname={_attribute(policy)}"
    if not _is_few(group):
        return f"{head}/>\n"
    compared = 0 if group is None else group.tally.compared
    why = f"too few to say: {compared:,} compared, {enough:,} are enough"
    return f"{head}>\n   <skipped message={_attribute(why)}/>\n  </testcase>\n"


def _failed(policy: str, one: Looser) -> str:
    by = f" by {', '.join(one.by)}" if one.by else ""
    message = f"it would have approved, and people rejected {moment(one.at)}{by} ({one.told})"
    lines = (one.about, one.why, f"incident {one.incident_id} {one.incident_url or ''}".rstrip())
    told = "\n".join(escape(visible(line, LINE)) for line in lines if line)
    name = f"{one.action_id[:8]} {one.about}"
    return (
        f"  <testcase name={_attribute(name)} classname={_attribute(policy)}>\n"
        f'   <failure type="looser" message={_attribute(message)}>{told}</failure>\n'
        "  </testcase>\n"
    )


def _numbers(tests: int, failures: int, skipped: int) -> str:
    return f'tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}"'


def _attribute(text: str) -> str:
    return quoteattr(visible(text, LINE))
