"""Which permissions the agent needs, by what of it is switched on: the one table, for checks, scripts and documents.

A permission is *required* where something that is switched on does not work without it, *wanted* where it works less
well, *optional* where somebody may choose to grant it. What is needed to change something is only needed to enforce; of
kinds of actions that no policy is for, it is optional: they are handed off to people then, which may be meant so.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum

import msgspec

from agent.model import permission as may
from agent.model.checkup import Features
from agent.model.pending import MAIL_KINDS, USER_KINDS, ActionKind
from agent.model.permission import Api, Permission


class Weight(StrEnum):
    """How much a permission is needed, the most first."""

    REQUIRED = "required"
    WANTED = "wanted"
    OPTIONAL = "optional"


MOST_FIRST = tuple(Weight)


class Side(StrEnum):
    """Which of two app registrations a permission is for, where reading and acting are kept apart."""

    READ = "read"
    ACT = "act"


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """What some permissions are for, as people read it, and how much that is needed."""

    permissions: tuple[Permission, ...]
    words: str
    weight: Callable[[Features], Weight | None]
    """None where it is not needed at all."""
    side: Side = Side.READ
    unless: Permission | None = None
    """What makes it optional where it is granted."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One permission that is needed: how much, and what for, the weightiest purpose first."""

    permission: Permission
    weight: Weight
    words: tuple[str, ...]
    side: Side


def _always(weight: Weight) -> Callable[[Features], Weight | None]:
    return lambda _: weight


def _to_enforce(features: Features) -> Weight | None:
    return Weight.REQUIRED if features.enforces else None


def _for(*kinds: ActionKind) -> Callable[[Features], Weight | None]:
    """Return how much is needed what carries these kinds out."""
    some = frozenset(kinds)

    def weight(features: Features) -> Weight | None:
        if not features.enforces:
            return None
        if some & features.enforced:
            return Weight.REQUIRED
        return Weight.WANTED if some & features.named else Weight.OPTIONAL

    return weight


def _where(
    fact: Callable[[Features], bool], weight: Callable[[Features], Weight | None]
) -> Callable[[Features], Weight | None]:
    return lambda features: weight(features) if fact(features) else None


def _administrators(features: Features) -> Weight | None:
    if not features.enforces:
        return None
    return Weight.WANTED if USER_KINDS & (features.enforced | features.named) else Weight.OPTIONAL


def _on_premises(features: Features) -> Weight | None:
    """Return how much accounts on premises are needed: whether the tenant has any nobody says, but for passwords."""
    if not features.enforces or not features.has_identity_accounts:
        return None
    return _for(ActionKind.FORCE_PASSWORD_RESET)(features)


def _applications(features: Features) -> Weight | None:
    if features.enforces and features.has_roles:
        return Weight.REQUIRED
    return Weight.OPTIONAL if features.has_secret else None


def _members(features: Features) -> Weight | None:
    if features.feeds_people or features.feeds_devices:
        return Weight.REQUIRED
    return Weight.WANTED if features.enforces and features.has_roles else None


def _people(features: Features) -> Weight | None:
    is_needed = features.feeds_people or (features.enforces and features.has_approvers)
    return Weight.REQUIRED if is_needed else None


PURPOSES: tuple[Purpose, ...] = (
    Purpose(
        permissions=(may.READ_INCIDENTS,),
        words="read incidents with their alerts",
        weight=_always(Weight.REQUIRED),
    ),
    Purpose(permissions=(may.READ_ALERTS,), words="the hourly sweep", weight=_always(Weight.REQUIRED)),
    Purpose(
        permissions=(may.HUNT,),
        words="one query for thousands of messages, and AIR's own rows; without it each message is looked up by itself",
        weight=_always(Weight.WANTED),
    ),
    Purpose(
        permissions=(may.READ_MAIL,),
        words="look up messages where hunting is not granted",
        weight=_where(lambda one: one.has_analyzed_emails, _always(Weight.REQUIRED)),
        unless=may.HUNT,
    ),
    Purpose(
        permissions=(may.WRITE_INCIDENTS,),
        words="only to enforce: comments and tags",
        weight=_to_enforce,
        side=Side.ACT,
    ),
    Purpose(
        permissions=(may.WRITE_ALERTS,),
        words="only to enforce: comments on alerts, and the classification that a policy names",
        weight=_to_enforce,
        side=Side.ACT,
    ),
    Purpose(
        permissions=(may.REMEDIATE_MAIL,),
        words="only to enforce: soft delete of mail, and moving it back",
        weight=_where(lambda one: one.has_analyzed_emails, _for(*MAIL_KINDS)),
        side=Side.ACT,
    ),
    Purpose(
        permissions=(may.SWITCH_RULES, may.READ_USERS, may.READ_DOMAINS),
        words="only to enforce: inbox rules that forward outside",
        weight=_for(ActionKind.DISABLE_FORWARDING),
        side=Side.ACT,
    ),
    Purpose(
        permissions=(may.SWITCH_USERS, may.REVOKE_SESSIONS, may.READ_USERS),
        words="only to enforce: accounts of Entra ID",
        weight=_for(ActionKind.DISABLE_USER, ActionKind.REVOKE_USER_SESSIONS),
        side=Side.ACT,
    ),
    Purpose(
        permissions=(may.READ_ROLES,),
        words="which accounts are administrators; without it every account counts as one, and is held",
        weight=_administrators,
        side=Side.ACT,
    ),
    Purpose(
        permissions=(may.READ_IDENTITIES, may.ACT_ON_IDENTITIES),
        words="only to enforce: accounts on premises",
        weight=_on_premises,
        side=Side.ACT,
    ),
    Purpose(
        permissions=(may.READ_MACHINES, may.QUARANTINE_FILES),
        words="only to enforce, and with `endpoint.enabled: true`: files",
        weight=_where(lambda one: one.endpoint, _for(ActionKind.QUARANTINE_FILE)),
        side=Side.ACT,
    ),
    Purpose(
        permissions=(may.READ_APPLICATIONS,),
        words="only to enforce what people approve: who has an approver's role now; and until when the client secret can be used",
        weight=_applications,
    ),
    Purpose(
        permissions=(may.SEARCH_AUDIT,),
        words="optional: who decided in Defender, where hunting does not say it",
        weight=_where(lambda one: one.has_audit_search, _always(Weight.OPTIONAL)),
    ),
    Purpose(
        permissions=(may.READ_MEMBERS,),
        words="only where a list names a group, or a group has an approver's role: who is in it",
        weight=_members,
    ),
    Purpose(
        permissions=(may.READ_USERS,),
        words="only for these: the addresses of a group's people, and whether an approver's account is enabled",
        weight=_people,
    ),
    Purpose(
        permissions=(may.READ_DEVICES,),
        words="only where a list of devices names a group: which devices these are",
        weight=_where(lambda one: one.feeds_devices, _always(Weight.REQUIRED)),
    ),
)
"""In the order in which people read them."""


def needs(features: Features, granted: frozenset[str] | None = None) -> tuple[Need, ...]:
    """Return every permission that is needed in any way, in the table's order, each once.

    Args:
        features: what is switched on.
        granted: the permissions that there are; None where they are to be granted by this.
    """
    found: dict[str, Need] = {}
    for purpose in PURPOSES:
        weight = purpose.weight(features)
        if weight is None:
            continue
        if purpose.unless is not None and (granted is None or purpose.unless.name in granted):
            weight = Weight.OPTIONAL
        for one in purpose.permissions:
            found[one.name] = _joined(found.get(one.name), one, weight, purpose)
    return tuple(found.values())


def _joined(earlier: Need | None, permission: Permission, weight: Weight, purpose: Purpose) -> Need:
    """Return the need with one purpose more; what is read for both sides is of the side that reads."""
    if earlier is None:
        return Need(permission=permission, weight=weight, words=(purpose.words,), side=purpose.side)
    is_more = MOST_FIRST.index(weight) < MOST_FIRST.index(earlier.weight)
    words = (purpose.words, *earlier.words) if is_more else (*earlier.words, purpose.words)
    return Need(
        permission=permission,
        weight=weight if is_more else earlier.weight,
        words=words,
        side=Side.READ if Side.READ in (earlier.side, purpose.side) else Side.ACT,
    )


def every() -> Iterator[Permission]:
    """Give every permission of the table once, in its order."""
    yield from {one.name: one for purpose in PURPOSES for one in purpose.permissions}.values()


def known_for(name: str) -> str:
    """Return what a permission of the table is for, in words; empty where it is not in it."""
    return next((one.words for one in PURPOSES if any(each.name == name for each in one.permissions)), "")


def table() -> str:
    """Return what each permission is for as a Markdown table, as the README shows it."""
    rows = [f"| {_named(one)} | {one.words} |" for one in PURPOSES]
    return "\n".join(["| permission | what for |", "| --- | --- |", *rows])


def _named(purpose: Purpose) -> str:
    names = ", ".join(f"`{one.name}`" for one in purpose.permissions)
    apis = {one.api for one in purpose.permissions} - {Api.GRAPH}
    return f"{names} (of {' and '.join(sorted(apis))}'s API)" if apis else names
