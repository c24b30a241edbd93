"""The tenant's directory: users, devices, groups with groups in them, administrative roles, app roles, and its own domains."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agent.simulator.app_roles import AppRoles
from agent.simulator.names import DOMAIN
from agent.simulator.shapes import Json

SESSIONS_FROM = "2026-01-05T09:00:00Z"
"""Since when sessions count of whom nobody has signed out."""
USER = "user"
DEVICE = "device"


@dataclass(slots=True)
class Directory:
    """Things by their ids, each with its type, the members of groups, and who holds which role."""

    things: dict[str, tuple[str, Json]] = field(default_factory=dict)
    groups: dict[str, dict[str, None]] = field(default_factory=dict)
    roles: dict[str, Json] = field(default_factory=dict)
    domains: list[Json] = field(default_factory=lambda: [domain(DOMAIN, is_default=True)])
    app_roles: AppRoles = field(default_factory=AppRoles)
    _holders: dict[str, dict[str, None]] = field(default_factory=dict)
    _by_name: dict[str, str] = field(default_factory=dict)

    def admit(self, kind: str, thing: Json) -> str:
        """Let a user or a device appear, and return its id."""
        self.things[thing["id"]] = (kind, thing)
        if kind == USER:
            self._by_name[thing["userPrincipalName"].lower()] = thing["id"]
        return str(thing["id"])

    def user(self, word: str) -> Json | None:
        """Return the user of this object id or user principal name; an address alone names nobody, as in Graph."""
        kind, thing = self.things.get(self._by_name.get(word.lower(), word.lower()), (None, None))
        return thing if kind == USER else None

    def synced(self, sid: str) -> Json | None:
        """Return the user that is synchronised from the account with this security identifier."""
        users = (thing for kind, thing in self.things.values() if kind == USER)
        return next((one for one in users if one["onPremisesSecurityIdentifier"] == sid), None)

    def count(self, kind: str) -> int:
        """Return how many there are of a type."""
        return sum(1 for of, _ in self.things.values() if of == kind)

    def hold(self, role: Json, *holder_ids: str) -> None:
        """Give users, or groups of them, an administrative role."""
        self.roles[role["id"]] = role
        self._holders.setdefault(role["id"], {}).update(dict.fromkeys(holder_ids))

    def approvers(self) -> Iterator[tuple[Json, tuple[str, ...]]]:
        """Give everybody who could sign in with an app role, and those roles: disabled accounts could not."""
        for kind, thing in self.things.values():
            roles = tuple(self.app_roles.of(thing["id"], self.groups)) if kind == USER else ()
            if roles and thing["accountEnabled"]:
                yield thing, roles

    def roles_of(self, user_id: str) -> Iterator[Json]:
        """Give the roles that a user holds, by a group too."""
        for role_id, holders in self._holders.items():
            groups = (one for one in holders if one in self.groups)
            if user_id in holders or any(user_id in self._within(group) for group in groups):
                yield self.roles[role_id]

    def join(self, group_id: str, *member_ids: str) -> None:
        """Put things or groups into a group, which appears where it was not there."""
        self.groups.setdefault(group_id, {}).update(dict.fromkeys(member_ids))

    def leave(self, group_id: str, member_id: str) -> None:
        """Take a thing or a group out of a group."""
        self.groups[group_id].pop(member_id, None)

    def members(self, group_id: str, kind: str) -> Iterator[Json]:
        """Give what is in the group of this type, each once, those of groups within it too."""
        for member_id in self._within(group_id):
            of, thing = self.things[member_id]
            if of == kind:
                yield thing

    def _within(self, group_id: str) -> Iterable[str]:
        found: dict[str, None] = {}
        seen, left = {group_id}, [group_id]
        while left:
            for member_id in self.groups[left.pop()]:
                if member_id not in self.groups:
                    found[member_id] = None
                elif member_id not in seen:
                    seen.add(member_id)
                    left.append(member_id)
        return found


def user(object_id: str, address: str, *aliases: str, mail: bool = True, sid: str | None = None) -> Json:
    """Return a user with a mailbox, or with a login alone; `sid` is the account's that it is synchronised from."""
    mailboxes = [f"SMTP:{address}", *(f"smtp:{alias}" for alias in aliases)]
    return {
        "id": object_id,
        "displayName": address.partition("@")[0].replace(".", " ").title(),
        "userPrincipalName": address,
        "mail": address if mail else None,
        "proxyAddresses": [*mailboxes, f"SIP:{address}"] if mail else [],
        "accountEnabled": True,
        "onPremisesSyncEnabled": True if sid else None,
        "onPremisesSecurityIdentifier": sid,
        "signInSessionsValidFromDateTime": SESSIONS_FROM,
    }


def device(object_id: str, name: str, device_id: str) -> Json:
    """Return a device as Entra knows it."""
    return {"id": object_id, "displayName": name, "deviceId": device_id}


def role(object_id: str, name: str, template_id: str) -> Json:
    """Return a `directoryRole`; the template's id is the same in every tenant."""
    return {"id": object_id, "displayName": name, "roleTemplateId": template_id}


def domain(
    name: str, *, is_default: bool = False, is_initial: bool = False, is_verified: bool = True
) -> Json:
    """Return a domain of the tenant, one of its own only where it is verified."""
    return {
        "id": name,
        "authenticationType": "Managed",
        "isAdminManaged": True,
        "isDefault": is_default,
        "isInitial": is_initial,
        "isRoot": True,
        "isVerified": is_verified,
        "supportedServices": ["Email"] if is_verified else [],
    }
