"""App roles of the app registration that people sign in to, and who holds them.

As Microsoft's pages have it: an assignment names a user, a group or a service principal; a group gives its role to its
direct members alone; and the application can be named by `appId`. How long an assignment takes to show is not published.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.simulator.moments import text
from agent.simulator.names import APP_NAME, CLIENT_ID
from agent.simulator.shapes import Json

APPLICATION = "a1ea9e27-0000-4000-8000-0000000005e9"
"""The object id of the enterprise application."""


REGISTRATION = "a1ea9e27-0000-4000-8000-0000000005ea"
"""The object id of the app registration."""

LASTS = timedelta(days=180)
"""How long a client secret lasts: what the portal proposes. Source: Microsoft's page on adding credentials."""

MADE = timedelta(days=20)
"""How long before the simulated world began its client secret was made."""


def a_password(secret: str, began: datetime) -> Json:
    """Return what Entra ID tells of a client secret that was made a while before this moment."""
    made = began - MADE
    return {
        "customKeyIdentifier": None,
        "displayName": "air-agent",
        "endDateTime": text(made + LASTS),
        "hint": secret[:3],
        "keyId": "a1ea9e27-0000-4000-8000-0000000005eb",
        "secretText": None,
        "startDateTime": text(made),
    }


@dataclass(slots=True)
class AppRoles:
    """One enterprise application: its roles by their values, and the assignments in the order they were made."""

    object_id: str = APPLICATION
    app_id: str = CLIENT_ID
    name: str = APP_NAME
    roles: dict[str, Json] = field(default_factory=dict)
    assignments: list[Json] = field(default_factory=list)
    passwords: list[Json] = field(default_factory=list)
    """Its client secrets as Entra ID tells of them; where there is none, that of the simulator's login."""

    def define(self, role_id: str, value: str, *, is_enabled: bool = True) -> None:
        """Let there be a role for users; again with the same value replaces it."""
        self.roles[value] = {
            "allowedMemberTypes": ["User"],
            "description": f"{value} of {self.name}",
            "displayName": value,
            "id": role_id,
            "isEnabled": is_enabled,
            "origin": "Application",
            "value": value,
        }

    def assign(self, value: str, principal_id: str, *, kind: str = "User", name: str = "") -> None:
        """Give the role to a user, a group (`Group`) or a service principal (`ServicePrincipal`)."""
        self.assignments.append(
            {
                "id": f"assignment-{principal_id}-{value}",
                "deletedDateTime": None,
                "appRoleId": self.roles[value]["id"],
                "createdDateTime": "2026-01-05T09:00:00Z",
                "principalDisplayName": name or principal_id,
                "principalId": principal_id,
                "principalType": kind,
                "resourceDisplayName": self.name,
                "resourceId": self.object_id,
            }
        )

    def take_away(self, value: str, principal_id: str) -> None:
        """Take the role from whom it was assigned to."""
        role_id = self.roles[value]["id"]
        self.assignments = [
            one
            for one in self.assignments
            if (one["appRoleId"], one["principalId"]) != (role_id, principal_id)
        ]

    def of(self, user_id: str, groups: Mapping[str, Collection[str]]) -> Iterator[str]:
        """Give the roles that a token of this user would have; `groups` are the members of each."""
        for value, role in self.roles.items():
            holders = {one["principalId"] for one in self.assignments if one["appRoleId"] == role["id"]}
            is_inside = any(user_id in groups[one] for one in holders if one in groups)
            if role["isEnabled"] and (user_id in holders or is_inside):
                yield value
