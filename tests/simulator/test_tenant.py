"""The demo's tenant holds everything that an agent must cope with, and is the same for the same seed."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from agent.simulator.names import ECHO_TITLE, PARTNERS, SIMULATION_DOMAIN, VIPS
from agent.simulator.nouns import Act, Proposal
from agent.simulator.state import State
from agent.simulator.switches import Switches, every_position
from agent.simulator.tenant import burst, seed
from agent.simulator.words import HIDDEN_DETECTION_SOURCES, HIDDEN_SERVICE_SOURCES
from tests.metadata import Mismatch
from tests.simulator.worlds import ALERTS, EMAILS, INCIDENTS, NOW, caller

CLUSTER = "#microsoft.graph.security.mailClusterEvidence"
MESSAGE = "#microsoft.graph.security.analyzedMessageEvidence"


@cache
def demo() -> State:
    """Return the tenant as it begins; tests that change it make their own."""
    return seed(1, NOW)


def pending(kind: str | None = None) -> Iterator[Proposal]:
    return (p for p in demo().proposals if kind in (None, p.evidence["@odata.type"].rpartition(".")[2]))


def incident_named(name: str) -> dict[str, Any]:
    return next(one for one in demo().incidents.values() if one["displayName"] == name)


def evidence_of(name: str) -> list[dict[str, Any]]:
    found = incident_named(name)
    return [e for a in demo().alerts.values() if a["incidentId"] == found["id"] for e in a["evidence"]]


def messages_of(name: str) -> set[str]:
    return set(evidence_of(name)[0]["networkMessageIds"])


def test_there_are_at_least_sixty_incidents() -> None:
    assert len(demo().incidents) >= 60


@pytest.mark.parametrize(
    ("by", "least", "most"), [("Urls", 3, 12_000), ("FileHash", 4, 2_500), ("Subject;", 3, 400)]
)
def test_clusters_of_each_make_come_in_all_sizes(by: str, least: int, most: int) -> None:
    sizes = sorted(
        p.evidence["emailCount"] for p in pending("mailClusterEvidence") if by in p.evidence["clusterBy"]
    )

    assert len(sizes) >= 4
    assert sizes[0] == least
    assert sizes[-1] >= most


def test_every_message_of_a_cluster_has_a_copy_and_some_have_two() -> None:
    copies = [len(list(demo().post.of_message(m))) for p in pending() for m in p.messages]

    assert set(copies) == {1, 2}


def test_single_messages_are_malicious_and_suspicious() -> None:
    verdicts = Counter(p.evidence["verdict"] for p in pending("analyzedMessageEvidence"))

    assert verdicts["malicious"] >= 3
    assert verdicts["suspicious"] >= 3


def test_mailbox_settings_come_with_and_without_a_rule() -> None:
    found = {
        (p.evidence["configurationType"], p.evidence["configurationId"] is not None)
        for p in pending("mailboxConfigurationEvidence")
    }

    assert found == {
        ("mailForwardingRule", True),
        ("mailForwardingRule", False),
        ("userInboxRule", True),
        ("mailDelegation", False),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "userEvidence",
        "deviceEvidence",
        "fileEvidence",
        "registryKeyEvidence",
        "processEvidence",
        "urlEvidence",
        "oauthApplicationEvidence",
    ],
)
def test_other_things_wait_too(kind: str) -> None:
    assert list(pending(kind))


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("Sends spam from two countries", Act.DISABLE_USER),
        ("Spreads on premises", Act.DISABLE_USER),
        ("Administrator taken over", Act.DISABLE_USER),
        ("Password found in a leak", Act.RESET_PASSWORD),
        ("Session was stolen", Act.REVOKE_SESSIONS),
        ("User who may be compromised", None),
    ],
)
def test_some_rows_name_what_is_proposed_about_an_account_and_some_do_not(name: str, act: Act | None) -> None:
    evidence = evidence_of(name)[0]
    [proposal] = [p for p in pending("userEvidence") if p.evidence is evidence]

    account = evidence["userAccount"]
    user = demo().directory.user(account["userPrincipalName"])
    assert proposal.act is act
    assert user is not None
    assert account["azureAdUserId"] == user["id"]
    assert (account["userSid"] is not None) is (name in {"Spreads on premises", "Password found in a leak"})


@pytest.mark.parametrize(
    ("name", "rules", "forwarded", "delegated"),
    [
        ("Forwarding by a rule", 3, False, False),
        ("Inbox rule that forwards", 3, False, False),
        ("Forwarding of a whole mailbox", 0, True, False),
        ("Delegate nobody knows", 0, False, True),
    ],
)
def test_mailboxes_do_what_their_evidence_says(
    name: str, rules: int, forwarded: bool, delegated: bool
) -> None:
    mailbox = demo().mailboxes[evidence_of(name)[0]["externalDirectoryObjectId"]]

    assert len(mailbox.rules) == rules
    assert (mailbox.forwarding_address is not None) is forwarded
    assert bool(mailbox.delegates) is delegated


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("File on a device", "Windows11"),
        ("Stealer on a workstation", "Windows11"),
        ("Loader on a file server", "WindowsServer2022"),
    ],
)
def test_files_lie_on_workstations_and_servers(name: str, platform: str) -> None:
    evidence = evidence_of(name)[0]
    device = evidence["mdeDeviceId"]

    assert demo().machines.known[device]["osPlatform"] == platform
    assert (device, evidence["fileDetails"]["sha1"]) in demo().machines.lying


@pytest.mark.parametrize("vip", VIPS)
def test_important_people_are_among_the_recipients(vip: str) -> None:
    assert any(vip == copy.recipient for p in pending() for copy in p.copies(demo().post))


def test_there_is_a_simulation_partners_mail_of_colleagues_and_bulk() -> None:
    letters = {copy.letter for p in pending() for copy in p.copies(demo().post)}
    domains = {letter.sender.partition("@")[2]: letter for letter in letters}

    assert SIMULATION_DOMAIN in domains
    assert [domains[partner].dmarc for partner in PARTNERS] == ["pass", "fail"]
    assert any(letter.direction == "intraOrg" for letter in letters)
    assert any("Bulk" in letter.methods for letter in letters)


def test_one_cluster_is_seen_in_two_investigations() -> None:
    first, second = (evidence_of(f"Investigation {n} of a URL")[0] for n in (1, 2))

    assert first["query"] == second["query"]
    assert first["networkMessageIds"] == second["networkMessageIds"]
    assert (
        incident_named("Investigation 1 of a URL")["id"] != incident_named("Investigation 2 of a URL")["id"]
    )


def test_clusters_overlap_partly_and_wholly() -> None:
    whole, partly, inner = (
        messages_of(n) for n in ("URL with overlap", "Overlaps partly", "Overlaps wholly")
    )

    assert partly & whole
    assert partly - whole
    assert inner < whole


def test_one_incident_shows_five_clusters() -> None:
    assert [e["@odata.type"] for e in evidence_of("Five waves of one campaign")] == [CLUSTER] * 5


async def test_one_action_has_an_hour_left() -> None:
    graph = caller(seed(1, NOW))
    path = f"{INCIDENTS}/{incident_named('One hour left')['id']}"

    graph.later(minutes=59)
    before = (await graph.get(path, expand="alerts")).json()["alerts"][0]["investigationState"]
    graph.later(minutes=1)

    after = (await graph.get(path, expand="alerts")).json()["alerts"][0]["investigationState"]
    assert (before, after) == ("pendingApproval", "terminatedBySystem")


def test_one_action_has_expired_and_still_says_pending() -> None:
    evidence = evidence_of("A week has passed")[0]

    assert evidence["remediationStatus"] == "pendingApproval"
    assert evidence["createdDateTime"] < "2026-08-25"


def test_many_incidents_need_nobody() -> None:
    waiting = {demo().alerts[p.alert_id]["incidentId"] for p in pending()}

    assert len(demo().incidents.keys() - waiting) >= 15


def test_merged_incidents_point_on_and_one_chain_has_two_links() -> None:
    merged = {
        i["id"]: i["redirectIncidentId"] for i in demo().incidents.values() if i["status"] == "redirected"
    }

    assert len(merged) == 3
    assert any(target in merged for target in merged.values())
    assert all(demo().incidents[target] for target in merged.values())


def test_words_that_came_later_are_there() -> None:
    alerts = demo().alerts.values()

    assert any(one["status"] == "awaitingAction" for one in demo().incidents.values())
    assert any(one["serviceSource"] in HIDDEN_SERVICE_SOURCES for one in alerts)
    assert any(one["detectionSource"] in HIDDEN_DETECTION_SOURCES for one in alerts)


def test_our_own_echo_waits_as_well() -> None:
    assert evidence_of(ECHO_TITLE)[0]["remediationStatus"] == "pendingApproval"


def test_an_alert_waits_without_saying_for_what() -> None:
    assert [e["remediationStatus"] for e in evidence_of("Waits without evidence")] == ["none"]


def test_hostile_text_is_in_names_and_subjects() -> None:
    text = "".join(i["displayName"] for i in demo().incidents.values())
    subjects = "".join(p.evidence["subject"] for p in pending("analyzedMessageEvidence"))

    for attack in ("\x1b[", "\u202e", "](https://", "\r\n", "\x00", "=HYPERLINK"):
        assert attack in text
        assert attack in subjects


def test_some_mail_is_gone_already() -> None:
    for number in (1, 2):
        assert demo().post.is_gone(messages_of(f"URL already removed {number}"))


async def test_things_happen_while_somebody_watches() -> None:
    graph = caller(seed(1, NOW))
    start = len(graph.state.incidents)

    graph.later(minutes=20)
    found = {one["displayName"]: one for one in await graph.listed(INCIDENTS, expand="alerts")}

    assert len(found) == start + 5
    shown = {
        name: found[name]["alerts"][0]["evidence"][0]
        for name in ("Approved by a person", "Rejected in the portal", "Soon purged")
    }
    assert [one["remediationStatus"] for one in shown.values()] == ["remediated", "declined", "remediated"]
    assert found["Soon merged"]["status"] == "redirected"
    grown = found["Still growing"]["alerts"][0]["evidence"][0]
    assert grown["emailCount"] == 15
    assert found["Arrived 5"]["createdDateTime"] == "2026-09-01T08:10:00Z"


async def unheard(on: bool) -> None:
    graph = caller(seed(1, NOW), Switches(unheard_words=on))

    await graph.listed(INCIDENTS, expand="alerts")


async def test_words_nobody_has_heard_appear_only_where_switched_on() -> None:
    await unheard(on=False)

    with pytest.raises(Mismatch):
        await unheard(on=True)


async def bytes_of(state: State) -> list[bytes]:
    graph = caller(state)
    answers = [await graph.get(path) for path in (ALERTS, EMAILS)]
    graph.later(minutes=30)
    await graph.remediate(graph.pairs()[:5])
    graph.later(hours=9)
    answers += [
        await graph.get(INCIDENTS, expand="alerts"),
        await graph.http.get("/v1.0/security/incidents/0"),
    ]
    return [answer.content for answer in answers]


async def test_the_same_seed_gives_the_same_bytes() -> None:
    assert await bytes_of(seed(1, NOW)) == await bytes_of(seed(1, NOW))


async def test_another_seed_gives_other_ids_and_the_same_cases() -> None:
    other = seed(2, NOW)

    assert not other.alerts.keys() & demo().alerts.keys()
    assert [i["displayName"] for i in other.incidents.values()] == [
        i["displayName"] for i in demo().incidents.values()
    ]


@pytest.mark.parametrize("name", [name for name in every_position() if name != "unheard words"])
async def test_in_every_position_and_at_every_hour_the_metadata_allows_every_thing(name: str) -> None:
    """`Caller` raises for whatever the metadata lacks."""
    switches = every_position()[name]
    graph = caller(seed(3, NOW), switches)
    seen = 0

    for _ in range(2):
        seen += len(await graph.listed(INCIDENTS, expand="alerts"))
        seen += len(await graph.listed(ALERTS))
        await graph.http.get(INCIDENTS, params={"$expand": "alerts"})
        await graph.http.get(ALERTS)
        await graph.get(EMAILS)
        await graph.remediate(graph.pairs()[:300])
        graph.later(hours=5)
    graph.later(days=7)
    graph.log_in()

    assert seen > 2 * 160
    assert len(await graph.listed(INCIDENTS, expand="alerts")) >= 80


def test_a_burst_has_as_many_actions_as_asked_all_within_an_hour() -> None:
    state = burst(1, NOW, actions=23, per_incident=5, messages_each=4)

    assert len(state.incidents) == 5
    assert len(list(state.open_proposals())) == 23
    assert all(len(p.messages) == 4 for p in state.proposals)
    assert len(list(state.post.all())) == 23 * 4
    created = [i["createdDateTime"] for i in state.incidents.values()]
    assert min(created) > (NOW - timedelta(hours=1, minutes=1)).strftime("%Y-%m-%dT%H:%M:%S")


async def test_a_burst_is_allowed_by_the_metadata() -> None:
    graph = caller(burst(1, NOW, actions=120, per_incident=2))

    assert len(await graph.listed(INCIDENTS, expand="alerts", top="50")) == 60
