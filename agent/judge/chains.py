"""Chain files: whom an escalation is told to, when, whose answers count, and what becomes of it without any.

A chain is checked as strictly as a policy, since what is wrong with one shows at night and on the last day: a step
that never comes, a channel that is not there, people of whom nobody can answer. No chain approves by itself.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from agent.judge.literals import Wrong, duration, guid, hours, integer, line, text, word, yes_no, zone
from agent.judge.parts import Parts, Report, inside, items, name
from agent.judge.quote import counted
from agent.judge.strict_yaml import Mapping_, Node, Scalar, shown
from agent.judge.strict_yaml import Sequence as List
from agent.model.chain import (
    Approvers,
    Chain,
    Fallback,
    Grouping,
    LastChance,
    QuietHours,
    Repeat,
    Step,
    Urgency,
)
from agent.model.mark import Mark
from agent.model.pending import LIFETIME
from agent.model.policy import MOST_APPROVERS

KEYS = frozenset(
    {
        "chain",
        "description",
        "owner",
        "group",
        "wait",
        "steps",
        "repeat",
        "acknowledged",
        "hours",
        "approvers",
        "lastChance",
    }
)
OF_STEP = frozenset({"after", "notify", "urgency"})
OF_REPEAT = frozenset({"every", "times"})
OF_ACKNOWLEDGED = frozenset({"quiet"})
OF_HOURS = frozenset({"quiet", "zone", "unless"})
OF_APPROVERS = frozenset({"need", "from", "notRequester", "valid"})
OF_LAST_CHANCE = frozenset({"before", "decide", "notify"})

MOST_STEPS = 20
MOST_CHANNELS = 20
"""Channels of one step."""
MOST_NAMED = 100
"""Roles and users whose answers count."""
MOST_REPEATS = 50
LEAST_APART = timedelta(minutes=5)
"""Between two repeats: sooner, nobody has looked yet."""
LONGEST_WAIT = timedelta(hours=1)
LEAST_LAST_CHANCE = timedelta(minutes=15)
"""Before Defender's deadline: later, nobody who is told could still answer."""
LONGEST_ROLE = 120
USUAL_WAIT, USUAL_QUIET = timedelta(minutes=1), timedelta(hours=1)

NOTIFY = "notify: [pagerduty-secops]"
STEPS = "steps: [{notify: [teams-secops]}, {after: 15m, notify: [pagerduty-secops], urgency: high}]"
REPEAT = "repeat: {every: 4h, times: 3}"
ACKNOWLEDGED = "acknowledged: {quiet: 1h}"
HOURS = 'hours: {quiet: "22:00-06:00", zone: Europe/Berlin, unless: [high]}'
APPROVERS = "approvers: {need: 1, from: [role:SecOps.Approver]}"
LAST_CHANCE = "lastChance: {before: 24h, decide: escalate}"

SILENCE = "silence never approves: write `escalate`, `handOff` or `reject`"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that a chain names, and where."""

    channel: str
    mark: Mark


class ChainFile(msgspec.Struct, frozen=True, kw_only=True):
    """One chain file, and every place where it names a channel."""

    noun: Chain
    named: tuple[Named, ...]


def chain_file(file: str, root: Node, report: Report) -> ChainFile:
    """Return the chain that the file holds; what is wrong with a part of it is reported, and reading goes on.

    Raises:
        Wrong: the file is no chain.
    """
    if not isinstance(root, Mapping_):
        raise Wrong(root.mark, "a chain file has the keys `chain` and `steps`")
    parts = Parts(root, report)
    parts.close(KEYS)
    named: list[Named] = []
    steps = parts.needed("steps", f"write `{STEPS}`", lambda node: _steps(node, named, report)) or ()
    noun = Chain(
        name=parts.needed("chain", "it names the chain", name) or "",
        description=parts.read("description", lambda node: line(node, "a description")) or "",
        owner=parts.read("owner", lambda node: line(node, "an owner")) or "",
        group=parts.read("group", _group) or Grouping.INCIDENT,
        wait=_wait(parts, steps),
        steps=steps,
        repeat=parts.read("repeat", lambda node: _repeat(node, report)),
        quiet=parts.read("acknowledged", lambda node: _acknowledged(node, report)) or USUAL_QUIET,
        hours=parts.read("hours", lambda node: _hours(node, report)),
        approvers=parts.read("approvers", lambda node: _approvers(node, report)) or Approvers(),
        last_chance=parts.read("lastChance", lambda node: _last_chance(node, named, report)) or LastChance(),
        file=file,
        mark=root.mark,
    )
    return ChainFile(noun=noun, named=tuple(named))


def _group(node: Node) -> Grouping:
    return Grouping(word(node, "what shares one page", set(Grouping)))


def _urgency(node: Node) -> Urgency:
    return Urgency(word(node, "an urgency", set(Urgency)))


def _within_week(node: Node) -> timedelta:
    """Return a duration that can pass before Defender drops the action."""
    found = duration(node)
    if found >= LIFETIME:
        raise Wrong(node.mark, "Defender keeps an action pending for 7 days: write less than `7d`")
    return found


def _wait(parts: Parts, steps: Sequence[Step]) -> timedelta:
    found = parts.read("wait", _wait_of)
    if found is None:
        return USUAL_WAIT
    if found > LONGEST_WAIT:
        message = "the first notice would wait for longer than an hour: write `1h` or less"
        parts.report(Wrong(parts.mark_of("wait"), message))
    elif len(steps) > 1 and found >= steps[1].after > timedelta(0):
        message = "the second step comes before the first notice: write less than its `after`"
        parts.report(Wrong(parts.mark_of("wait"), message))
    return found


def _wait_of(node: Node) -> timedelta:
    is_none = isinstance(node, Scalar) and node.text == "0m"
    return timedelta(0) if is_none else duration(node)


def _steps(node: Node, named: list[Named], report: Report) -> tuple[Step, ...]:
    if isinstance(node, List) and not node.items:
        raise Wrong(node.mark, f"a chain without a step tells nobody: write `{STEPS}`")
    found: list[Step] = []
    for at, item in enumerate(items(node, STEPS, MOST_STEPS)):
        try:
            found.append(_step(item, found[-1] if found else None, named, report, is_first=at == 0))
        except Wrong as wrong:
            report(wrong)
    return tuple(found)


def _step(node: Node, before: Step | None, named: list[Named], report: Report, *, is_first: bool) -> Step:
    parts = inside(node, OF_STEP, f"{{after: 15m, {NOTIFY}}}", report)
    after = parts.read("after", _within_week)
    if is_first and "after" in parts.given:
        message = "the first step is taken at once: leave `after` out; `wait` says how long its notice waits"
        report(Wrong(parts.mark_of("after"), message))
    elif not is_first and "after" not in parts.given:
        message = "`after` is missing: say how long after the page was opened this step comes, such as `15m`"
        report(Wrong(parts.root.mark, message))
    elif after is not None and before is not None and after <= before.after:
        message = (
            "this step comes no later than the one before it, and both count from the opening of the page"
        )
        report(Wrong(parts.mark_of("after"), f"{message}: write a longer `after`"))
    notify = parts.needed("notify", f"write `{NOTIFY}`", lambda one: _notify(one, named, report))
    return Step(
        after=after or (before.after if before is not None else timedelta(0)),
        notify=notify or (),
        urgency=parts.read("urgency", _urgency) or Urgency.NORMAL,
        mark=parts.root.mark,
    )


def _notify(node: Node, named: list[Named], report: Report) -> tuple[str, ...]:
    found: list[str] = []
    for item in items(node, NOTIFY, MOST_CHANNELS):
        try:
            channel = line(item, "the name of a channel")
        except Wrong as wrong:
            report(wrong)
            continue
        if channel in found:
            report(Wrong(item.mark, f"`{shown(channel)}` is told already: leave it out here"))
            continue
        found.append(channel)
        named.append(Named(channel=channel, mark=item.mark))
    return tuple(found)


def _repeat(node: Node, report: Report) -> Repeat | None:
    parts = inside(node, OF_REPEAT, REPEAT, report)
    every = parts.needed("every", f"write `{REPEAT}`", _every)
    times = parts.needed("times", f"write `{REPEAT}`", lambda one: integer(one, 1, MOST_REPEATS))
    return None if every is None or times is None else Repeat(every=every, times=times)


def _every(node: Node) -> timedelta:
    found = _within_week(node)
    if found < LEAST_APART:
        raise Wrong(node.mark, "people need time to look before they are told again: write `5m` or longer")
    return found


def _acknowledged(node: Node, report: Report) -> timedelta:
    parts = inside(node, OF_ACKNOWLEDGED, ACKNOWLEDGED, report)
    return parts.needed("quiet", f"write `{ACKNOWLEDGED}`", _within_week) or USUAL_QUIET


def _hours(node: Node, report: Report) -> QuietHours | None:
    parts = inside(node, OF_HOURS, HOURS, report)
    quiet = parts.needed("quiet", f"write `{HOURS}`", hours)
    in_zone = parts.needed("zone", "name a time zone such as `Europe/Madrid`", zone)
    unless = parts.read("unless", lambda one: _unless(one, report))
    if quiet is None or in_zone is None:
        return None
    return QuietHours(
        hours=quiet,
        zone=in_zone,
        unless=frozenset({Urgency.HIGH}) if unless is None else unless,
        wording=line(parts.given["quiet"]),
    )


def _unless(node: Node, report: Report) -> frozenset[Urgency]:
    if not isinstance(node, List):
        raise Wrong(
            node.mark, "a list of urgencies is asked for: write `[high]`, or `[]` to keep quiet for all"
        )
    found: set[Urgency] = set()
    for item in node.items:
        try:
            found.add(_urgency(item))
        except Wrong as wrong:
            report(wrong)
    return frozenset(found)


def _approvers(node: Node, report: Report) -> Approvers:
    parts = inside(node, OF_APPROVERS, APPROVERS, report)
    usual = Approvers()
    need = parts.read("need", lambda one: integer(one, 1, MOST_APPROVERS)) or usual.need
    roles, users = parts.needed("from", f"write `{APPROVERS}`", lambda one: _from(one, report)) or ((), ())
    if users and not roles and need > len(users):
        people = counted(len(users), "user is", "users are")
        message = (
            f"{need} different people have to approve, and {people} named: nothing could ever be approved"
        )
        report(Wrong(parts.mark_of("need"), f"{message}: name more, or a role, or ask for fewer"))
    is_apart = parts.read("notRequester", yes_no)
    return Approvers(
        need=need,
        roles=roles,
        users=users,
        not_requester=usual.not_requester if is_apart is None else is_apart,
        valid=parts.read("valid", _within_week) or usual.valid,
    )


def _from(node: Node, report: Report) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the roles and the users whose answers count."""
    found: dict[str, list[str]] = {"role": [], "user": []}
    for item in items(node, "from: [role:SecOps.Approver]", MOST_NAMED):
        try:
            kind, who = _who(item)
            if who in found[kind]:
                raise Wrong(item.mark, f"`{shown(who)}` is named already: leave it out here")
        except Wrong as wrong:
            report(wrong)
        else:
            found[kind].append(who)
    return tuple(found["role"]), tuple(found["user"])


def _who(node: Node) -> tuple[str, str]:
    if isinstance(node, Mapping_):
        raise Wrong(node.mark, "write `role:NAME` or `user:ID` without a space after the colon")
    written = text(node, "whose answers count").strip()
    kind, _, who = written.partition(":")
    if kind == "user":
        part = Scalar(text=who, is_plain=False, mark=node.mark)
        return kind, guid(part, "the object id of a user in Entra")
    if kind == "role":
        if not who.isascii() or not who.isprintable() or " " in who or not 0 < len(who) <= LONGEST_ROLE:
            raise Wrong(
                node.mark, f"`{shown(who)}` is not the value of an app role, such as `SecOps.Approver`"
            )
        return kind, who
    if kind == "group":
        raise Wrong(node.mark, "groups are not asked: give the group an app role, and write `role:NAME`")
    raise Wrong(
        node.mark, f"`{shown(written)}` does not say whose answers count: write `role:NAME` or `user:ID`"
    )


def _last_chance(node: Node, named: list[Named], report: Report) -> LastChance:
    parts = inside(node, OF_LAST_CHANCE, LAST_CHANCE, report)
    usual = LastChance()
    return LastChance(
        before=parts.read("before", _before) or usual.before,
        decide=parts.read("decide", _fallback) or usual.decide,
        notify=parts.read("notify", lambda one: _notify(one, named, report)) or (),
    )


def _before(node: Node) -> timedelta:
    found = duration(node)
    if found >= LIFETIME:
        message = "the last chance would come before anybody was asked: Defender keeps an action for 7 days"
        raise Wrong(node.mark, f"{message}: write less than `7d`")
    if found < LEAST_LAST_CHANCE:
        raise Wrong(node.mark, "nobody could still answer in that time: write `15m` or longer")
    return found


def _fallback(node: Node) -> Fallback:
    if isinstance(node, Scalar) and node.text.strip().casefold() in ("approve", "approved"):
        raise Wrong(node.mark, SILENCE)
    return Fallback(word(node, "what a last chance decides", set(Fallback)))
