"""Facts, as they are gathered."""

import msgspec
import pytest

from agent.judge.clusters import cluster_by
from agent.judge.gather import gather, mail_of, mails_of, wanted
from agent.judge.known import ALWAYS
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS
from agent.model.defender import DeviceEvidence, Mail, MailboxConfigurationEvidence, UrlEvidence
from agent.model.facts import Facts
from agent.model.pending import IncidentHead, Sighting
from tests.makers import NOW, a_cluster, a_copy, a_message, an_action, message_id, some_mail


def facts_of_cluster(*, mail: Mail | None) -> Facts:
    return gather(an_action(), mail, NOW)


def test_a_cluster_says_how_many_copies_are_still_in_mailboxes() -> None:
    mail = some_mail(a_copy(1), a_copy(1, recipient="ceo@contoso.example"), a_copy(2, location="quarantine"))

    facts = facts_of_cluster(mail=mail)

    assert facts.values["cluster.mailboxCount"] == 2
    assert facts.values["cluster.copyCount"] == 3
    assert facts.values["cluster.emailCount"] == 3
    assert facts.values["cluster.by"] == "url"
    assert facts.values["recipients"] == frozenset({"anna@contoso.example", "ceo@contoso.example"})
    assert facts.values["senders.domains"] == frozenset({"evil.example"})
    assert facts.messages is not None
    assert facts.messages[2]["inMailbox"] is False


def test_with_a_message_unresolved_counts_are_unknown_and_sets_are_lower_bounds() -> None:
    mail = Mail(messages=(a_copy(1),), unresolved=frozenset({message_id(2)}), why="no row")

    facts = facts_of_cluster(mail=mail)

    assert "cluster.mailboxCount" not in facts.values
    assert "recipients.count" not in facts.values
    assert facts.values["recipients"] == frozenset({"anna@contoso.example"})
    assert not facts.messages_complete
    assert facts.unresolved == "no row"


def test_an_unknown_place_makes_the_count_and_the_places_unknown() -> None:
    facts = facts_of_cluster(mail=some_mail(a_copy(1), a_copy(2, location=None)))

    assert "cluster.mailboxCount" not in facts.values
    assert "locations" not in facts.values


def test_a_sender_nobody_named_makes_the_senders_unknown() -> None:
    facts = facts_of_cluster(mail=some_mail(a_copy(1), a_copy(2, sender=None)))

    assert "senders" not in facts.values
    assert "senders.domains" not in facts.values


def test_without_a_look_at_the_mail_nothing_is_said_of_it() -> None:
    facts = facts_of_cluster(mail=None)

    assert facts.messages is None
    assert "recipients" not in facts.values


@pytest.mark.parametrize("verdict", [None, "", "unknownFutureValue2", "MALICIOUS"])
def test_a_word_that_is_not_known_is_left_out(verdict: str | None) -> None:
    facts = gather(an_action(a_cluster(verdict=verdict)), None, NOW)

    assert "evidence.verdict" not in facts.values


def test_only_the_messages_own_recipient_is_asked_about() -> None:
    action = an_action(a_message())

    mail = mail_of(action, some_mail(a_copy(1), a_copy(1, recipient="bob@contoso.example"), a_copy(2)))

    assert wanted(action) == (message_id(1),)
    assert [copy.recipient for copy in mail.messages] == ["anna@contoso.example"]
    assert not mail.unresolved


def test_a_message_without_its_recipient_is_unresolved() -> None:
    action = an_action(a_message())

    assert mail_of(action, some_mail(a_copy(1, recipient="bob@contoso.example"))).unresolved == {
        message_id(1)
    }


@pytest.mark.parametrize(
    ("named", "query", "meaning"),
    [
        ("Urls", None, "url"),
        ("Subject;P2SenderDomain;ContentType", None, "similarity"),
        ("Subject;SenderIp;ContentType", None, "similarity"),
        ("BodyFingerprintBin1;P2SenderDomain;ContentType", None, "similarity"),
        ("FileHash", None, "file"),
        (None, '( (( (Urls:"https://bad.example") )) AND ( (AntispamDirection:1) ) )', "url"),
        (None, 'Subject:"Urls: the url of the fileHash:" AND SenderIp:"1"', "similarity"),
        (None, 'Weather:"url:sha256:"', None),
        ("Weather", 'Urls:"x"', None),
        (None, None, None),
        ("", "", None),
    ],
)
def test_what_a_cluster_is_built_on(named: str | None, query: str | None, meaning: str | None) -> None:
    assert cluster_by(named, query) == meaning


def test_every_fact_gathered_is_in_the_table() -> None:
    names = FACTS.keys() | MESSAGE_FACTS.keys()
    actions = [
        an_action(),
        an_action(a_message()),
        an_action(UrlEvidence(url="https://bad.example:8/x", remediation_status="pendingApproval")),
        an_action(
            MailboxConfigurationEvidence(
                mailbox_primary_address="a@b.example",
                configuration_type="mailDelegation",
                remediation_status="pendingApproval",
            )
        ),
    ]

    for action in actions:
        facts = gather(action, some_mail(a_copy(1)), NOW)
        assert set(facts.values) <= names
        for message in facts.messages or ():
            assert set(message) <= names


def test_a_url_that_is_none_has_no_host() -> None:
    action = an_action(UrlEvidence(url="http://[bad", remediation_status="pendingApproval"))

    assert "url.host" not in gather(action, None, NOW).values
    assert msgspec.structs.asdict(action)["label"] == "http://[bad"


def test_facts_that_are_called_never_missing_are_given_of_the_barest_action() -> None:
    head, seen = IncidentHead(id="1"), (Sighting(incident_id="1", alert_id="2"),)
    bare = msgspec.structs.replace(an_action(), evidence=None, incident=head, sightings=seen)

    assert gather(bare, None, NOW).values.keys() >= ALWAYS


def test_a_device_is_known_by_what_entra_has_of_it_too() -> None:
    def values(
        device_dns_name: str | None = None,
        host_name: str | None = None,
        azure_ad_device_id: str | None = None,
    ) -> dict[str, object]:
        evidence = DeviceEvidence(
            remediation_status="pendingApproval",
            mde_device_id="m",
            device_dns_name=device_dns_name,
            host_name=host_name,
            azure_ad_device_id=azure_ad_device_id,
        )
        return {
            name.removeprefix("device."): value
            for name, value in gather(an_action(evidence), None, NOW).values.items()
            if name.startswith("device.")
        }

    dns = "laptop-7.contoso.example"
    assert values(device_dns_name=dns, host_name="LAPTOP-7", azure_ad_device_id="a") == {
        "id": "m",
        "name": dns,
        "hostName": "LAPTOP-7",
        "azureAdDeviceId": "a",
    }
    assert values(device_dns_name=dns)["hostName"] == "laptop-7"
    assert "hostName" not in values()


def test_when_lists_were_fetched_is_a_fact_of_every_action() -> None:
    facts = gather(an_action(), None, NOW, lists={"vip": NOW})

    assert facts.values["list.vip.refreshed"] == NOW
    assert "list.other.refreshed" not in facts.values


def test_mail_that_was_asked_for_together_is_told_apart_as_if_each_had_been_asked_for_alone() -> None:
    first, second, other = (
        an_action(a_cluster(query="q1", first=1, messages=2)),
        an_action(a_cluster(query="q2", first=2, messages=2)),
        an_action(a_cluster(query="q3", first=9, messages=1)),
    )
    mail = some_mail(a_copy(3), a_copy(1), a_copy(2), a_copy(1, recipient="bob@contoso.example"))

    together = mails_of((first, second, other), mail)

    assert together == {one.id: mail_of(one, mail) for one in (first, second, other)}
    assert [copy.network_message_id[-1] for copy in together[first.id].messages] == ["1", "2", "1"]
