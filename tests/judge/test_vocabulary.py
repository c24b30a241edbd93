"""The table of facts knows Microsoft's words, and has a row for every fact that is gathered."""

import re
from datetime import datetime

import msgspec
import pytest

from agent.judge import known
from agent.judge.document import fact_rows, markdown, operator_rows
from agent.judge.gather import gather
from agent.judge.known import EVIDENCE_OF, Known
from agent.judge.operators import OPERATORS
from agent.judge.vocabulary import FACTS, MEMBER, MESSAGE_FACTS, SETS, WORDS
from agent.model.defender import (
    AnyEvidence,
    DeviceEvidence,
    FileDetails,
    FileEvidence,
    MailboxConfigurationEvidence,
    MailboxEvidence,
    ProcessEvidence,
    RegistryKeyEvidence,
    UrlEvidence,
    UserAccount,
    UserEvidence,
)
from agent.model.facts import VOCABULARY, FactType
from agent.model.pending import MAIL_KINDS, USER_KINDS, ActionKind
from tests.makers import NOW, a_cluster, a_copy, a_message, an_action, some_mail
from tests.metadata import metadata

SECURITY = "microsoft.graph.security."
MEANT_AS_NOTHING = {"unknown", "unknownFutureValue"}


@pytest.mark.parametrize(
    ("fact", "enumeration"),
    [
        ("evidence.verdict", "evidenceVerdict"),
        ("evidence.remediationStatus", "evidenceRemediationStatus"),
        ("evidence.roles", "evidenceRole"),
        ("alert.severity", "alertSeverity"),
        ("alert.status", "alertStatus"),
        ("alert.serviceSource", "serviceSource"),
        ("alert.detectionSource", "detectionSource"),
        ("alert.classification", "alertClassification"),
        ("alert.determination", "alertDetermination"),
        ("investigation.state", "investigationState"),
        ("incident.status", "incidentStatus"),
        ("threats", "threatType"),
        ("location", "deliveryLocation"),
        ("message.deliveryAction", "deliveryAction"),
        ("direction", "antispamDirectionality"),
        ("mailbox.configurationType", "mailboxConfigurationType"),
        ("device.riskScore", "deviceRiskScore"),
        ("device.healthStatus", "deviceHealthStatus"),
        ("file.detectionStatus", "detectionStatus"),
    ],
)
def test_words_are_those_of_the_metadata_without_those_that_say_nothing(fact: str, enumeration: str) -> None:
    assert WORDS[fact] == set(metadata().enums[SECURITY + enumeration]) - MEANT_AS_NOTHING


def test_types_of_evidence_are_those_of_the_metadata() -> None:
    found = metadata()
    derived = {
        name.removeprefix(SECURITY)
        for name in found.shapes
        if found.derives(name, f"{SECURITY}alertEvidence") and name != f"{SECURITY}alertEvidence"
    }

    assert WORDS["evidence.type"] == derived


def test_only_facts_of_words_have_words() -> None:
    rows = {**FACTS, **MESSAGE_FACTS}

    assert {MEMBER.get(rows[name].type, rows[name].type) for name in WORDS} == {FactType.WORD}


def test_facts_over_messages_are_of_mail_only_and_are_sets_or_numbers() -> None:
    over = [fact for fact in FACTS.values() if fact.over_messages]

    assert over
    assert all(fact.kinds <= MAIL_KINDS for fact in over)
    assert {fact.type for fact in over} <= SETS | {FactType.NUMBER}


PYTHON: dict[FactType, type] = {
    FactType.NUMBER: int,
    FactType.YESNO: bool,
    FactType.MOMENT: datetime,
    **dict.fromkeys(SETS, frozenset),
}


@pytest.mark.parametrize(
    "evidence",
    [
        a_cluster(),
        a_message(),
        MailboxConfigurationEvidence(
            mailbox_primary_address="a@contoso.example",
            configuration_type="mailDelegation",
            upn="a@contoso.example",
        ),
        FileEvidence(
            mde_device_id="d", file_details=FileDetails(file_name="a.exe", sha256="00", file_size=7)
        ),
        UserEvidence(user_account=UserAccount(account_name="a", user_principal_name="a@contoso.example")),
    ],
    ids=lambda evidence: type(evidence).__name__,
)
def test_whatever_is_gathered_has_a_row_for_its_kind_and_the_row_s_type(evidence: AnyEvidence) -> None:
    action = an_action(msgspec.structs.replace(evidence, remediation_status="pendingApproval"))
    mail = some_mail(a_copy(), a_copy(2)) if action.kind in MAIL_KINDS else None

    facts = gather(action, mail, NOW)

    for table, values in ((FACTS, facts.values), *((MESSAGE_FACTS, row) for row in facts.messages or ())):
        for name, value in values.items():
            assert action.kind in table[name].kinds, name
            assert isinstance(value, PYTHON.get(table[name].type, str)), name


EVIDENCE: tuple[AnyEvidence, ...] = (
    a_cluster(),
    a_message(),
    MailboxConfigurationEvidence(mailbox_primary_address="a@x.example", configuration_type="mailDelegation"),
    MailboxConfigurationEvidence(mailbox_primary_address="a@x.example", configuration_type="userInboxRule"),
    MailboxConfigurationEvidence(mailbox_primary_address="a@x.example", configuration_type="owaSettings"),
    MailboxEvidence(primary_address="a@x.example"),
    FileEvidence(mde_device_id="d", file_details=FileDetails(file_name="a.exe", sha256="00", file_size=7)),
    UserEvidence(user_account=UserAccount(account_name="a", user_principal_name="a@contoso.example")),
    DeviceEvidence(mde_device_id="d", device_dns_name="d.x.example"),
    ProcessEvidence(mde_device_id="d", process_command_line="a", process_id=7),
    RegistryKeyEvidence(registry_hive="h", registry_key="k"),
    UrlEvidence(url="https://x.example/a"),
)


@pytest.mark.parametrize("evidence", EVIDENCE, ids=lambda evidence: type(evidence).__name__)
def test_what_is_said_of_how_facts_are_known_is_so(evidence: AnyEvidence) -> None:
    action = an_action(msgspec.structs.replace(evidence, remediation_status="pendingApproval"))
    mail = some_mail(a_copy(), a_copy(2)) if action.kind in MAIL_KINDS else None

    found = gather(action, mail, NOW).values

    always = {name for name, fact in FACTS.items() if fact.known is Known.ALWAYS}
    assert always <= found.keys()
    for name, value in found.items():
        row = FACTS[name]
        assert row.carriers is None or found["evidence.type"] in row.carriers, name
        assert not row.is_count or (isinstance(value, int) and value >= 0), name
    if action.kind is not ActionKind.UNKNOWN:
        assert found["evidence.type"] == EVIDENCE_OF[action.kind]


def test_every_kind_but_unknown_is_recognised_by_one_type_of_evidence() -> None:
    assert set(EVIDENCE_OF) == set(ActionKind) - {ActionKind.UNKNOWN}
    assert {an_action(one).kind for one in EVIDENCE} == set(ActionKind) - USER_KINDS


def test_every_number_says_what_it_counts() -> None:
    assert [name for name, fact in FACTS.items() if fact.type is FactType.NUMBER and not fact.unit] == []


def test_what_is_said_of_facts_is_said_of_facts_that_there_are() -> None:
    named = {*known.ALWAYS, *known.SELDOM, *known.COUNTS, *known.SIZES}

    assert named <= FACTS.keys()
    assert all(any(name.startswith(begins) for name in FACTS) for begins in known.CARRIERS)
    assert all(FACTS[name].kinds <= MAIL_KINDS for name in known.SIZES)


def test_the_documentation_has_a_row_for_every_fact_and_operator() -> None:
    named = [row[0].strip("`") for row in fact_rows()]

    assert named == [*FACTS, *MESSAGE_FACTS]
    assert [row[0].strip("`") for row in operator_rows()] == [*OPERATORS, "oneOf"]
    assert all(all(cell for cell in row) for row in (*fact_rows(), *operator_rows()))


def test_kinds_are_told_in_words() -> None:
    kinds = {row[0]: row[2] for row in fact_rows()[: len(FACTS)]}

    assert kinds["`evidence.verdict`"] == "every kind"
    assert kinds["`recipients`"] == "both mail kinds"
    assert kinds["`cluster.by`"] == f"`{ActionKind.SOFT_DELETE_CLUSTER}`"


def test_a_table_in_markdown_has_as_many_cells_in_every_line() -> None:
    lines = markdown(("operator", "facts", "takes", "means"), operator_rows()).splitlines()

    assert len(lines) == 2 + len(operator_rows())
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {5}


def test_facts_that_came_in_later_say_so_and_when_they_are_unknown() -> None:
    later = {name: fact for name, fact in {**FACTS, **MESSAGE_FACTS}.items() if fact.since > 1}

    assert {fact.since for fact in later.values()} == {2, VOCABULARY}
    assert [name for name, fact in later.items() if fact.since == VOCABULARY] == ["action.kindSource"]
    assert {name.partition(".")[0] for name in later} == {
        "action",
        "alert",
        "reports",
        "cluster",
        "device",
        "clicks",
        "history",
        "clicked",
        "clickedThrough",
    }
    made_here = [fact for name, fact in later.items() if not name.startswith("device.")]
    assert all(fact.unknown_when != "Graph does not give it" for fact in made_here)
    assert len(later) == 25
