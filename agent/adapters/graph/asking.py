"""Requests, made with the SDK's builders: which path, which query, which body.

Where the SDK names a bound action with its namespace, the path of the documentation's page is used; both
name the same action.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from agent.adapters.graph.ids import segment
from agent.adapters.graph.plain import writing
from agent.adapters.graph.sdk import (
    Alerts_v2RequestBuilder,
    AnalyzedEmail,
    GraphServiceClient,
    IncidentBody,
    IncidentItemRequestBuilder,
    IncidentsRequestBuilder,
    RemediatePostRequestBody,
    RemediationAction,
    RemediationSeverity,
    RunHuntingQueryPostRequestBody,
)
from agent.model.decision import Classification
from agent.model.enactment import Pair

LOOK_BACK = timedelta(days=30)
"""How far back mail is looked up, as hunting reaches; what `analyzedEmails` reaches is UNCONFIRMED."""


def moment(when: datetime) -> str:
    """Return a moment as filters want it."""
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def updated(since: datetime, until: datetime | None) -> str:
    """Return the filter for what was last updated at or after a moment, and before another where one is named."""
    begins = f"lastUpdateDateTime ge {moment(since)}"
    return begins if until is None else f"{begins} and lastUpdateDateTime lt {moment(until)}"


class Asking:
    """Makes requests of one Graph, to what is below `/security`."""

    def __init__(self, graph: GraphServiceClient, base_url: str) -> None:
        self._security = graph.security
        self._base_url = base_url

    def incidents(self, since: datetime, until: datetime | None, top: int | None) -> RequestInformation:
        """Ask for the first page of incidents updated at or after `since` and before `until`, with their alerts."""
        query = IncidentsRequestBuilder.IncidentsRequestBuilderGetQueryParameters(
            filter=updated(since, until), expand=["alerts"], top=top
        )
        return self._security.incidents.to_get_request_information(_reading(query))

    def more_incidents(self, link: str) -> RequestInformation:
        """Ask for the page behind a link, exactly as it was given."""
        return self._security.incidents.with_url(link).to_get_request_information(_reading(None))

    def incident(self, incident_id: str) -> RequestInformation:
        """Ask for one incident with its alerts."""
        query = IncidentItemRequestBuilder.IncidentItemRequestBuilderGetQueryParameters(expand=["alerts"])
        item = self._security.incidents.by_incident_id(incident_id)
        return item.to_get_request_information(_reading(query))

    def alerts(self, since: datetime, until: datetime | None, top: int | None) -> RequestInformation:
        """Ask for the first page of alerts updated at or after `since` and before `until`."""
        query = Alerts_v2RequestBuilder.Alerts_v2RequestBuilderGetQueryParameters(
            filter=updated(since, until), top=top
        )
        return self._security.alerts_v2.to_get_request_information(_reading(query))

    def more_alerts(self, link: str) -> RequestInformation:
        """Ask for the page behind a link, exactly as it was given."""
        return self._security.alerts_v2.with_url(link).to_get_request_information(_reading(None))

    def hunt(self, query: str) -> RequestInformation:
        """Ask what a query finds."""
        builder = self._security.microsoft_graph_security_run_hunting_query.with_url(
            f"{self._base_url}/security/runHuntingQuery"
        )
        return builder.to_post_request_information(
            RunHuntingQueryPostRequestBody(query=query), _reading(None)
        )

    def analyzed_emails(self, message_id: str, now: datetime) -> RequestInformation:
        """Ask for every copy of one message; the SDK has no `startTime` and `endTime`, the page does."""
        query = {
            "startTime": moment(now - LOOK_BACK),
            "endTime": moment(now),
            "$filter": f"networkMessageId eq '{message_id}'",
        }
        url = f"{self._base_url}/security/collaboration/analyzedEmails?{urlencode(query)}"
        return self.more_analyzed_emails(url)

    def more_analyzed_emails(self, link: str) -> RequestInformation:
        """Ask for the page behind a link, exactly as it was given."""
        builder = self._security.collaboration.analyzed_emails.with_url(link)
        return builder.to_get_request_information(_reading(None))

    def any_analyzed_email(self) -> RequestInformation:
        """Ask for one record, whichever it is: only whether there is an answer matters."""
        return self.more_analyzed_emails(
            f"{self._base_url}/security/collaboration/analyzedEmails?{urlencode({'$top': 1}, safe='$')}"
        )

    def remediate(
        self,
        targets: Sequence[Pair],
        action: RemediationAction,
        *,
        senders_copy: bool,
        name: str,
        description: str,
    ) -> RequestInformation:
        """Ask for this to be done with these copies, and with the sender's own copy where that is wanted."""
        builder = self._security.collaboration.analyzed_emails.microsoft_graph_security_remediate.with_url(
            f"{self._base_url}/security/collaboration/analyzedEmails/remediate"
        )
        body = RemediatePostRequestBody(
            display_name=name,
            description=description,
            severity=RemediationSeverity.Medium,
            action=action,
            remediate_senders_copy=senders_copy,
            analyzed_emails=[
                AnalyzedEmail(network_message_id=message_id, recipient_email_address=recipient)
                for message_id, recipient in targets
            ],
        )
        return builder.to_post_request_information(body)

    def comment(self, incident_id: str, text: str) -> RequestInformation:
        """Ask for one more comment on the incident."""
        return self._comment(f"{self._base_url}/security/incidents/{segment(incident_id)}/comments", text)

    def comment_alert(self, alert_id: str, text: str) -> RequestInformation:
        """Ask for one more comment on the alert."""
        return self._comment(f"{self._base_url}/security/alerts_v2/{segment(alert_id)}/comments", text)

    def classify_alert(self, alert_id: str, classification: Classification) -> RequestInformation:
        """Ask for the classification and the determination together: neither is checked against the other's old one."""
        body = {"classification": classification.classification}
        if classification.determination is not None:
            body["determination"] = classification.determination
        url = f"{self._base_url}/security/alerts_v2/{segment(alert_id)}"
        return writing(Method.PATCH, url, body)

    def _comment(self, url: str, text: str) -> RequestInformation:
        """Ask for a comment, as the page has it: the SDK knows comments as a list of the alert's only."""
        body = {"@odata.type": "microsoft.graph.security.alertComment", "comment": text}
        return writing(Method.POST, url, body)

    def tag(self, incident_id: str, tags: Sequence[str]) -> RequestInformation:
        """Ask for these custom tags in place of all that there are."""
        item = self._security.incidents.by_incident_id(incident_id)
        return item.to_patch_request_information(IncidentBody(custom_tags=list(tags)))


def _reading(query: Any) -> RequestConfiguration[Any]:
    """Return what every read carries: without the header, `pendingApproval` comes as `unknownFutureValue`."""
    headers = HeadersCollection()
    headers.add("Prefer", "include-unknown-enum-members")
    return RequestConfiguration(headers=headers, query_parameters=query)
