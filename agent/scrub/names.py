"""Names that are kept as they are: Graph's properties and types, columns of hunting, fields of clusters.

A name that is not here may be somebody's: keys of open types are made up by whoever fills them.

Source: microsoft.graph.security in the v1.0 metadata of 2026-08-20 (a test holds the tables to it), Microsoft's
reference of the advanced hunting tables, and the cluster queries that were seen in the field.
"""

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


PROPERTIES = """
    accessDateTime account accountId accountName action actionStatus activeDirectoryDomainName
    activeDirectoryObjectGuid actorDisplayName additionalData agentId agentName alertIds alertPolicyId alerts
    alertWebUrl algorithm allowedIpAddresses allowedResourceTypes allowedServices amazonAccountId amazonResourceId
    analysisDateTime antiSpamDirection appId appOwnerTenantId appProtocol args assignedTo attachments
    attachmentsCount authenticationDetails azureAdDeviceId azureAdUserId baseUrl behaviourCapability behaviourGroup
    blobContainer browser bulkComplaintLevel campaignId categories category ccRecipients channelId childNodes city
    classification clientType cloudProvider cloudResource cluster clusterBy clusterByValue clusterIP command comment
    comments company compositeAuthentication compromiseIndicators confidenceLevel configurationId configurationType
    contactedIps contactedUrls containerId containers contexts controller countryLetterCode countryName
    createdByDisplayName createdDateTime customDetails customTags defenderAvStatus deliveryAction deliveryLocation
    description destinationAddress destinationPort detailedRoles details detectionMethod detectionMethods
    detectionSource detectionStatus detectorId determination detonationBehaviourDetails detonationBehaviourDetailsV2
    detonationChain detonationDetails detonationObservables detonationScreenshotUri detonationVerdict
    detonationVerdictReason deviceDnsName deviceId deviceName devicePageLink deviceSubType deviceType digestImage
    directionality displayName distinguishedName distribution distributionList dkim dlpRules dmarc dnsDomain
    dnsServerIp domainCreationDateTime domainName domainOwner droppedfiles email emailAddress emailClusterId
    emailCount endUtcDateTime entityMetadata ephemeralContainers etag eventDateTime eventDetails eventResult
    eventSource eventThreats eventType evidence exchangeTransportRules expiryDateTime externalDirectoryObjectId
    externalIPs fileDetails fileExtension fileHashes fileName filePath filePublisher files fileSize fileType
    firstActivityDateTime firstSeenDateTime forwardingDetail friendlyName fromAddress fullResourceName groupId
    healthStatus host hostingPlatformType hostIpAddress hostName id image imageFile imageId importance
    inboundConnectorFormattedName incidentId incidentWebUrl initContainers instanceId instanceName instructions
    internetMessageId investigationState ioTHub ioTSecurityAgentId ipAddress ipAddresses ipInterfaces ipv4
    isAuthorized isExternal isOwned isPrivileged isProgramming isScanner issuer labels language lastActivityDateTime
    lastExternalIpAddress lastIpAddress lastModifiedBy lastModifiedDateTime lastUpdateDateTime latestDelivery
    latestThreats latitude location locationType loggedDateTime loggedOnUsers login longitude macAddress
    mailboxPrimaryAddress mailFromAddress mailFromDomainName malwareFamily manufacturer md5 mdeDeviceId
    messageDirection messageId mitreTechniques model name namespace networkMessageId networkMessageIds nics nodePort
    ntDomain objectId onboardingStatus operatingSystem operation orgId originalDelivery originalThreats osBuild
    osPlatform overrideSources owner owners ownerType owningTenantId p1Sender p2Sender parentMessageId
    parentProcessCreationDateTime parentProcessId parentProcessImageFile permissions phishConfidenceLevel platform
    pod podIp policy policyAction policyType port previousLogonDateTime primaryAddress primaryOverrideSource
    priorityAccountProtection priorityScore processCommandLine processCreationDateTime processes processId
    processName productName projectId projectNumber protocol protocols providerAlertId publisher purdueLayer query
    rbacGroupId rbacGroupName receivedDateTime recipient recipientDetail recipientEmailAddress recipients
    recommendedActions redirectIncidentId registry registryHive registryKey registryValue registryValueName
    registryValueType remediationStatus remediationStatusDetails repoId reportType requestId resolvedDateTime
    resolvingComment resourceAccessEvents resourceId resourceIdentifier resourceName resourceType results returnPath
    riskScore roles ruleId saasAppId schema secretType securityGroupId selector sender senderDetail
    senderFromAddress senderIP senderIp senderPolicyFramework sensor serialNumber serviceAccount servicePorts
    servicePrincipalName servicePrincipalObjectId servicePrincipalType serviceSource serviceType sessionId severity
    sha1 sha256 sha256Ac sid signatureHash signedWith signer site sizeInBytes source sourceAddress sourceAppName
    sourceId sourcePort sourceRef spamConfidenceLevel startDateTime startUtcDateTime state staticAnalysis status
    storageResource stream subject submissionDateTime submissionId submissionSource submitter subscriptionId summary
    suspiciousRecipients systemTags tags target targetPort tenantAllowBlockListDetailInfo tenantId threadId
    threadType threatDetectionDetails threatDetectionMethods threatDisplayName threatFamilyName threats threatType
    threatTypes timelineEvents title trustedDomains type upn url urlCount urls urn userAccount userAgent userId
    userPrincipalName userSid value verdict version vlans vmId vmMetadata webUrl zone
"""

COLUMNS = """
    AccountDisplayName AccountName AccountObjectId AccountUpn ActionResult ActionTrigger ActionType AdditionalFields
    AlertId Application AttachmentCount AttackTechniques AuthenticationDetails BulkComplaintLevel Category ClickId
    Clicker Clicks ClicksAllowed ClicksThrough ConfidenceLevel Connectors Count count_ DeliveryAction DeliveryLocation DeliveryLocation1 DetectionMethods
    DetectionSource DeviceId DeviceName DistributionList EmailAction EmailActionPolicy EmailActionPolicyGuid
    EmailClusterId EmailDirection EmailLanguage EmailSize EntityType EvidenceDirection EvidenceRole
    ExchangeTransportRule FileName FileSize FileType FirstMoved ForwardingInformation From_IP InternetMessageId IPAddress
    IsClickedThrough IsFirstContact LastMoved LatestDeliveryAction LatestDeliveryLocation NetworkMessageId OrgLevelAction
    OrgLevelPolicy PostDeliveryAction PostDeliveryLocation RawEventData RecipientDomain RecipientEmailAddress
    RecipientObjectId ReportId SenderDisplayName SenderFromAddress SenderFromDomain SenderIPv4 SenderIPv6
    SenderMailFromAddress SenderMailFromDomain SenderObjectId ServiceSource Severity SHA1 SHA256 Subject ThreatNames
    ThreatTypes Timestamp Timestamp1 Title To UrlChain UrlCount UrlDomain UrlLocation Url UserLevelAction
    UserLevelPolicy Workload
"""

INSIDE = """
    SPF DKIM DMARC CompAuth Phish Malware Spam Name Type Results Schema Query Timespan error code message innerError
    innererror request-id client-request-id date details target errors mail proxyAddresses securityEnabled members
    Verdict RemediationStatus ApprovalStatus Approver InvestigationId InvestigationName InvestigationStatus Entities
    NetworkMessageIds Recipients Data Actions PendingActions StartTimeUtc LastUpdateTimeUtc EndTimeUtc
"""
"""Members of errors, of groups, and of the JSON that texts of Graph and hunting hold."""

ACTED_ON = """
    accountEnabled accounts actions cloudSecurityIdentifier conditions domain forwardAsAttachmentTo forwardTo hasError
    identifier identityProvider isEnabled isReadOnly isVerified onPremisesSecurityIdentifier onPremisesSyncEnabled provider
    redirectTo sequence signInSessionsValidFromDateTime address
"""
"""Properties of users, domains, inbox rules and accounts on premises."""

WRITTEN_DOWN = """
    Record Size Id RecordType CreationTime Operation OrganizationId UserType UserKey Workload UserId InvestigationType Status
    DeeplinkURL ID ActionId ActionType ActionStatus ActionApproval ApprovedBy ApproverComment TimestampUtc RelatedAlertIds
    AadUserId Sid UPNSuffix UserPrincipalName DisplayName MailboxPrimaryAddress Upn NetworkMessageId Recipient Sender
    Subject Url Urls Query QueryTime MailCount Source Threats IsVolumeAnomaly CountByDeliveryStatus CountByThreatType Delivered
    HighConfPhish FileHashes Algorithm Value Directory Host MdeDeviceId MdatpDeviceId MachineId
"""
"""Members of AIR's audit records and of what is in them; those of accounts and devices as in Sentinel's schema."""

ANNOTATIONS = """
    odata.context odata.nextLink odata.deltaLink odata.count odata.type odata.id odata.etag odata.editLink
    odata.navigationLink odata.associationLink odata.readLink
"""

TYPES = """
    activeDirectoryDomainEvidence aiAgentEvidence alert alertComment alertEvidence amazonResourceEvidence
    analyzedEmail analyzedEmailAttachment analyzedEmailAuthenticationDetail analyzedEmailDeliveryDetail
    analyzedEmailDlpRuleInfo analyzedEmailExchangeTransportRuleInfo analyzedEmailRecipientDetail
    analyzedEmailSenderDetail analyzedEmailUrl analyzedMessageEvidence azureResourceEvidence blobContainerEvidence
    blobEvidence cloudApplicationEvidence cloudLogonRequestEvidence cloudLogonSessionEvidence compromiseIndicator
    containerEvidence containerImageEvidence containerRegistryEvidence detonationBehaviourDetails detonationChain
    detonationDetails detonationObservables deviceEvidence dictionary dnsEvidence emailSender fileDetails
    fileEvidence fileHash fileHashEvidence geoLocation gitHubOrganizationEvidence gitHubRepoEvidence
    gitHubUserEvidence googleCloudResourceEvidence hostLogonSessionEvidence huntingQueryResults huntingRowResult
    incident ioTDeviceEvidence ipEvidence kubernetesClusterEvidence kubernetesControllerEvidence
    kubernetesNamespaceEvidence kubernetesPodEvidence kubernetesSecretEvidence kubernetesServiceAccountEvidence
    kubernetesServiceEvidence kubernetesServicePort loggedOnUser mailboxConfigurationEvidence mailboxEvidence
    mailClusterEvidence malwareEvidence networkConnectionEvidence nicEvidence oauthApplicationEvidence
    processEvidence registryKeyEvidence registryValueEvidence resourceAccessEvent sasTokenEvidence
    securityGroupEvidence servicePrincipalEvidence singlePropertySchema stream submissionMailEvidence
    teamsMessageEvidence threatDetectionDetail timelineEvent urlEvidence userAccount userEvidence vmMetadata
    user group device orgContact servicePrincipal Int32 Int64 String Double Guid DateTimeOffset
"""

FIELDS = """
    Urls Url UrlDomain FileHash FilesHash Sha256 MalwareFile Attachment AttachmentName AttachmentHash BodyFingerprintBin1
    BodyFingerprint Subject P1Sender P2Sender P1SenderDomain P2SenderDomain P1SenderDisplayName P2SenderDisplayName
    SenderIp SenderIPv4 SenderIPv6 ContentType AntispamDirection AntiSpamDirection NetworkMessageId Recipient RecipientDomain
    CampaignId DeliveryAction DeliveryLocation ThreatType
"""
"""What clusters are built by, in `clusterBy` and `query`."""

_FIELD_PARTS = _set(
    "urls url domain domains file files hash hashes sha1 sha256 md5 malware attachment attachments name names body "
    "fingerprint bin bin1 bin2 subject p1 p2 sender senders from recipient recipients ip ipv4 ipv6 content type "
    "antispam anti spam direction network message internet id ids campaign delivery action location threat count "
    "cluster mail email display address language"
)

OPERATORS = _set("and or not in eq ne gt ge lt le has any all null true false to startswith contains")
"""What stands between the parts of filters and cluster queries."""

FLAGS = frozenset({"contenttype", "antispamdirection"})
"""Fields of cluster queries whose numbers are choices, such as 1 for inbound."""

_COUNTS = """
    emailCount attachmentsCount urlCount fileSize sizeInBytes bulkComplaintLevel spamConfidenceLevel phishConfidenceLevel
    priorityScore Size MailCount AttachmentCount UrlCount FileSize EmailSize count_ Clicks ClicksAllowed ClicksThrough
"""
_MOMENTS = "Timestamp Timestamp1 date CreationTime TimestampUtc QueryTime StartTimeUtc LastUpdateTimeUtc EndTimeUtc startTime endTime"


def _lower(*blocks: str) -> frozenset[str]:
    return frozenset(" ".join(blocks).lower().split())


COLUMNS_KNOWN = _lower(COLUMNS) | {"record", "size"}
_ANNOTATIONS = _lower(ANNOTATIONS)
_KNOWN = _lower(PROPERTIES, COLUMNS, INSIDE, ACTED_ON, WRITTEN_DOWN)
_TYPES = frozenset(TYPES.split())
_FIELDS = _lower(FIELDS)
COUNTS = _lower(_COUNTS)
"""Properties whose numbers are kept: how many, how large, how sure."""
MOMENTS = _lower(_MOMENTS) | {name for name in _KNOWN if name.endswith("datetime")}
"""Properties whose moments are kept."""
TYPED = re.compile(r"(#?(?:Collection\()?(?:microsoft\.graph\.)?(?:security\.)?)(\w+)(\)?)", re.ASCII)
"""A name of a type, with what stands around it."""

_HUMP = re.compile(r"[A-Z]?[a-z]+\d*|[A-Z]+\d*(?![a-z])|\d+", re.ASCII)


def is_name(name: str) -> bool:
    """Return whether this is the name of a property, a column or an annotation, in any case."""
    if "@" not in name:
        return name.lower() in _KNOWN
    of, _, annotation = name.lower().partition("@")
    return annotation in _ANNOTATIONS and (not of or of in _KNOWN)


def is_type(name: str) -> bool:
    """Return whether this is the short name of a type of Graph's."""
    return name in _TYPES


def is_field(name: str) -> bool:
    """Return whether clusters are built by this, or could be: a name made of nothing but the words of such names."""
    if name.lower() in _FIELDS:
        return True
    parts = _HUMP.findall(name)
    return bool(parts) and "".join(parts) == name and all(part.lower() in _FIELD_PARTS for part in parts)
