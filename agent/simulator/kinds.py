"""What a request is, by its method and path: for counting, and to tell the two APIs apart."""

import re

_ENDPOINT = "/api/"
_KINDS = (
    ("token", "POST", r"/[^/]+/oauth2/v2\.0/token"),
    ("incidents", "GET", r"/v1\.0/security/incidents"),
    ("incident", "GET", r"/v1\.0/security/incidents/[^/]+"),
    ("incidentPatch", "PATCH", r"/v1\.0/security/incidents/[^/]+"),
    ("incidentComment", "POST", r"/v1\.0/security/incidents/[^/]+/comments"),
    ("alerts", "GET", r"/v1\.0/security/alerts_v2"),
    ("alert", "GET", r"/v1\.0/security/alerts_v2/[^/]+"),
    ("alertPatch", "PATCH", r"/v1\.0/security/alerts_v2/[^/]+"),
    ("alertComment", "POST", r"/v1\.0/security/alerts_v2/[^/]+/comments"),
    ("members", "GET", r"/v1\.0/groups/[^/]+/transitiveMembers/microsoft\.graph\.[a-z]+"),
    ("application", "GET", r"/v1\.0/servicePrincipals\(appId='[^/]+'\)"),
    ("registration", "GET", r"/v1\.0/applications\(appId='[^/]+'\)"),
    ("assignments", "GET", r"/v1\.0/servicePrincipals/[^/]+/appRoleAssignedTo"),
    ("directMembers", "GET", r"/v1\.0/groups/[^/]+/members/microsoft\.graph\.user"),
    ("users", "GET", r"/v1\.0/users"),
    ("analyzedEmails", "GET", r"/v1\.0/security/collaboration/analyzedEmails"),
    ("remediate", "POST", r".*/analyzedEmails/(microsoft\.graph\.security\.)?remediate"),
    ("hunting", "POST", r"/v1\.0/security/(microsoft\.graph\.security\.)?runHuntingQuery"),
    ("auditSearch", "POST", r"/v1\.0/security/auditLog/queries"),
    ("auditSearches", "GET", r"/v1\.0/security/auditLog/queries"),
    ("auditQuery", "GET", r"/v1\.0/security/auditLog/queries/[^/]+"),
    ("auditRecords", "GET", r"/v1\.0/security/auditLog/queries/[^/]+/records"),
    ("rules", "GET", r"/v1\.0/users/[^/]+/mailFolders/inbox/messageRules"),
    ("rule", "GET", r"/v1\.0/users/[^/]+/mailFolders/inbox/messageRules/[^/]+"),
    ("rulePatch", "PATCH", r"/v1\.0/users/[^/]+/mailFolders/inbox/messageRules/[^/]+"),
    ("domains", "GET", r"/v1\.0/domains"),
    ("userCount", "GET", r"/v1\.0/users/\$count"),
    ("user", "GET", r"/v1\.0/users/[^/]+"),
    ("userPatch", "PATCH", r"/v1\.0/users/[^/]+"),
    ("revoke", "POST", r"/v1\.0/users/[^/]+/revokeSignInSessions"),
    ("sendMail", "POST", r"/v1\.0/users/[^/]+/sendMail"),
    ("userRoles", "GET", r"/v1\.0/users/[^/]+/transitiveMemberOf/microsoft\.graph\.directoryRole"),
    ("identities", "GET", r"/v1\.0/security/identities/identityAccounts"),
    ("identity", "GET", r"/v1\.0/security/identities/identityAccounts/[^/]+"),
    ("invokeAction", "POST", r".*/identityAccounts/[^/]+/(microsoft\.graph\.security\.)?invokeAction"),
    ("machines", "GET", r"/api/machines"),
    ("machine", "GET", r"/api/machines/[^/]+"),
    ("quarantine", "POST", r"/api/machines/[^/]+/StopAndQuarantineFile"),
    ("machineActions", "GET", r"/api/machineactions"),
    ("machineAction", "GET", r"/api/machineactions/[^/]+"),
)
_PATTERNS = tuple((kind, method, re.compile(pattern)) for kind, method, pattern in _KINDS)


def kind_of(method: str, path: str) -> str:
    """Return what a request is, for counting."""
    for kind, its_method, pattern in _PATTERNS:
        if its_method == method and pattern.fullmatch(path):
            return kind
    return "other"


def is_of_endpoint(path: str) -> bool:
    """Whether a path is of the Defender for Endpoint API rather than of Graph."""
    return path.startswith(_ENDPOINT)


READS_BY_POST = frozenset({"token", "hunting", "auditSearch"})
"""Requests that change nothing in the tenant, though they are sent as if they did."""


def is_write(method: str, kind: str) -> bool:
    """Whether a request asks for something in the tenant to change."""
    return method != "GET" and kind not in READS_BY_POST
