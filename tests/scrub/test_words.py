"""What is kept, held to Microsoft's own metadata and to the words that the agent goes by."""

from collections.abc import Iterator

import pytest

from agent.judge import note, recognise, words
from agent.scrub import names
from agent.scrub.titles import is_title
from agent.scrub.words import WORDS, is_published
from agent.simulator import making
from tests.metadata import metadata
from tests.scrub.planting import COUNTS

SECURITY = "microsoft.graph.security."
ROOTS = ("incident", "alert", "analyzedEmail", "alertEvidence", "huntingQueryResults", "alertComment")


def reachable() -> set[str]:
    """Return every type that an answer to the agent may hold."""
    known = metadata()
    todo = [f"{SECURITY}{name}" for name in ROOTS]
    todo += [name for name in known.shapes if known.derives(name, f"{SECURITY}alertEvidence")]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name in found or name not in known.shapes:
            continue
        found.add(name)
        todo += [
            one.type.removeprefix("Collection(").removesuffix(")") for one in known.properties(name).values()
        ]
    return found


def enumerated() -> Iterator[tuple[str, str]]:
    for shape in reachable():
        for name, known in metadata().properties(shape).items():
            kind = known.type.removeprefix("Collection(").removesuffix(")")
            yield from ((name, member) for member in metadata().enums.get(kind, ()))


def test_every_property_and_type_of_the_metadata_keeps_its_name() -> None:
    shapes = reachable()

    assert len(shapes) > 70
    assert [shape for shape in shapes if not names.is_type(shape.rpartition(".")[2])] == []
    assert [
        name for shape in shapes for name in metadata().properties(shape) if not names.is_name(name)
    ] == []


def test_every_word_of_the_metadata_is_kept_under_its_property() -> None:
    pairs = set(enumerated())

    assert len(pairs) > 200
    assert [pair for pair in sorted(pairs) if not is_published(pair[0].lower(), pair[1])] == []


def test_no_number_is_kept_but_those_that_the_search_of_recordings_knows_to_be_counts() -> None:
    assert {name.lower() for name in COUNTS} - {"@odata.count"} == names.COUNTS


def test_every_moment_of_the_metadata_is_kept() -> None:
    moments = {
        name.lower()
        for shape in reachable()
        for name, known in metadata().properties(shape).items()
        if known.type == "Edm.DateTimeOffset"
    }

    assert moments
    assert moments <= names.MOMENTS


@pytest.mark.parametrize(
    ("fact", "properties"),
    [
        ("evidence.verdict", "verdict"),
        ("evidence.remediationStatus", "remediationStatus"),
        ("evidence.roles", "roles"),
        ("alert.severity", "severity"),
        ("alert.status", "status"),
        ("alert.serviceSource", "serviceSource"),
        ("alert.detectionSource", "detectionSource"),
        ("alert.classification", "classification"),
        ("alert.determination", "determination"),
        ("investigation.state", "investigationState"),
        ("incident.status", "status"),
        ("message.location", "deliveryLocation"),
        ("message.deliveryAction", "deliveryAction"),
        ("message.direction", "antiSpamDirection"),
        ("message.threats", "threats"),
        ("location", "location"),
        ("auth.spf", "SPF"),
        ("auth.dkim", "DKIM"),
        ("auth.dmarc", "DMARC"),
        ("auth.composite", "CompAuth"),
        ("mailbox.configurationType", "configurationType"),
        ("device.riskScore", "riskScore"),
        ("device.healthStatus", "healthStatus"),
        ("file.detectionStatus", "detectionStatus"),
    ],
)
def test_every_word_that_policies_may_test_is_kept_where_graph_says_it(fact: str, properties: str) -> None:
    assert [word for word in words.WORDS[fact] if not is_published(properties.lower(), word)] == []


def test_what_the_agent_knows_by_its_title_keeps_it() -> None:
    assert is_title("title", recognise.ECHO)
    assert all(
        is_title("title", title)
        for title in (
            *(making.URL_REMOVED, making.FILE_REMOVED, making.CAMPAIGN_REMOVED),
            *(making.NOT_REMOVED, making.REPORTED, making.CLICKED),
        )
    )


def test_titles_are_kept_in_titles_only() -> None:
    assert is_title("displayname", "User restricted from sending email")
    assert not is_title("subject", "User restricted from sending email")
    assert not is_title("title", "User restricted from sending email: anna@contoso.example")


def test_our_own_tags_are_kept() -> None:
    assert [tag for tag in note.TAGS if not is_published("customtags", tag)] == []


def test_a_word_is_kept_under_its_own_property_only() -> None:
    assert is_published("severity", "high")
    assert not is_published("subject", "high")
    assert not is_published("severity", "highest")


def test_everything_is_told_apart_in_lower_case() -> None:
    assert all(name == name.lower() and word == word.lower() for name, some in WORDS.items() for word in some)


@pytest.mark.parametrize(
    "name", ["Urls", "FileHashSha256", "BodyFingerprintBin2", "P1SenderDomain", "senderIp"]
)
def test_fields_that_clusters_are_built_by_keep_their_names(name: str) -> None:
    assert names.is_field(name)


@pytest.mark.parametrize("name", ["Anna", "SubjectAnna", "contoso", "", "Subject1234567", "P2SenderDomain@x"])
def test_what_is_more_than_a_field_does_not(name: str) -> None:
    assert not names.is_field(name)
