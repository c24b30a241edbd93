"""Graph's enumerations as far as the simulator takes them in or hides them.

Source: microsoft.graph.security in the v1.0 metadata of 2026-08-20; the tests hold these against it.
"""

SENTINEL = "unknownFutureValue"
"""What a member that came later is answered as, unless the request asks for unknown members."""

CLASSIFICATIONS = frozenset({"unknown", "falsePositive", "truePositive", "informationalExpectedActivity"})
DETERMINATIONS = frozenset(
    {
        "unknown",
        "apt",
        "malware",
        "securityPersonnel",
        "securityTesting",
        "unwantedSoftware",
        "other",
        "multiStagedAttack",
        "compromisedAccount",
        "phishing",
        "maliciousUserActivity",
        "notMalicious",
        "notEnoughDataToValidate",
        "confirmedActivity",
        "lineOfBusinessApplication",
    }
)
SEVERITIES = frozenset({"unknown", "informational", "low", "medium", "high"})
STATUSES = frozenset({"unknown", "new", "inProgress", "resolved"})
INCIDENT_STATUSES = frozenset({"active", "resolved", "inProgress", "redirected", "awaitingAction"})

HIDDEN_STATUSES = frozenset({"awaitingAction"})
HIDDEN_REMEDIATION_STATUSES = frozenset(
    {"active", "pendingApproval", "declined", "unremediated", "running", "partiallyRemediated"}
)
HIDDEN_SERVICE_SOURCES = frozenset(
    {
        "microsoftDefenderForCloud",
        "microsoftSentinel",
        "microsoftInsiderRiskManagement",
        "microsoftThreatIntelligence",
        "microsoftSecurityForAI",
    }
)
SERVICE_SOURCES = HIDDEN_SERVICE_SOURCES | {
    "unknown",
    "microsoftDefenderForEndpoint",
    "microsoftDefenderForIdentity",
    "microsoftDefenderForCloudApps",
    "microsoftDefenderForOffice365",
    "microsoft365Defender",
    "azureAdIdentityProtection",
    "microsoftAppGovernance",
    "dataLossPrevention",
}
HIDDEN_DETECTION_SOURCES = frozenset(
    {
        "microsoftDefenderForCloud",
        "microsoftDefenderForIoT",
        "microsoftDefenderForServers",
        "microsoftDefenderForStorage",
        "microsoftDefenderForDNS",
        "microsoftDefenderForDatabases",
        "microsoftDefenderForContainers",
        "microsoftDefenderForNetwork",
        "microsoftDefenderForAppService",
        "microsoftDefenderForKeyVault",
        "microsoftDefenderForResourceManager",
        "microsoftDefenderForApiManagement",
        "nrtAlerts",
        "scheduledAlerts",
        "microsoftDefenderThreatIntelligenceAnalytics",
        "builtInMl",
        "microsoftInsiderRiskManagement",
        "microsoftThreatIntelligence",
        "microsoftDefenderForAIServices",
        "securityCopilot",
        "microsoftSentinel",
    }
)

REMEDIATION_ACTIONS = frozenset(
    {"moveToJunk", "moveToInbox", "hardDelete", "softDelete", "moveToDeletedItems"}
)
"""`moveToQuarantine` is a member too, and documented as not supported."""
REMEDIATION_SEVERITIES = frozenset({"low", "medium", "high"})
