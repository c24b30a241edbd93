"""The application permissions that the agent can make use of: one table of them all.

Calls name their permission from here, and so do the checks, the scripts that grant them and the documentation: there is
no second list. `id` is the id of the app role that stands for the permission, which is the same in every tenant.

Source of the ids: for Graph `permissions/new/provisioningInfo.json` of microsoftgraph/microsoft-graph-devx-content
(commit 00b6fb70), and the permissions reference; for Defender for Endpoint the app roles of its service principal, as
printed from a tenant by several public projects. The scripts compare each id with the tenant's own before they grant it.
"""

from enum import StrEnum

import msgspec


class Api(StrEnum):
    """Whose permissions they are; the words are those of people."""

    GRAPH = "Microsoft Graph"
    ENDPOINT = "Defender for Endpoint"

    @property
    def app_id(self) -> str:
        """The client id of the API's own enterprise application, the same in every tenant."""
        return {
            Api.GRAPH: "00000003-0000-0000-c000-000000000000",
            Api.ENDPOINT: "fc780465-2017-40d4-a0c5-307022471b92",
        }[self]


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """One application permission: its name in tokens, and the id of its app role."""

    name: str
    id: str
    api: Api = Api.GRAPH

    def __str__(self) -> str:
        return self.name


READ_INCIDENTS = Permission(name="SecurityIncident.Read.All", id="45cc0394-e837-488b-a098-1918f48d186c")
WRITE_INCIDENTS = Permission(name="SecurityIncident.ReadWrite.All", id="34bf0e97-1971-4929-b999-9e2442d941d7")
READ_ALERTS = Permission(name="SecurityAlert.Read.All", id="472e4a4d-bb4a-4026-98d1-0b0d74cb74a5")
WRITE_ALERTS = Permission(name="SecurityAlert.ReadWrite.All", id="ed4fca05-be46-441f-9803-1873825f8fdb")
HUNT = Permission(name="ThreatHunting.Read.All", id="dd98c7f5-2d42-42d3-a0e4-633161547251")
READ_MAIL = Permission(name="SecurityAnalyzedMessage.Read.All", id="b48f7ac2-044d-4281-b02f-75db744d6f5f")
REMEDIATE_MAIL = Permission(
    name="SecurityAnalyzedMessage.ReadWrite.All", id="04c55753-2244-4c25-87fc-704ab82a4f69"
)
READ_RULES = Permission(name="MailboxSettings.Read", id="40f97065-369a-49f4-947c-6a255697ae91")
SWITCH_RULES = Permission(name="MailboxSettings.ReadWrite", id="6931bccd-447a-43d1-b442-00a195474933")
READ_USERS = Permission(name="User.Read.All", id="df021288-bdef-4463-88db-98f22de89214")
READ_DOMAINS = Permission(name="Domain.Read.All", id="dbb9058a-0e50-45d7-ae91-66909b5d4664")
SWITCH_USERS = Permission(name="User.EnableDisableAccount.All", id="3011c876-62b7-4ada-afa2-506cbbecc68c")
REVOKE_SESSIONS = Permission(name="User.RevokeSessions.All", id="77f3a031-c388-4f99-b373-dc68676a979e")
READ_ROLES = Permission(name="RoleManagement.Read.Directory", id="483bed4a-2ad3-4361-a73b-c83ccdbdc53c")
READ_IDENTITIES = Permission(
    name="SecurityIdentitiesAccount.Read.All", id="c5bc96f5-b4a1-4cfc-8189-d5f0d772278f"
)
ACT_ON_IDENTITIES = Permission(
    name="SecurityIdentitiesActions.ReadWrite.All", id="af2bf46f-7bf1-4be3-8bad-e17e279e8462"
)
READ_APPLICATIONS = Permission(name="Application.Read.All", id="9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30")
SEARCH_AUDIT = Permission(name="AuditLogsQuery.Read.All", id="5e1e9171-754d-478c-812c-f1755a9a4c2d")
READ_MEMBERS = Permission(name="GroupMember.Read.All", id="98830695-27a2-44f7-8c18-0c3ebc9698f6")
READ_DEVICES = Permission(name="Device.Read.All", id="7438b122-aefc-4978-80ed-43db9fcc7715")
SEND_MAIL = Permission(name="Mail.Send", id="b633e1c5-b582-4048-a93e-9f11b44c7e96")
"""Never granted in Entra ID, where it would be for every mailbox of the tenant: in Exchange Online, for one."""

READ_MACHINES = Permission(
    name="Machine.Read.All", id="ea8291d3-4b9a-44b5-bc3a-6cea3026dc79", api=Api.ENDPOINT
)
QUARANTINE_FILES = Permission(
    name="Machine.StopAndQuarantine", id="96e72b5e-7e68-4171-aad1-3937599e4751", api=Api.ENDPOINT
)

UNLIMITED = frozenset(
    {
        "AppRoleAssignment.ReadWrite.All",
        "Application.ReadWrite.All",
        "Directory.ReadWrite.All",
        "EntitlementManagement.ReadWrite.All",
        "PrivilegedAccess.ReadWrite.AzureADGroup",
        "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
        "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
        "RoleAssignmentSchedule.ReadWrite.Directory",
        "RoleEligibilitySchedule.ReadWrite.Directory",
        "RoleManagement.ReadWrite.Directory",
        "User-PasswordProfile.ReadWrite.All",
        "User.ReadWrite.All",
        "UserAuthenticationMethod.ReadWrite.All",
    }
)
"""Permissions by which an app can make itself, or somebody, an administrator of the whole tenant.

Source: Microsoft's page on permissions to be watched ("AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All",
"RoleManagement.ReadWrite.Directory" as the highest), and the published tables of paths from permissions to Global
Administrator. That the list is whole is UNCONFIRMED: what is not on it is told as too much all the same."""

OF_MAILBOXES = frozenset(
    {"Mail.Read", "Mail.ReadBasic.All", "Mail.ReadWrite", "Mail.Send", "full_access_as_app"}
)
"""Permissions that reach into every mailbox of the tenant where Entra ID grants them."""


def is_granted(name: str, grants: frozenset[str]) -> bool:
    """Whether a permission is granted, or the one that allows the same and to write besides."""
    return name in grants or name.replace(".Read", ".ReadWrite", 1) in grants
