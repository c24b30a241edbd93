"""Every kind of call to Graph. The permissions are those of the v1.0 pages' tables and of permissions.json."""

from agent.adapters.microsoft.answers import Call
from agent.model import permission

LIST_INCIDENTS = Call("list incidents", permission.READ_INCIDENTS.name, is_listing=True)
READ_INCIDENT = Call("read incident", permission.READ_INCIDENTS.name)
LIST_ALERTS = Call("list alerts", permission.READ_ALERTS.name, is_listing=True)
HUNT = Call("run hunting query", permission.HUNT.name)
READ_MAIL = Call("look up mail", permission.READ_MAIL.name)
LIST_MEMBERS = Call("list group members", permission.READ_MEMBERS.name)
COUNT_USERS = Call("count users", permission.READ_USERS.name)
READ_USER = Call("read user", permission.READ_USERS.name)
LIST_ACCOUNTS = Call("list accounts", permission.READ_USERS.name)
READ_APPLICATION = Call("read enterprise application", permission.READ_APPLICATIONS.name)
READ_REGISTRATION = Call("read app registration", permission.READ_APPLICATIONS.name)
LIST_ASSIGNMENTS = Call("list who has app roles", permission.READ_APPLICATIONS.name)
LIST_ROLES = Call("list roles of user", permission.READ_ROLES.name)
LIST_DOMAINS = Call("list domains", permission.READ_DOMAINS.name)
LIST_RULES = Call("list inbox rules", permission.READ_RULES.name)
FIND_ACCOUNT = Call("find identity account", permission.READ_IDENTITIES.name)

SEARCH_AUDIT = Call("search audit", permission.SEARCH_AUDIT.name)
LIST_SEARCHES = Call("list audit searches", permission.SEARCH_AUDIT.name)
READ_SEARCH = Call("read audit search", permission.SEARCH_AUDIT.name)
LIST_RECORDS = Call("list audit records", permission.SEARCH_AUDIT.name)

REMEDIATE = Call("remediate mail", permission.REMEDIATE_MAIL.name)
SWITCH_RULE = Call("switch inbox rule", permission.SWITCH_RULES.name)
SWITCH_USER = Call("enable or disable user", permission.SWITCH_USERS.name)
REVOKE_SESSIONS = Call("revoke sessions", permission.REVOKE_SESSIONS.name)
INVOKE_ACTION = Call("act on identity account", permission.ACT_ON_IDENTITIES.name)

COMMENT = Call("comment on incident", permission.WRITE_INCIDENTS.name)
TAG = Call("tag incident", permission.WRITE_INCIDENTS.name)
COMMENT_ALERT = Call("comment on alert", permission.WRITE_ALERTS.name)
CLASSIFY_ALERT = Call("classify alert", permission.WRITE_ALERTS.name)

SEND_MAIL = Call(
    "send mail",
    permission.SEND_MAIL.name,
    remedy="let the app send as this mailbox alone: assign it `Application Mail.Send` in Exchange Online by RBAC for "
    "Applications, scoped to the mailbox, and wait for up to two hours; the mailbox's own address must be the sender",
)
"""Mail.Send is not to be granted in Entra ID: that would be for every mailbox of the tenant, and grants add up."""
