"""The words that facts of type `word` may have: Graph's enumerations, typed in as data.

Left out everywhere are `unknown` and `unknownFutureValue`: both say that nothing is known, and a fact of
which nothing is known is absent.

Source: microsoft.graph.security in the v1.0 metadata of 2026-08-20. The words of sender authentication are
those of Microsoft's anti-spam message headers; that hunting and `analyzedEmails` use the same is UNCONFIRMED.
"""

from collections.abc import Mapping

from agent.model.pending import ActionKind, KindSource


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


VERDICTS = _set("suspicious malicious noThreatsFound")
REMEDIATION_STATUSES = _set(
    "none remediated prevented blocked notFound active pendingApproval declined unremediated running "
    "partiallyRemediated"
)
ROLES = _set(
    "contextual scanned source destination created added compromised edited attacked attacker "
    "commandAndControl loaded suspicious policyViolator"
)
SEVERITIES = _set("informational low medium high")
ALERT_STATUSES = _set("new inProgress resolved")
INCIDENT_STATUSES = _set("active resolved inProgress redirected awaitingAction")
CLASSIFICATIONS = _set("falsePositive truePositive informationalExpectedActivity")
DETERMINATIONS = _set(
    "apt malware securityPersonnel securityTesting unwantedSoftware other multiStagedAttack "
    "compromisedAccount phishing maliciousUserActivity notMalicious notEnoughDataToValidate "
    "confirmedActivity lineOfBusinessApplication"
)
SERVICE_SOURCES = _set(
    "microsoftDefenderForEndpoint microsoftDefenderForIdentity microsoftDefenderForCloudApps "
    "microsoftDefenderForOffice365 microsoft365Defender azureAdIdentityProtection microsoftAppGovernance "
    "dataLossPrevention microsoftDefenderForCloud microsoftSentinel microsoftInsiderRiskManagement "
    "microsoftThreatIntelligence microsoftSecurityForAI"
)
DETECTION_SOURCES = _set(
    "microsoftDefenderForEndpoint antivirus smartScreen customTi microsoftDefenderForOffice365 "
    "automatedInvestigation microsoftThreatExperts customDetection microsoftDefenderForIdentity "
    "cloudAppSecurity microsoft365Defender azureAdIdentityProtection manual microsoftDataLossPrevention "
    "appGovernancePolicy appGovernanceDetection microsoftDefenderForCloud microsoftDefenderForIoT "
    "microsoftDefenderForServers microsoftDefenderForStorage microsoftDefenderForDNS "
    "microsoftDefenderForDatabases microsoftDefenderForContainers microsoftDefenderForNetwork "
    "microsoftDefenderForAppService microsoftDefenderForKeyVault microsoftDefenderForResourceManager "
    "microsoftDefenderForApiManagement nrtAlerts scheduledAlerts "
    "microsoftDefenderThreatIntelligenceAnalytics builtInMl microsoftInsiderRiskManagement "
    "microsoftThreatIntelligence microsoftDefenderForAIServices securityCopilot microsoftSentinel"
)
INVESTIGATION_STATES = _set(
    "terminated successfullyRemediated benign failed partiallyRemediated running pendingApproval "
    "pendingResource queued innerFailure preexistingAlert unsupportedOs unsupportedAlertType "
    "suppressedAlert partiallyInvestigated terminatedByUser terminatedBySystem"
)
THREATS = _set("spam malware phish none")
LOCATIONS = _set("inbox_folder junkFolder deletedFolder quarantine onprem_external failed dropped others")
DELIVERY_ACTIONS = _set("deliveredToJunk delivered blocked replaced")
DIRECTIONS = _set("inbound outbound intraOrg")
CONFIGURATION_TYPES = _set("mailForwardingRule owaSettings ewsSettings mailDelegation userInboxRule")
RISK_SCORES = _set("none informational low medium high")
HEALTH_STATUSES = _set("active inactive impairedCommunication noSensorData noSensorDataImpairedCommunication")
DETECTION_STATUSES = _set("detected blocked prevented")
EVIDENCE_TYPES = frozenset(
    f"{name}Evidence"
    for name in _set(
        "activeDirectoryDomain aiAgent amazonResource analyzedMessage azureResource blobContainer blob "
        "cloudApplication cloudLogonRequest cloudLogonSession container containerImage containerRegistry "
        "device dns file fileHash gitHubOrganization gitHubRepo gitHubUser googleCloudResource "
        "hostLogonSession ioTDevice ip kubernetesCluster kubernetesController kubernetesNamespace "
        "kubernetesPod kubernetesSecret kubernetesServiceAccount kubernetesService mailCluster "
        "mailboxConfiguration mailbox malware networkConnection nic oauthApplication process registryKey "
        "registryValue sasToken securityGroup servicePrincipal submissionMail teamsMessage url user"
    )
)

WORDS: Mapping[str, frozenset[str]] = {
    "action.kind": frozenset(ActionKind),
    "action.kindSource": frozenset(KindSource),
    "evidence.type": EVIDENCE_TYPES,
    "evidence.verdict": VERDICTS,
    "evidence.remediationStatus": REMEDIATION_STATUSES,
    "evidence.roles": ROLES,
    "alert.severity": SEVERITIES,
    "alert.status": ALERT_STATUSES,
    "alert.serviceSource": SERVICE_SOURCES,
    "alert.detectionSource": DETECTION_SOURCES,
    "alert.classification": CLASSIFICATIONS,
    "alert.determination": DETERMINATIONS,
    "investigation.state": INVESTIGATION_STATES,
    "incident.severity": SEVERITIES,
    "incident.status": INCIDENT_STATUSES,
    "incident.classification": CLASSIFICATIONS,
    "incident.determination": DETERMINATIONS,
    "threats": THREATS,
    "locations": LOCATIONS,
    "directions": DIRECTIONS,
    "cluster.by": _set("url file similarity"),
    "message.location": LOCATIONS,
    "message.deliveryAction": DELIVERY_ACTIONS,
    "message.direction": DIRECTIONS,
    "message.threats": THREATS,
    "direction": DIRECTIONS,
    "location": LOCATIONS,
    "originalLocation": LOCATIONS,
    "auth.spf": _set("pass fail softfail neutral none temperror permerror"),
    "auth.dkim": _set("pass fail none"),
    "auth.dmarc": _set("pass fail bestguesspass none temperror permerror"),
    "auth.composite": _set("pass fail softpass none"),
    "mailbox.configurationType": CONFIGURATION_TYPES,
    "device.riskScore": RISK_SCORES,
    "device.healthStatus": HEALTH_STATUSES,
    "file.detectionStatus": DETECTION_STATUSES,
}
"""The known words by the name of the fact; a fact of type `word` that is not here takes any word."""
