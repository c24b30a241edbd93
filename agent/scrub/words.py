"""What is kept as it is: words that Microsoft publishes, by the property that holds them.

This is an allow-list. A word is kept only under a property of which it is a published value, whatever its
case; everything else is replaced, a word of next year's Graph too.

Source: microsoft.graph.security in the v1.0 metadata of 2026-08-20 (a test holds the table to it); hunting's
words from Microsoft's reference of the advanced hunting tables; categories from Microsoft's page on alerts; the id of
an alert policy that every tenant has from Microsoft's notice on changed severities.
"""

import re
from collections.abc import Mapping

_TACTICS = (
    "InitialAccess|Execution|Persistence|PrivilegeEscalation|DefenseEvasion|CredentialAccess|Discovery|LateralMovement|"
    "Collection|Exfiltration|CommandAndControl|Impact|Reconnaissance|ResourceDevelopment|Malware|Ransomware|Phishing|"
    "SuspiciousActivity|UnwantedSoftware|Exploit|ThreatManagement|None"
)
_THREATS = "unknown|spam|malware|phish|none|unknownFutureValue"
_AUTHENTICATION = "pass|fail|softfail|softpass|neutral|none|bestguesspass|temperror|permerror|unknown"
_PLACES = (
    "unknown|inbox_folder|junkFolder|deletedFolder|quarantine|onprem_external|failed|dropped|others|teams|inbox|external|"
    "Inbox/folder|Junk folder|Junk|Deleted folder|Deleted items|On-premises/External|Soft deleted|SoftDeleted|Hard deleted|"
    "HardDeleted|unknownFutureValue"
)
_DELIVERIES = (
    "unknown|deliveredToJunk|deliveredAsSpam|delivered|blocked|replaced|junked|Phish ZAP|Malware ZAP|Spam ZAP|"
    "Manual Remediation|Automated Remediation|Moved to deleted items|Soft delete|Hard delete|Move to junk|Move to inbox|"
    "Quarantine Release|Redelivery|ClickAllowed|ClickBlocked|ClickBlockedByTenantPolicy|UrlErrorPage|UrlScanInProgress|"
    "unknownFutureValue"
)
_METHODS = (
    "Advanced filter|Antimalware protection|Antispam filter|Antispam|Bulk|Campaign|DMARC|Domain reputation|File detonation|"
    "File detonation reputation|File reputation|Fingerprint matching|General filter|Impersonation brand|"
    "Impersonation domain|Impersonation user|LLM content analysis|Mail bombing|Mailbox intelligence impersonation|"
    "Mixed analysis detection|Spoof DMARC|Spoof external domain|Spoof intra-org|URL detonation|URL detonation reputation|"
    "URL malicious reputation|URL reputation|None"
)
_SOURCES = (
    "unknown|microsoftDefenderForEndpoint|microsoftDefenderForIdentity|microsoftDefenderForCloudApps|"
    "microsoftDefenderForOffice365|microsoft365Defender|azureAdIdentityProtection|microsoftAppGovernance|"
    "dataLossPrevention|microsoftDefenderForCloud|microsoftSentinel|microsoftInsiderRiskManagement|"
    "microsoftThreatIntelligence|microsoftSecurityForAI|antivirus|smartScreen|customTi|automatedInvestigation|"
    "microsoftThreatExperts|customDetection|cloudAppSecurity|manual|microsoftDataLossPrevention|appGovernancePolicy|"
    "appGovernanceDetection|microsoftDefenderForIoT|microsoftDefenderForServers|microsoftDefenderForStorage|"
    "microsoftDefenderForDNS|microsoftDefenderForDatabases|microsoftDefenderForContainers|microsoftDefenderForNetwork|"
    "microsoftDefenderForAppService|microsoftDefenderForKeyVault|microsoftDefenderForResourceManager|"
    "microsoftDefenderForApiManagement|nrtAlerts|scheduledAlerts|microsoftDefenderThreatIntelligenceAnalytics|builtInMl|"
    "microsoftDefenderForAIServices|securityCopilot|unknownFutureValue"
)
_INVESTIGATIONS = (
    "unknown|terminated|successfullyRemediated|benign|failed|partiallyRemediated|running|pendingApproval|pendingResource|"
    "queued|innerFailure|preexistingAlert|unsupportedOs|unsupportedAlertType|suppressedAlert|partiallyInvestigated|"
    "terminatedByUser|terminatedBySystem|unknownFutureValue"
)
_DETERMINATIONS = (
    "unknown|apt|malware|securityPersonnel|securityTesting|unwantedSoftware|other|multiStagedAttack|compromisedAccount|"
    "phishing|maliciousUserActivity|notMalicious|notEnoughDataToValidate|confirmedActivity|lineOfBusinessApplication|"
    "unknownFutureValue"
)
_ROLES = (
    "unknown|contextual|scanned|source|destination|created|added|compromised|edited|attacked|attacker|commandAndControl|"
    "loaded|suspicious|policyViolator|unknownFutureValue"
)
_ERRORS = (
    "BadRequest|InvalidAuthenticationToken|Unauthorized|Forbidden|ResourceNotFound|NotFound|Request_ResourceNotFound|"
    "MethodNotAllowed|TooManyRequests|InternalServerError|BadGateway|ServiceUnavailable|GatewayTimeout|UnknownError|"
    "UnsupportedApiVersion|InvalidRequest|Authorization_RequestDenied|generalException|serviceNotAvailable|notRecorded"
)
_PRODUCTS = (
    "Microsoft Defender for Office 365|Microsoft Defender for Endpoint|Microsoft Defender for Identity|"
    "Microsoft Defender for Cloud Apps|Microsoft Defender XDR|Microsoft Defender for Cloud|Microsoft Sentinel|"
    "Microsoft Entra ID Protection|Microsoft Purview Data Loss Prevention|Microsoft App Governance"
)
_SYSTEMS = (
    "Windows11|Windows10|Windows10WVD|Windows8Blue|Windows7|WindowsServer2025|WindowsServer2022|WindowsServer2019|"
    "WindowsServer2016|WindowsServer2012R2|WindowsServer2008R2|Windows|WindowsServer|macOS|Linux|iOS|Android"
)
_HIVES = "HKEY_LOCAL_MACHINE|HKEY_CURRENT_USER|HKEY_USERS|HKEY_CLASSES_ROOT|HKEY_CURRENT_CONFIG|HKLM|HKCU|HKU|HKCR|HKCC"
_VERDICTS = (
    "unknown|suspicious|malicious|noThreatsFound|none|malware|phish|siteUnavailable|spam|decryptionFailed|"
    "unsupportedUriScheme|unsupportedFileType|undefined|unknownFutureValue"
)
_REMEDIATIONS = (
    "none|remediated|prevented|blocked|notFound|active|pendingApproval|declined|unremediated|running|"
    "partiallyRemediated|unknownFutureValue"
)
_EVENTS = (
    "originalDelivery|systemTimeTravel|dynamicDelivery|userUrlClick|reprocessed|zap|quarantineRelease|air|unknown|"
    "unknownFutureValue"
)
_STATES_OF_AV = "notReporting|disabled|notUpdated|updated|unknown|notSupported|unknownFutureValue"
_TAGS_OF_OURS = (
    "air-agent:approved|air-agent:rejected|air-agent:escalated|air-agent:held|air-agent:handed-off"
)

_PROPOSALS = (
    "DisableUser|RevokeUserSessions|ForcePasswordReset|TurnOffExternalMailForwarding|RemoveMailDelegation|EmailRemediation|"
    "SoftDelete|QuarantineFile|KillProcess|RemoveRegistryKey|BlockUrl"
)
"""What AIR's own rows call what they propose; how they spell it is UNCONFIRMED, and another spelling is replaced."""
_THINGS = (
    "account|user|mailbox|MailCluster|mail-cluster|MailMessage|mail-message|file|filehash|url|ip|host|process"
)

_ROWS: tuple[tuple[str, str], ...] = (
    ("severity", "unknown|informational|low|medium|high|unknownFutureValue"),
    ("status", "unknown|active|new|inProgress|resolved|redirected|awaitingAction|unknownFutureValue"),
    ("classification", "unknown|falsePositive|truePositive|informationalExpectedActivity|unknownFutureValue"),
    ("determination", _DETERMINATIONS),
    ("serviceSource detectionSource", _SOURCES),
    ("productName", _PRODUCTS),
    ("category categories", _TACTICS),
    ("investigationState", _INVESTIGATIONS),
    (
        "verdict",
        _VERDICTS,
    ),
    (
        "remediationStatus",
        _REMEDIATIONS,
    ),
    ("roles detailedRoles", _ROLES),
    ("customTags", _TAGS_OF_OURS),
    ("assignedTo", "Automation"),
    ("threatType threatTypes threats originalThreats latestThreats eventThreats", _THREATS),
    (
        "antiSpamDirection directionality emailDirection messageDirection",
        "unknown|inbound|outbound|intraOrg|Intra-org|unknownFutureValue",
    ),
    ("deliveryAction action actionType", _DELIVERIES),
    ("actionType", _PROPOSALS),
    ("actionResult eventResult actionStatus", "Success|Failed|Error|Pending|Partial"),
    ("actionStatus", "Running|Waiting on resource|Completed"),
    ("actionApproval", "Approved|Declined|Pending"),
    ("workload userKey userId", "AirInvestigation"),
    ("operation", "AirInvestigationData"),
    ("source", "O365 ATP"),
    ("actionTrigger", "AdminAction|SpecialAction|UserAction|Automation|SystemAction"),
    ("location deliveryLocation latestDeliveryLocation deliveryLocation1 postDeliveryLocation", _PLACES),
    ("postDeliveryAction", _DELIVERIES),
    ("spf dkim dmarc compAuth compositeAuthentication senderPolicyFramework", _AUTHENTICATION),
    ("detectionMethod detectionMethods threatDetectionMethods phish malware spam", _METHODS),
    ("eventSource", "system|admin|user|unknownFutureValue"),
    (
        "eventType",
        _EVENTS,
    ),
    (
        "configurationType",
        "mailForwardingRule|owaSettings|ewsSettings|mailDelegation|userInboxRule|unknownFutureValue",
    ),
    ("detectionStatus", "detected|blocked|prevented|unknownFutureValue"),
    ("riskScore", "none|informational|low|medium|high|unknownFutureValue"),
    (
        "healthStatus",
        "active|inactive|impairedCommunication|noSensorData|noSensorDataImpairedCommunication|unknown|unknownFutureValue",
    ),
    ("onboardingStatus", "insufficientInfo|onboarded|canBeOnboarded|unsupported|unknownFutureValue"),
    ("defenderAvStatus", _STATES_OF_AV),
    ("osPlatform", _SYSTEMS),
    ("registryHive", _HIVES),
    ("algorithm", "unknown|md5|sha1|sha256|sha256ac|unknownFutureValue"),
    ("cloudProvider", "unknown|azure|unknownFutureValue"),
    ("hostingPlatformType", "unknown|azureAIFoundry|copilotStudio|copilot|unknownFutureValue"),
    ("importance", "unknown|low|normal|high|unknownFutureValue"),
    ("locationType", "unknown|regional|zonal|global|unknownFutureValue"),
    ("platform", "unknown|aks|eks|gke|arc|unknownFutureValue"),
    ("protocol", "udp|tcp|sctp|unknownFutureValue"),
    ("servicePrincipalType", "unknown|application|managedIdentity|legacy|unknownFutureValue"),
    ("serviceType", "unknown|clusterIP|externalName|nodePort|loadBalancer|unknownFutureValue"),
    ("reportType", "Phish|Phishing|Junk|Spam|Malware|NotJunk|Not junk"),
    ("alertPolicyId", "b26a5770-0c38-434a-9380-3a3c2c27bbb3"),
    ("identityProvider provider", "activeDirectory|entraID|okta|unknownFutureValue"),
    ("code", _ERRORS),
    ("type", _THINGS),
    ("type", "String|DateTime|Int32|Int64|SByte|Double|Boolean|Guid|Object|Dynamic|TimeSpan|Decimal"),
)


def _by_name() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for names, words in _ROWS:
        for name in names.lower().split():
            found[name] = found.get(name, frozenset()) | frozenset(words.lower().split("|"))
    return found


WORDS = _by_name()
"""Published values by property, both in lower case."""

PATTERNS: Mapping[str, re.Pattern[str]] = {"mitretechniques": re.compile(r"T\d{4}(\.\d{3})?", re.ASCII)}
"""Values that are public by their form: techniques of MITRE ATT&CK."""

LISTS = frozenset(
    (
        *("threattypes", "threats", "originalthreats", "latestthreats", "eventthreats"),
        *("detectionmethods", "detectionmethod", "phish", "malware", "spam"),
    )
)
"""Properties whose text may be several words with commas between."""


def is_published(name: str, text: str) -> bool:
    """Return whether this is a published value of the property; `name` is in lower case."""
    pattern = PATTERNS.get(name)
    return text.lower() in WORDS.get(name, ()) or (pattern is not None and bool(pattern.fullmatch(text)))
