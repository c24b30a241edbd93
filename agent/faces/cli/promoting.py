"""`policy promote`, `demote` and `reinstate`: whether a policy's decisions count, changed by a person, and told to the audit.

Promotion shows what speaks for it first, line by line, and writes only where all of that is met. What is written is one
line of one file; to commit it is the person's.
"""

import asyncio
from pathlib import Path

import msgspec
from msgspec.structs import replace
from rich.console import Console

from agent.adapters.rewriting import require_writable, rewrite
from agent.audit.entries import of_mode
from agent.compose import open_ledger_as_it_is
from agent.connecting import clock_of
from agent.faces.cli import checking, proving, testing
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.ground import Ground, is_shared, named, place_of
from agent.faces.cli.ground import of_settings as ground_of
from agent.faces.cli.holding import writing
from agent.faces.cli.kinds import kind_of
from agent.faces.cli.options import loaded_to_audit
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.person import person
from agent.faces.cli.testing import FILES
from agent.faces.cli.typed import is_typed
from agent.faces.holding import reason_of
from agent.faces.promotion import Found, found_of
from agent.judge.fallen import beside, fell_back, standing, with_tenants
from agent.judge.literals import GUID
from agent.judge.parse import parse_set
from agent.judge.promotion.bar import Checks, bar_of, no_longer_overruled
from agent.judge.promotion.line import with_mode
from agent.judge.promotion.parts import asked_part, of_part, require_whole, widened
from agent.judge.strict_yaml import shown
from agent.loop.tightening import require_tight
from agent.model.errors import PolicyError, SettingsError
from agent.model.fallback import Fallback
from agent.model.policy import Mode, Part, Policy
from agent.model.promotion import Asked as Line
from agent.model.promotion import Evidence
from agent.model.proof import Outcome
from agent.model.remark import Severity

LONGEST = 2_000
PROVING = 10.0
"""Seconds for each question to the solver."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command was asked for."""

    policy: str
    kinds: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    is_agreed: bool = False
    settings: Path | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of one file, before and after; both are empty where nothing is to be written."""

    file: str
    line: int
    before: str
    after: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints of a promotion."""

    policy: str
    where: str
    bar: tuple[Line, ...]
    evidence: Evidence
    is_met: bool
    fallback: Fallback | None
    """The one that stood; it ends once this is written."""
    change: Change
    is_written: bool


# Promote


def promote(asked: Asked, *, as_json: bool) -> None:
    """Show what speaks for the policy, and write that it enforces once that is enough and somebody says so."""
    ground = ground_of(asked.settings)
    policy = named(ground.policies, asked.policy)
    part = asked_part(policy, _part(asked))
    _require_own(ground, policy, part)
    after = widened(policy, part)
    change, data = _change(ground, policy, Mode.ENFORCE, after)
    found, others = asyncio.run(_asked_of(ground, policy, part))
    if found.fallback is not None:
        require_whole(policy, part, after)
    now = clock_of(ground.settings).now()
    bar = bar_of(
        policy,
        part,
        others,
        found.evidence,
        _checks(ground, policy),
        ground.settings.promote.bar(),
        now,
        is_unmended=found.is_unmended,
    )
    is_met = all(one.is_met for one in bar)
    known = Shown(
        policy=policy.name,
        where=of_part(part),
        bar=bar,
        evidence=found.evidence,
        is_met=is_met,
        fallback=found.fallback,
        change=change,
        is_written=False,
    )
    out = console(stderr=as_json)
    if not as_json or not asked.is_agreed:
        _tell_bar(out, known)
    if not is_met:
        _end(known, as_json=as_json, words="not met: nothing was written")
    if not data and found.fallback is None:
        _end(
            known,
            as_json=as_json,
            words=f"it enforces {of_part(after)} already: nothing is to be written",
            code=0,
        )
    _tell_change(out, change)
    if data:
        require_writable(place_of(ground, policy)[0], Path(policy.file))
    what = "write this line" if data else "let it count again as its file says"
    if not asked.is_agreed and not is_typed(out, "yes", what):
        _end(known, as_json=as_json, words="nothing was written")
    told = "; ".join(f"{one.name}: {one.found}" for one in bar)
    asyncio.run(_write(ground, policy, change, data, told, fallback=found.fallback))
    _end(
        replace(known, is_written=True),
        as_json=as_json,
        words=_afterwards(ground, policy, change, found),
        code=0,
    )


def _require_own(ground: Ground, policy: Policy, part: Part) -> None:
    """See that what is known of one tenant decides for none of the others. Raises SettingsError where it would."""
    if is_shared(ground, policy) and part.tenants is None:
        own = f"`--tenant {ground.settings.tenant.id}`"
        raise SettingsError(
            f"`{policy.name}` is a policy of the base, which tenants share: name this one with {own}"
        )


def _part(asked: Asked) -> Part:
    kinds = frozenset(map(kind_of, asked.kinds))
    for word in asked.tenants:
        if GUID.fullmatch(word) is None:
            raise SettingsError(f"`--tenant {shown(word)}` is not the id of a tenant, which is a GUID")
    return Part(
        kinds=kinds or None,
        tenants=frozenset(word.lower() for word in asked.tenants) or None,
    )


async def _asked_of(ground: Ground, policy: Policy, part: Part) -> tuple[Found, tuple[Policy, ...]]:
    """Return what the ledger says of the policy, and all policies with those that fell back as such."""
    settings = ground.settings
    async with open_ledger_as_it_is(settings) as ledger:
        found = await found_of(
            ledger,
            ledger.archive,
            ground.policies,
            policy,
            part,
            tenant_id=settings.tenant.id,
            now=clock_of(settings).now(),
        )
        fallen = standing(await ledger.fallbacks())
    whole = parse_set(
        {**ground.files, **beside(ground.policies.policies, with_tenants(ground.policies, fallen))}
    )
    return found, whole.policies


def _checks(ground: Ground, policy: Policy) -> Checks:
    """Return how the cases of the policy, the proofs of the set and its check fare."""
    folder, base = place_of(ground, policy)
    tested = testing.rehearsed(testing.Asked(path=folder, base=base))
    ours = [one for one in tested.checks if one.suite in (policy.name, FILES)]
    checked, _ = checking.checked_at(folder, base, tenant=ground.settings.tenant.id)
    errors = [one for one in checked.problems if one.severity is Severity.ERROR]
    proofs, proved = _proofs(folder, base)
    return Checks(
        cases=tuple(f"{one.file}:{one.line}: {one.name}: {one.failure}" for one in ours if one.failure),
        tried=sum(one.is_case for one in ours),
        proofs=proofs,
        proved=proved,
        errors=tuple(map(str, errors)),
    )


def _proofs(folder: Path, base: Path | None) -> tuple[tuple[str, ...], int]:
    """Return which claims are not proved, and how many are."""
    try:
        found = proving.proofs_of(folder, base, timeout=PROVING)
    except (SettingsError, PolicyError) as error:
        return (str(error).splitlines()[0],), 0
    wrong = [one for one in found if one.outcome is not Outcome.PROVED]
    return (
        tuple(f"{one.claim.file}:{one.claim.mark.line}: {one.claim.name}: {one.outcome}" for one in wrong),
        len(found) - len(wrong),
    )


# Demote and reinstate


def demote(asked: Asked, *, as_json: bool) -> None:
    """Write that the policy observes."""
    ground = ground_of(asked.settings)
    policy = named(ground.policies, asked.policy)
    if is_shared(ground, policy):
        place = f"`{policy.file}:{policy.mark_of('mode').line}`"
        raise SettingsError(
            f"`{policy.name}` is a policy of the base, which tenants share: change `mode` by hand in {place}"
        )
    change, data = _change(ground, policy, Mode.OBSERVE, Part())
    if data:
        require_writable(ground.folder, Path(policy.file))
        asyncio.run(_write(ground, policy, change, data, "", fallback=None))
    freed = _freed(ground, policy, data) if data else ()
    if as_json:
        print_json(
            {
                "policy": policy.name,
                "change": change,
                "isWritten": bool(data),
                "noLongerOverruled": [one.name for one in freed],
            }
        )
        return
    out = console()
    if not data:
        out.print(safe(f"`{policy.name}` observes already: nothing was written"), soft_wrap=True)
        return
    _tell_change(out, change)
    out.print(safe(_takes_up(ground, ground.folder), limit=LONGEST), soft_wrap=True)
    for one in freed:
        words = f"mind: `{one.name}` enforces, and is not overruled by it any more: `air-agent policy demote {one.name}`"
        out.print(safe(words, limit=LONGEST), soft_wrap=True)


def _freed(ground: Ground, policy: Policy, data: bytes) -> tuple[Policy, ...]:
    """Return what goes on enforcing, and could be overruled by this policy until it was written so."""
    policies = parse_set({**ground.files, policy.file: data}, folder=str(ground.folder))
    return no_longer_overruled(
        named(policies, policy.name), policies.policies, clock_of(ground.settings).now()
    )


def reinstate(path: Path | None, policy: str, reason: str, *, as_json: bool) -> None:
    """Let a policy count again that fell back; end with 1 where it did not."""
    settings = loaded_to_audit(path)
    why, now = reason_of(reason), clock_of(settings).now()
    if not why:
        raise SettingsError("the reason is empty: say in a few words why it may count again")
    has_ended = writing(settings, lambda ledger: ledger.end_fallback(policy, person(), why, now))
    words = (
        f"`{policy}` counts again as its file says: an agent goes by that with its next look"
        if has_ended
        else f"`{policy}` did not fall back: nothing was changed; `air-agent status` names those that did"
    )
    if as_json:
        print_json({"policy": policy, "hasEnded": has_ended})
    else:
        console().print(safe(words, limit=LONGEST), soft_wrap=True)
    if not has_ended:
        raise Ending(FINDINGS)


# What both have


def _change(ground: Ground, policy: Policy, mode: Mode, part: Part) -> tuple[Change, bytes]:
    """Return the line that changes, and the whole file then; nothing where it says so already."""
    before = ground.files[policy.file]
    after = with_mode(policy.file, before, mode, part)
    if after == before:
        return Change(file=policy.file, line=policy.mark_of("mode").line, before="", after=""), b""
    files = {**ground.files, policy.file: after}
    parse_set(files, folder=str(ground.folder))
    require_tight(files, tenant=ground.settings.tenant.id, enforces_observers=False)
    old, new = before.decode().split("\n"), after.decode().split("\n")
    at = next(at for at, line in enumerate(new) if at >= len(old) or line != old[at])
    is_new = len(new) > len(old)
    was = "" if is_new else old[at].rstrip("\r")
    return Change(file=policy.file, line=at + 1, before=was, after=new[at].rstrip("\r")), after


async def _write(
    ground: Ground, policy: Policy, change: Change, data: bytes, bar: str, *, fallback: Fallback | None
) -> None:
    """Tell the audit, write the line, and end the fallback: in this order, so that nothing is done untold."""
    settings, by = ground.settings, person()
    now = clock_of(settings).now()
    async with open_ledger_as_it_is(settings) as ledger:
        if data:
            before, after = change.before.strip() or "(observes by default)", change.after.strip()
            await ledger.audit([of_mode(policy.name, before, after, bar, by, now)])
            try:
                rewrite(place_of(ground, policy)[0], Path(policy.file), ground.files[policy.file], data)
            except SettingsError:
                failed = "it could not be written: it says what it said"
                await ledger.audit([of_mode(policy.name, after, before, failed, by, now)])
                raise
        if fallback is not None:
            await ledger.end_fallback(policy.name, by, f"promoted again: {bar}", now)


def _tell_bar(out: Console, one: Shown) -> None:
    out.print(safe(f"{one.policy}, {one.where}", "bold", limit=LONGEST), soft_wrap=True)
    if one.fallback is not None:
        out.print(safe(fell_back(one.fallback), "yellow", limit=LONGEST), soft_wrap=True)
    width = max(len(line.name) for line in one.bar)
    for line in one.bar:
        mark, style = ("met", "green") if line.is_met else ("missing", "red")
        words = f"{mark:<8} {line.name:<{width}}  {line.asked}: {line.found}"
        out.print(safe(words, style, limit=LONGEST), soft_wrap=True)
        if line.missing:
            out.print(safe(f"{'':<8} {'':<{width}}  missing: {line.missing}", limit=LONGEST), soft_wrap=True)


def _tell_change(out: Console, change: Change) -> None:
    if not change.after:
        return
    out.print(safe(f"{change.file}:{change.line}", limit=LONGEST), soft_wrap=True)
    if change.before:
        out.print(safe(f"- {change.before}", "red", limit=LONGEST), soft_wrap=True)
    out.print(safe(f"+ {change.after}", "green", limit=LONGEST), soft_wrap=True)


def _afterwards(ground: Ground, policy: Policy, change: Change, found: Found) -> str:
    parts = [_takes_up(ground, place_of(ground, policy)[0])] if change.after else []
    if found.fallback is not None:
        parts.append("its fallback has ended")
    if ground.settings.mode is Mode.OBSERVE:
        parts.append("the agent itself only observes, by `mode: observe` in its settings")
    return "; ".join(parts)


def _takes_up(ground: Ground, folder: Path) -> str:
    return (
        f"written, and not committed: an agent that reads `{folder}` takes it up within"
        f" {ground.settings.policies.reload_every.total_seconds():.0f} s"
    )


def _end(known: Shown, *, as_json: bool, words: str, code: int = FINDINGS) -> None:
    """Say what came of it, and end with this code."""
    if as_json:
        print_json(known)
    else:
        console().print(safe(words, limit=LONGEST), soft_wrap=True)
    raise Ending(code)
