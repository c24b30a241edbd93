"""Who the simulated tenant is: names that the simulator, the demo and the tests share."""

TENANT_ID = "72f988bf-0000-4000-8000-00000000c0de"
DOMAIN = "contoso.example"
CLIENT_ID = "a1ea9e27-0000-4000-8000-00000000a9e7"
CLIENT_SECRET = "simulated-secret"  # noqa: S105 - opens nothing but the simulator
APP_NAME = "air-agent"
"""The display name of the app registration; its writes are signed `API-App:` and this."""

AGENT_MAILBOX = f"air-agent@{DOMAIN}"
"""The shared mailbox that the agent may send from."""

EXECUTIVES = "e8ec0000-0000-4000-8000-0000000000e1"
EVERYONE = "e8ec0000-0000-4000-8000-0000000000e2"
KIOSKS = "e8ec0000-0000-4000-8000-0000000000e3"
"""Object ids of groups in the directory."""

APPROVER = "SecOps.Approver"
LEAD = "SecOps.Lead"
OPERATOR = "Operator"
"""App roles of the app registration that people sign in to."""
FORMER = f"soc.former@{DOMAIN}"
"""Was an approver, and still has the role; the account is disabled."""

VIPS = (f"ceo@{DOMAIN}", f"cfo@{DOMAIN}")
SIMULATION_DOMAIN = "simulation.contoso-training.example"
PARTNERS = ("partner.example", "fabrikam.example")
NEWSLETTER_DOMAIN = "newsletter.example"
SURVEY_DOMAIN = "survey.example"
"""Sends the surveys that people asked for; no list has it."""
REGISTERED = (f"invoices@{DOMAIN}", f"press@{DOMAIN}")
"""Mailboxes that may forward outside."""
TRUSTED_SIGNER = "Contoso Ltd"

READ_INCIDENTS = "SecurityIncident.Read.All"
WRITE_INCIDENTS = "SecurityIncident.ReadWrite.All"
READ_ALERTS = "SecurityAlert.Read.All"
WRITE_ALERTS = "SecurityAlert.ReadWrite.All"
READ_MAIL = "SecurityAnalyzedMessage.Read.All"
WRITE_MAIL = "SecurityAnalyzedMessage.ReadWrite.All"
HUNT = "ThreatHunting.Read.All"
READ_GROUPS = "GroupMember.Read.All"
READ_USERS = "User.Read.All"
READ_DEVICES = "Device.Read.All"
READ_MAILBOXES = "MailboxSettings.Read"
WRITE_MAILBOXES = "MailboxSettings.ReadWrite"
READ_DOMAINS = "Domain.Read.All"
SWITCH_ACCOUNTS = "User.EnableDisableAccount.All"
REVOKE_SESSIONS = "User.RevokeSessions.All"
READ_ROLES = "RoleManagement.Read.Directory"
READ_APPLICATIONS = "Application.Read.All"
READ_IDENTITIES = "SecurityIdentitiesAccount.Read.All"
ACT_ON_IDENTITIES = "SecurityIdentitiesActions.ReadWrite.All"
READ_MACHINES = "Machine.Read.All"
QUARANTINE_FILES = "Machine.StopAndQuarantine"
READ_AUDIT = "AuditLogsQuery.Read.All"

ENDPOINT_ROLES = frozenset({READ_MACHINES, QUARANTINE_FILES})
"""Application permissions of the Defender for Endpoint API: no token for Graph holds them."""
ALL_ROLES = ENDPOINT_ROLES | {
    *(READ_INCIDENTS, WRITE_INCIDENTS, READ_ALERTS, WRITE_ALERTS, READ_MAIL, WRITE_MAIL, HUNT),
    *(READ_GROUPS, READ_USERS, READ_DEVICES, READ_MAILBOXES, WRITE_MAILBOXES, READ_DOMAINS),
    *(SWITCH_ACCOUNTS, REVOKE_SESSIONS, READ_ROLES, READ_APPLICATIONS, READ_IDENTITIES, ACT_ON_IDENTITIES),
    READ_AUDIT,
}
"""Every application permission that the agent can make use of."""

GRAPH_AUDIENCES = frozenset({"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"})
ENDPOINT_AUDIENCES = frozenset(
    {
        "https://api.securitycenter.microsoft.com",
        "https://api.security.microsoft.com",
        "https://securitycenter.onmicrosoft.com/windowsatpservice",
    }
)
"""What a token for the Defender for Endpoint API names as its audience. Source: that API's pages on access, which print
the first; its addresses moved to the second. The third is what older tokens were seen to hold: UNCONFIRMED."""

PORTAL_PERSON = f"soc.analyst@{DOMAIN}"
"""Who decides in the portal where nobody is named. An approver too."""
NIGHT_PERSON = f"soc.night@{DOMAIN}"
"""An approver, by a group."""
LEAD_PERSON = f"soc.lead@{DOMAIN}"
"""Approver and lead, and who may hold and release."""

ECHO_TITLE = "Administrative action submitted by an Administrator"
"""The alert that a remediation by an administrator raises. Source: Microsoft's page on remediating mail."""
