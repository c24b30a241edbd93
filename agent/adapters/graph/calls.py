"""Every kind of call to Graph. The permissions are those of the v1.0 pages' tables and of permissions.json."""

from agent.adapters.microsoft.answers import Call

LIST_INCIDENTS = Call("list incidents", "SecurityIncident.Read.All")
READ_INCIDENT = Call("read incident", "SecurityIncident.Read.All")
LIST_ALERTS = Call("list alerts", "SecurityAlert.Read.All")
HUNT = Call("run hunting query", "ThreatHunting.Read.All")
READ_MAIL = Call("look up mail", "SecurityAnalyzedMessage.Read.All")
LIST_MEMBERS = Call("list group members", "GroupMember.Read.All")
COUNT_USERS = Call("count users", "User.Read.All")
READ_USER = Call("read user", "User.Read.All")
LIST_ACCOUNTS = Call("list accounts", "User.Read.All")
READ_APPLICATION = Call("read enterprise application", "Application.Read.All")
READ_REGISTRATION = Call("read app registration", "Application.Read.All")
LIST_ASSIGNMENTS = Call("list who has app roles", "Application.Read.All")
LIST_ROLES = Call("list roles of user", "RoleManagement.Read.Directory")
LIST_DOMAINS = Call("list domains", "Domain.Read.All")
LIST_RULES = Call("list inbox rules", "MailboxSettings.Read")
FIND_ACCOUNT = Call("find identity account", "SecurityIdentitiesAccount.Read.All")

SEARCH_AUDIT = Call("search audit", "AuditLogsQuery.Read.All")
LIST_SEARCHES = Call("list audit searches", "AuditLogsQuery.Read.All")
READ_SEARCH = Call("read audit search", "AuditLogsQuery.Read.All")
LIST_RECORDS = Call("list audit records", "AuditLogsQuery.Read.All")

REMEDIATE = Call("remediate mail", "SecurityAnalyzedMessage.ReadWrite.All")
SWITCH_RULE = Call("switch inbox rule", "MailboxSettings.ReadWrite")
SWITCH_USER = Call("enable or disable user", "User.EnableDisableAccount.All")
REVOKE_SESSIONS = Call("revoke sessions", "User.RevokeSessions.All")
INVOKE_ACTION = Call("act on identity account", "SecurityIdentitiesActions.ReadWrite.All")

COMMENT = Call("comment on incident", "SecurityIncident.ReadWrite.All")
TAG = Call("tag incident", "SecurityIncident.ReadWrite.All")
COMMENT_ALERT = Call("comment on alert", "SecurityAlert.ReadWrite.All")
CLASSIFY_ALERT = Call("classify alert", "SecurityAlert.ReadWrite.All")

SEND_MAIL = Call(
    "send mail",
    "Mail.Send",
    remedy="let the app send as this mailbox alone: assign it `Application Mail.Send` in Exchange Online by RBAC for "
    "Applications, scoped to the mailbox, and wait for up to two hours; the mailbox's own address must be the sender",
)
"""Mail.Send is not to be granted in Entra ID: that would be for every mailbox of the tenant, and grants add up."""
