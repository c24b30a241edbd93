"""What nothing is done to by the agent alone: members of lists, administrators, the agent itself, domain controllers.

Lists hold for everything. Whoever puts a mailbox on one wants to be asked before anything happens in it, be
that the deletion of one message, or of what its own user sent.

Roles, the agent's own identity and domain controllers hold for accounts, rules and devices, and not for the
deletion of a malicious message. A role makes an account dangerous to lose: disabling an administrator may lock a
tenant out of itself. It makes no message in the administrator's inbox worth keeping; these are the inboxes that are
phished first, and to leave the phish there until somebody wakes up would protect the attacker. Who wants it
otherwise lists the mailbox.

Any role counts, since none is given to who needs none, and which of them could undo harm is not for a table here to
know. Roles that cannot be read count too. Whether a device is a domain controller is UNCONFIRMED in the API of
Defender for Endpoint: so a device whose platform is not known as one of workstations and phones counts as one.
"""

from collections.abc import Iterator

from agent.judge.quote import members, quote
from agent.judge.rails.listed import is_in
from agent.judge.rails.scene import Scene
from agent.model.decision import Guarded
from agent.model.enactment import DEVICE_EFFECTS, MAIL_EFFECTS, RULE_EFFECTS, Effect
from agent.model.permission import READ_ROLES
from agent.model.targets import Account, Device, Rules

WORKSTATIONS = frozenset(
    {"windows7", "windows8", "windows8.1", "windows81", "windows10", "windows11", "macos", "ios", "android"}
)
"""Platforms (`osPlatform`) on which no domain controller runs. Source: [MDE]; words not here count as servers."""


def protected(scene: Scene) -> Guarded | None:
    """Say what of that which would be touched is protected, and by what."""
    words = next(_by_lists(scene), None) or next(_by_what_it_is(scene), None)
    return None if words is None else Guarded(guard="protected", words=words)


def _by_lists(scene: Scene) -> Iterator[str]:
    if not scene.effects:
        return
    names = tuple(dict.fromkeys(_names(scene)))
    for one in scene.protected:
        if one.unknown:
            yield f"whether the list `{one.name}` has what would be touched is not known: {one.unknown}"
        if any(
            isinstance(known, Account) and known.addresses is None for known in (scene.found, scene.owner)
        ):
            yield f"whether the list `{one.name}` has the account is not known: its addresses could not be read"
        if scene.senders is None:
            yield f"whether the list `{one.name}` has the sender, whose own copy would go, is not known"
        for name in names:
            if is_in(one, name):
                yield f"{quote(name)} is protected by the list `{one.name}`"


def _names(scene: Scene) -> Iterator[str]:
    """Give every name by which something is known that would be touched."""
    for effect in scene.effects:
        yield from (name for pair in effect.targets for name in pair if name)
    found = scene.found
    if isinstance(found, Rules):
        yield from (found.user_id, found.address)
    elif isinstance(found, Account):
        yield from _names_of(found)
    elif isinstance(found, Device):
        yield from (found.id, *([found.name, found.name.partition(".")[0]] if found.name else ()))
    if scene.owner is not None:
        yield from _names_of(scene.owner)
    yield from sorted(scene.senders or ())


def _names_of(account: Account) -> Iterator[str]:
    yield from (
        name for name in (account.user_id, account.user_principal_name, *(account.addresses or ())) if name
    )


def _by_what_it_is(scene: Scene) -> Iterator[str]:
    others = [effect for effect in scene.effects if effect.kind not in MAIL_EFFECTS]
    if not others:
        return
    yield from _own(scene, others)
    if any(effect.kind in DEVICE_EFFECTS for effect in others):
        yield from _of_device(scene)
    if any(effect.kind not in DEVICE_EFFECTS for effect in others):
        yield from _of_account(
            scene, is_rule=all(effect.kind in RULE_EFFECTS | DEVICE_EFFECTS for effect in others)
        )


def _own(scene: Scene, others: list[Effect]) -> Iterator[str]:
    names = {name.lower() for effect in others for pair in effect.targets for name in pair if name}
    names |= {name.lower() for name in _names(scene)}
    if not scene.own.isdisjoint(names):
        yield "it is the identity under which this agent runs"


def _of_account(scene: Scene, *, is_rule: bool) -> Iterator[str]:
    account = scene.owner if is_rule else scene.found
    whose = "the mailbox's user" if is_rule else "the account"
    if not isinstance(account, Account):
        yield f"{whose} could not be read, nor whether it has roles in Entra ID"
    elif account.roles is None:
        yield f"which roles in Entra ID {whose} has could not be read: grant {READ_ROLES}"
    elif account.roles:
        yield f"{whose} has roles in Entra ID: {members(frozenset(account.roles))}"


def _of_device(scene: Scene) -> Iterator[str]:
    device = scene.found if isinstance(scene.found, Device) else None
    platform = device.os_platform if device is not None else None
    if not platform:
        yield "nothing says what the device runs, so it counts as a domain controller"
    elif platform.replace(" ", "").lower() not in WORKSTATIONS:
        yield f"the device runs {quote(platform)}, so it counts as a domain controller"
