"""`doctor --all`: every tenant of a fleet, a few at a time, and of each what does not pass."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from agent.connecting import clock_of
from agent.faces.cli.doctoring import Told, document, exit_of, for_tenant, tell, without_settings
from agent.faces.cli.failures import FINDINGS, OUT_OF_REACH, WRONG_USE, Ending
from agent.faces.cli.logs import configure
from agent.faces.cli.options import loaded_fleet
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.person import person
from agent.faces.cli.progress import bar
from agent.faces.doctor.examining import examine
from agent.judge.quote import counted
from agent.model.checkup import Check, Grade
from agent.model.errors import SettingsError
from agent.settings.roster import TenantSettings
from agent.settings.subjects import Log, LogFormat, LogLevel

AT_ONCE = 8
"""Tenants looked at at the same time: most of a look is waiting for Microsoft."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one tenant."""

    name: str
    checks: tuple[Check, ...]
    code: int
    told: Told

    @property
    def grade(self) -> Grade:
        """The worst of its checks."""
        grades = {one.grade for one in self.checks}
        return next((one for one in (Grade.FAIL, Grade.WARN) if one in grades), Grade.PASS)


def doctor(path: Path | None, *, sends: bool, as_json: bool) -> None:
    """Look at every tenant, tell what does not pass, and end with what came of all of them."""
    fleet = loaded_fleet(path)
    shared = next((one.settings for one in fleet.tenants if one.settings is not None), None)
    if shared is not None:
        configure(Log(format=LogFormat.CONSOLE, level=LogLevel.WARNING), clock_of(shared).now)
    found = asyncio.run(_every(fleet.tenants, sends=sends))
    if as_json:
        print_json({"tenants": {one.name: one.told for one in found}, "exit": code_of(found)})
    else:
        out = console()
        for one in found:
            _tell(out, one)
        out.print(safe(_summary(found, sends=sends), "bold"), soft_wrap=True)
    if code := code_of(found):
        raise Ending(code)


def code_of(found: Sequence[Looked]) -> int:
    """Return 3 where Microsoft was out of reach for one of them, 1 where anything fails, else 0."""
    codes = {one.code for one in found}
    if OUT_OF_REACH in codes:
        return OUT_OF_REACH
    return FINDINGS if codes & {FINDINGS, WRONG_USE} else 0


async def _every(tenants: Sequence[TenantSettings], *, sends: bool) -> list[Looked]:
    """Look at a few at a time, and return them in their order."""
    room = asyncio.Semaphore(AT_ONCE)
    first = next((one for one in tenants if one.settings is not None), None)
    with bar("tenants") as advance:
        done = 0

        async def one(tenant: TenantSettings) -> Looked:
            nonlocal done
            async with room:
                looked = await _one(tenant, sends=sends, of_process=tenant is first)
            done += 1
            advance(done, len(tenants))
            return looked

        return list(await asyncio.gather(*(one(each) for each in tenants)))


async def _one(tenant: TenantSettings, *, sends: bool, of_process: bool) -> Looked:
    if tenant.settings is None:
        checks, code = without_settings(SettingsError(tenant.problem)), WRONG_USE
    else:
        looks = examine(tenant.settings, sends=sends, by=person(), of_process=of_process)
        checks = tuple([one async for one in looks])
        code = exit_of(checks)
    checks = tuple(for_tenant(one, tenant.name) for one in checks)
    told = document(tenant.settings, checks, sends=sends, code=code)
    return Looked(name=tenant.name, checks=checks, code=code, told=told)


def _tell(out: Console, one: Looked) -> None:
    """Print what of a tenant does not pass; what was skipped says nothing that the failure before it does not."""
    out.print(safe(f"{one.name}: {one.grade}", "bold"))
    for check in one.checks:
        seen = tuple(each for each in check.seen if each.grade in {Grade.WARN, Grade.FAIL})
        if seen:
            tell(out, msgspec.structs.replace(check, seen=seen))


def _summary(found: Sequence[Looked], *, sends: bool) -> str:
    grades = Counter(one.grade for one in found)
    tenants = counted(len(found), "tenant", "tenants")
    said = ", ".join(
        f"{grades[grade]} {grade}" for grade in (Grade.PASS, Grade.WARN, Grade.FAIL) if grades[grade]
    )
    written = (
        "tests were sent through the channels, and nothing else written" if sends else "nothing was written"
    )
    return f"{tenants}: {said}; {written}"
