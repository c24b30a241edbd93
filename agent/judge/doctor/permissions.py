"""What a token's permissions are, against what is needed: which are missing, and which are too many."""

from collections.abc import Collection, Iterable, Iterator

from agent.judge.doctor.needs import Need, Weight, every, known_for, needs
from agent.judge.quote import counted, quote
from agent.model.checkup import Features, Seen, failed, passed, warned
from agent.model.permission import OF_MAILBOXES, SEND_MAIL, UNLIMITED, Api, is_granted

GRANTS = "air-agent doctor --grants --format az | bash"
"""What grants whatever is missing."""

TIDY = "air-agent doctor --grants --format az | bash -s -- tidy"
"""What takes away whatever is too much."""

MOST = 12
"""Permissions in excess that are named one by one."""


def judge_permissions(features: Features, api: Api, granted: frozenset[str]) -> tuple[Seen, ...]:
    """Return what is missing and what is too much of one API's permissions, the worst first.

    Args:
        features: what of the agent is switched on.
        api: whose permissions they are.
        granted: those in the token.
    """
    wanted = [one for one in needs(features, granted) if one.permission.api is api]
    lacking = [one for one in wanted if not is_granted(one.permission.name, granted)]
    found = [
        *(_missing(one, api) for one in lacking if one.weight is Weight.REQUIRED),
        *_excess(features, api, granted, wanted),
        *(_missing(one, api) for one in lacking if one.weight is Weight.WANTED),
    ]
    return (*found, *_fine(api, wanted, lacking, has_findings=bool(found)))


def judge_delegated(granted: frozenset[str]) -> tuple[Seen, ...]:
    """Return what is to be said of a person's login: what it holds depends on the person, and changes with them."""
    words = (
        f"a person's own login, with {counted(len(granted), 'permission', 'permissions')}: it only observes"
    )
    return (
        warned(
            words, "for anything but trying out, set `auth.kind` to `managedIdentity` or `workloadIdentity`"
        ),
    )


def _missing(need: Need, api: Api) -> Seen:
    words = f"{need.permission} of {api} is not granted: {'; '.join(need.words)}"
    return (failed if need.weight is Weight.REQUIRED else warned)(words, GRANTS)


def _excess(
    features: Features, api: Api, granted: frozenset[str], wanted: Collection[Need]
) -> Iterator[Seen]:
    """Give what is granted and not needed: those that reach everything by themselves, all others together."""
    needed = frozenset(one.permission.name for one in wanted)
    # To read what may be written too is no more than what is granted anyway.
    extra = sorted(name for name in granted if not is_granted(name, needed))
    for name in extra:
        if name in UNLIMITED:
            yield failed(
                f"{quote(name)} is granted, and lets whoever has this login make themselves administrator of the "
                "whole tenant",
                TIDY,
            )
        elif name in OF_MAILBOXES:
            yield warned(f"{quote(name)} is granted in Entra ID: {_of_mailboxes(name, features)}", TIDY)
    rest = [name for name in extra if name not in UNLIMITED | OF_MAILBOXES]
    if rest:
        yield warned(_too_many(rest, api, features), TIDY)


def _of_mailboxes(name: str, features: Features) -> str:
    if name == SEND_MAIL.name and features.senders:
        return (
            "the agent can send as every mailbox of the tenant; scope it to "
            f"{', '.join(quote(one) for one in features.senders)} by Exchange's RBAC for Applications instead"
        )
    return "it reaches into every mailbox of the tenant, and nothing here needs it"


def _too_many(rest: list[str], api: Api, features: Features) -> str:
    told = ", ".join(quote(name) for name in rest[:MOST])
    more = f" and {len(rest) - MOST} more" if len(rest) > MOST else ""
    start = f"granted, and not needed as it is set: {told}{more} of {api}"
    ours = {one.name for one in every()}
    if not features.enforces and any(name in ours and known_for(name) for name in rest):
        return f"{start}; some are only needed in `mode: enforce`: grant them when you go there"
    return start


def _fine(
    api: Api, wanted: Collection[Need], lacking: Collection[Need], *, has_findings: bool
) -> Iterator[Seen]:
    held = [one for one in wanted if one not in lacking]
    left = [one for one in lacking if one.weight is Weight.OPTIONAL]
    words = f"{counted(len(held), 'permission', 'permissions')} of {api} granted and needed"
    if not has_findings:
        words = f"{words}, none missing and none too many"
    yield passed(words)
    if left:
        yield passed(f"optional, and not granted: {', '.join(_optional(left))}")


def _optional(left: Iterable[Need]) -> Iterator[str]:
    for one in left:
        yield f"{one.permission} ({one.words[0].removeprefix('optional: ')})"
