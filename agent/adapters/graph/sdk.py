"""The parts of msgraph-sdk that are used, imported in one place.

The SDK's generated modules warn of their own deprecated classes while they are imported (1.65.0). That
says nothing about our use of them, and would stop whoever runs Python with warnings as errors.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from msgraph.generated.models.security.analyzed_email import AnalyzedEmail
    from msgraph.generated.models.security.incident import Incident as IncidentBody
    from msgraph.generated.models.security.remediation_action import RemediationAction
    from msgraph.generated.models.security.remediation_severity import RemediationSeverity
    from msgraph.generated.security.alerts_v2.alerts_v2_request_builder import Alerts_v2RequestBuilder
    from msgraph.generated.security.collaboration.analyzed_emails.analyzed_emails_request_builder import (
        AnalyzedEmailsRequestBuilder,
    )
    from msgraph.generated.security.collaboration.analyzed_emails.microsoft_graph_security_remediate.microsoft_graph_security_remediate_request_builder import (
        MicrosoftGraphSecurityRemediateRequestBuilder as RemediateRequestBuilder,
    )
    from msgraph.generated.security.collaboration.analyzed_emails.microsoft_graph_security_remediate.remediate_post_request_body import (
        RemediatePostRequestBody,
    )
    from msgraph.generated.security.collaboration.collaboration_request_builder import (
        CollaborationRequestBuilder,
    )
    from msgraph.generated.security.incidents.incidents_request_builder import IncidentsRequestBuilder
    from msgraph.generated.security.incidents.item.incident_item_request_builder import (
        IncidentItemRequestBuilder,
    )
    from msgraph.generated.security.microsoft_graph_security_run_hunting_query.microsoft_graph_security_run_hunting_query_request_builder import (
        MicrosoftGraphSecurityRunHuntingQueryRequestBuilder as RunHuntingQueryRequestBuilder,
    )
    from msgraph.generated.security.microsoft_graph_security_run_hunting_query.run_hunting_query_post_request_body import (
        RunHuntingQueryPostRequestBody,
    )
    from msgraph.generated.security.security_request_builder import SecurityRequestBuilder
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_service_client import GraphServiceClient

__all__ = [
    "Alerts_v2RequestBuilder",
    "AnalyzedEmail",
    "AnalyzedEmailsRequestBuilder",
    "CollaborationRequestBuilder",
    "GraphRequestAdapter",
    "GraphServiceClient",
    "IncidentBody",
    "IncidentItemRequestBuilder",
    "IncidentsRequestBuilder",
    "RemediatePostRequestBody",
    "RemediateRequestBuilder",
    "RemediationAction",
    "RemediationSeverity",
    "RunHuntingQueryPostRequestBody",
    "RunHuntingQueryRequestBuilder",
    "SecurityRequestBuilder",
]
