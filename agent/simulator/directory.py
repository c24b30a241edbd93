"""The tenant's directory as far as groups go: users, devices, and groups with groups in them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agent.simulator.shapes import Json

USER = "user"
DEVICE = "device"


@dataclass(slots=True)
class Directory:
    """Things by their ids, each with its type, and the members of groups."""

    things: dict[str, tuple[str, Json]] = field(default_factory=dict)
    groups: dict[str, dict[str, None]] = field(default_factory=dict)

    def admit(self, kind: str, thing: Json) -> str:
        """Let a user or a device appear, and return its id."""
        self.things[thing["id"]] = (kind, thing)
        return str(thing["id"])

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


def user(object_id: str, address: str, *aliases: str, mail: bool = True) -> Json:
    """Return a user with a mailbox, or with a login alone."""
    mailboxes = [f"SMTP:{address}", *(f"smtp:{alias}" for alias in aliases)]
    return {
        "id": object_id,
        "displayName": address.partition("@")[0].replace(".", " ").title(),
        "userPrincipalName": address,
        "mail": address if mail else None,
        "proxyAddresses": [*mailboxes, f"SIP:{address}"] if mail else [],
    }


def device(object_id: str, name: str, device_id: str) -> Json:
    """Return a device as Entra knows it."""
    return {"id": object_id, "displayName": name, "deviceId": device_id}
