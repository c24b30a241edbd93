"""What a look at an agent is judged by: the clock, the way to Microsoft, permissions, incidents, what can be carried out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.doctor.capability import judge_capability, mend_of
from agent.judge.doctor.clock import judge_clock, offset
from agent.judge.doctor.needs import Need, Side, Weight, known_for, needs
from agent.judge.doctor.network import judge_network
from agent.judge.doctor.permissions import MOST, judge_delegated, judge_permissions
from agent.judge.doctor.reads import judge_read
from agent.model import permission as may
from agent.model.checkup import (
    Check,
    CheckName,
    Features,
    Grade,
    Peer,
    Reach,
    Read,
    Seen,
    Trouble,
    failed,
    passed,
    skipped,
    warned,
)
from agent.model.enactment import EffectKind
from agent.model.pending import ActionKind
from agent.model.permission import Api

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FAIL, WARN, PASS, SKIPPED = Grade.FAIL, Grade.WARN, Grade.PASS, Grade.SKIPPED
TENANT = "72f988bf-0000-4000-8000-00000000c0de"


def reach(ahead: timedelta = timedelta(), *, took: timedelta = timedelta(), **other: Any) -> Reach:
    """Return an answer of a host whose clock is right, to a machine whose clock is ahead by so much."""
    values: dict[str, Any] = {
        "host": "graph.example",
        "what": "Graph",
        "date": NOW,
        "asked": NOW + ahead,
        "answered": NOW + ahead + took,
    }
    return Reach(**(values | other))


# Clock


@pytest.mark.parametrize(
    ("ahead", "grade"),
    [
        (31 * SECOND, PASS),  # the header's second speaks for the clock
        (32 * SECOND, WARN),
        (61 * SECOND, WARN),
        (62 * SECOND, FAIL),
        (timedelta(minutes=5) + 2 * SECOND, FAIL),
        (-30 * SECOND, PASS),
        (-31 * SECOND, WARN),
        (-60 * SECOND, WARN),
        (-61 * SECOND, FAIL),
    ],
)
def test_the_clock_is_judged_by_what_tokens_tolerate(ahead: timedelta, grade: Grade) -> None:
    (seen,) = judge_clock([reach(ahead)])

    assert seen.grade is grade
    assert bool(seen.mend) is (grade is not PASS)


def test_past_five_minutes_the_agents_own_logins_are_said_to_be_refused() -> None:
    (near,) = judge_clock([reach(timedelta(minutes=5))])
    (far,) = judge_clock([reach(timedelta(hours=30))])

    assert "people's sign-ins are refused" in near.words
    assert "30 h ahead of graph.example: logins by certificate" in far.words


def test_a_slow_answer_speaks_for_the_clock_and_the_host_that_is_farthest_counts() -> None:
    assert offset(reach(-20 * SECOND, took=20 * SECOND)) == timedelta()
    assert offset(reach(-25 * SECOND, took=20 * SECOND)) == -5 * SECOND
    (seen,) = judge_clock([reach(), reach(70 * SECOND, host="login.example")])
    assert "ahead of login.example" in seen.words


def test_where_no_host_said_its_time_nothing_is_known_of_the_clock() -> None:
    (seen,) = judge_clock([reach(date=None)])

    assert seen.grade is SKIPPED


@given(
    st.timedeltas(-timedelta(days=900), timedelta(days=900)), st.timedeltas(timedelta(), timedelta(minutes=1))
)
def test_an_offset_is_never_more_than_the_clock_is_off(off: timedelta, took: timedelta) -> None:
    found = offset(reach(off, took=took))

    assert found is not None
    assert abs(found) <= abs(off)


# Network


@pytest.mark.parametrize("trouble", [one for one in Trouble if one is not Trouble.NONE])
def test_each_trouble_on_the_way_has_words_and_a_mend_that_names_the_host(trouble: Trouble) -> None:
    (seen,) = judge_network([reach(trouble=trouble, detail="said so", proxy="http://p:8080")], NOW)

    assert seen.grade is FAIL
    assert seen.is_away
    assert "graph.example" in seen.words
    assert "(said so)" in seen.words
    assert "{" not in seen.mend
    assert seen.mend


def test_the_login_is_only_a_warning_where_the_agent_logs_in_elsewhere() -> None:
    (seen,) = judge_network([reach(trouble=Trouble.CONNECTION, is_needed=False)], NOW)

    assert seen.grade is WARN
    assert not seen.is_away
    assert "people's sign-ins do" in seen.words


@pytest.mark.parametrize(
    ("issuer", "left", "grades"),
    [
        ("Microsoft Corporation", timedelta(days=90), [PASS]),
        ("DigiCert Inc", timedelta(days=8), [PASS]),
        ("DigiCert Inc", timedelta(days=6), [PASS, WARN]),
        ("Zscaler Inc.", timedelta(days=90), [PASS, WARN]),
        ("", timedelta(days=90), [PASS]),
    ],
)
def test_a_proxy_that_reads_along_shows_by_who_issued_the_certificate(
    issuer: str, left: timedelta, grades: list[Grade]
) -> None:
    found = judge_network([reach(addresses=2, peer=Peer(issuer=issuer, ends=NOW + left))], NOW)

    assert [one.grade for one in found] == grades


def test_the_way_to_a_host_is_said_with_its_proxy_or_its_addresses() -> None:
    through, straight, simulated = judge_network(
        [reach(proxy="http://p:8080"), reach(addresses=1), reach(is_plain=True)], NOW
    )

    assert (
        'through the proxy "http://p:8080"' in through.words
        or "through the proxy http://p:8080" in through.words
    )
    assert "1 address" in straight.words
    assert "without TLS" in simulated.words


# Permissions


ENFORCING = Features(enforces=True)


def weights(features: Features, granted: frozenset[str] | None = None) -> dict[str, Weight]:
    return {one.permission.name: one.weight for one in needs(features, granted)}


def test_to_observe_needs_only_reading() -> None:
    found = weights(Features())

    assert found == {
        may.READ_INCIDENTS.name: Weight.REQUIRED,
        may.READ_ALERTS.name: Weight.REQUIRED,
        may.HUNT.name: Weight.WANTED,
        may.READ_MAIL.name: Weight.OPTIONAL,
        may.SEARCH_AUDIT.name: Weight.OPTIONAL,
    }


def test_mail_is_looked_up_one_by_one_only_where_hunting_is_not_granted() -> None:
    assert weights(Features(), frozenset())[may.READ_MAIL.name] is Weight.REQUIRED
    assert weights(Features(), frozenset({may.HUNT.name}))[may.READ_MAIL.name] is Weight.OPTIONAL
    assert may.READ_MAIL.name not in weights(Features(has_analyzed_emails=False), frozenset())


@pytest.mark.parametrize(
    ("kind", "permission"),
    [
        (ActionKind.SOFT_DELETE_MESSAGE, may.REMEDIATE_MAIL),
        (ActionKind.SOFT_DELETE_CLUSTER, may.REMEDIATE_MAIL),
        (ActionKind.DISABLE_FORWARDING, may.SWITCH_RULES),
        (ActionKind.DISABLE_FORWARDING, may.READ_DOMAINS),
        (ActionKind.DISABLE_USER, may.SWITCH_USERS),
        (ActionKind.REVOKE_USER_SESSIONS, may.REVOKE_SESSIONS),
        (ActionKind.FORCE_PASSWORD_RESET, may.ACT_ON_IDENTITIES),
    ],
)
def test_what_carries_a_kind_out_is_required_wanted_or_optional_by_the_policies(
    kind: ActionKind, permission: may.Permission
) -> None:
    name, some = permission.name, frozenset({kind})

    assert weights(Features(enforces=True, enforced=some))[name] is Weight.REQUIRED
    assert weights(Features(enforces=True, named=some))[name] is Weight.WANTED
    assert weights(ENFORCING)[name] is Weight.OPTIONAL
    assert name not in weights(Features(enforced=some, named=some))


def test_devices_are_of_another_api_and_only_where_it_is_switched_on() -> None:
    some = frozenset({ActionKind.QUARANTINE_FILE})

    on = Features(enforces=True, endpoint=True, enforced=some)

    assert weights(on)[may.QUARANTINE_FILES.name] is Weight.REQUIRED
    assert may.QUARANTINE_FILES.name not in weights(Features(enforces=True, enforced=some))
    found = judge_permissions(on, Api.ENDPOINT, frozenset({may.READ_MACHINES.name}))
    assert [one.grade for one in found] == [FAIL, PASS]
    assert "Machine.StopAndQuarantine of Defender for Endpoint" in found[0].words


def test_in_clouds_that_lack_an_api_its_permissions_are_not_asked_for() -> None:
    found = weights(
        Features(
            enforces=True,
            enforced=frozenset(ActionKind),
            has_analyzed_emails=False,
            has_identity_accounts=False,
            has_audit_search=False,
        )
    )

    for one in (may.REMEDIATE_MAIL, may.ACT_ON_IDENTITIES, may.SEARCH_AUDIT):
        assert one.name not in found


@pytest.mark.parametrize(
    ("features", "name", "weight"),
    [
        (Features(has_secret=True), may.READ_APPLICATIONS, Weight.OPTIONAL),
        (Features(enforces=True, has_roles=True), may.READ_APPLICATIONS, Weight.REQUIRED),
        (Features(enforces=True, has_roles=True), may.READ_MEMBERS, Weight.WANTED),
        (Features(enforces=True, has_approvers=True), may.READ_USERS, Weight.REQUIRED),
        (Features(feeds_people=True), may.READ_MEMBERS, Weight.REQUIRED),
        (Features(feeds_people=True), may.READ_USERS, Weight.REQUIRED),
        (Features(feeds_devices=True), may.READ_DEVICES, Weight.REQUIRED),
        (Features(feeds_devices=True), may.READ_MEMBERS, Weight.REQUIRED),
        (
            Features(enforces=True, enforced=frozenset({ActionKind.DISABLE_USER})),
            may.READ_ROLES,
            Weight.WANTED,
        ),
        (ENFORCING, may.READ_ROLES, Weight.OPTIONAL),
    ],
)
def test_lists_approvers_and_secrets_ask_for_what_they_need(
    features: Features, name: may.Permission, weight: Weight
) -> None:
    assert weights(features)[name.name] is weight


def test_a_permission_for_several_things_is_told_once_with_the_weightiest_first() -> None:
    features = Features(enforces=True, has_approvers=True, named=frozenset({ActionKind.DISABLE_USER}))

    (found,) = [one for one in needs(features) if one.permission is may.READ_USERS]

    assert found.weight is Weight.REQUIRED
    assert found.words[0].startswith("only for these: the addresses")
    assert len(found.words) == 3
    assert found.side is Side.READ


def test_the_worst_comes_first_and_what_may_be_written_may_be_read() -> None:
    granted = frozenset(
        {
            may.READ_INCIDENTS.name,
            may.READ_ALERTS.name.replace(".Read", ".ReadWrite"),
            "Files.Read.All",
            "Mail.Read",
        }
    )

    found = judge_permissions(Features(), Api.GRAPH, granted)

    assert [one.grade for one in found] == [FAIL, WARN, WARN, WARN, PASS, PASS]
    assert "SecurityAnalyzedMessage.Read.All" in found[0].words
    assert "Mail.Read is granted in Entra ID: it reaches into every mailbox" in found[1].words
    assert "Files.Read.All" in found[2].words


def test_many_permissions_in_excess_are_counted_and_hostile_names_are_quoted() -> None:
    granted = frozenset(
        {
            may.READ_INCIDENTS.name,
            may.READ_ALERTS.name,
            may.HUNT.name,
            "a: \x1b[31mred",
            *(f"X{n}.Read" for n in range(20)),
        }
    )

    found = judge_permissions(Features(), Api.GRAPH, granted)

    (excess,) = [one for one in found if one.grade is WARN]
    assert f"and {21 - MOST} more of Microsoft Graph" in excess.words
    assert "\x1b" not in excess.words


def test_nothing_is_too_much_where_all_is_needed_and_a_person_is_told_apart() -> None:
    granted = frozenset(one.permission.name for one in needs(Features()))

    found = judge_permissions(Features(), Api.GRAPH, granted)

    assert [one.grade for one in found] == [PASS]
    assert "none missing and none too many" in found[0].words
    assert judge_delegated(frozenset({"User.Read"}))[0].grade is WARN


def test_mail_of_everybody_is_told_to_be_scoped_to_the_mailboxes_that_send() -> None:
    features = Features(senders=("air@contoso.example",))

    found = judge_permissions(features, Api.GRAPH, frozenset({may.SEND_MAIL.name}))

    assert any("scope it to air@contoso.example by Exchange" in one.words for one in found)


def test_what_a_permission_is_for_is_known_of_the_table_alone() -> None:
    assert known_for(may.READ_ALERTS.name) == "the hourly sweep"
    assert known_for("Files.Read.All") == ""


@given(
    st.builds(
        Features,
        enforces=st.booleans(),
        has_analyzed_emails=st.booleans(),
        endpoint=st.booleans(),
        enforced=st.frozensets(st.sampled_from(ActionKind)),
        named=st.frozensets(st.sampled_from(ActionKind)),
        has_approvers=st.booleans(),
        has_roles=st.booleans(),
        feeds_people=st.booleans(),
        has_secret=st.booleans(),
    )
)
def test_granting_what_is_needed_leaves_nothing_to_say(features: Features) -> None:
    wanted: tuple[Need, ...] = needs(features)
    granted = {
        one.permission.name
        for one in wanted
        if one.weight is not Weight.OPTIONAL and one.permission.api is Api.GRAPH
    }

    found = judge_permissions(features, Api.GRAPH, frozenset(granted))

    assert {one.grade for one in found} == {PASS}


# Incidents


@pytest.mark.parametrize(
    ("read", "grades", "words"),
    [
        (Read(incidents=0), [WARN], "no incident of the last 10 days"),
        (
            Read(incidents=1, tenants=frozenset({TENANT}), statuses=frozenset({"pendingApproval"})),
            [PASS],
            "1 incident read, with words",
        ),
        (Read(incidents=2, statuses=frozenset({"none"})), [PASS], "none of its evidence has a word"),
        (
            Read(incidents=2, statuses=frozenset({"unknownFutureValue", "active"})),
            [FAIL],
            "Graph hides words",
        ),
        (Read(incidents=2, is_whole=False), [WARN, PASS], "only a part"),
        (Read(incidents=2, tenants=frozenset({"other"})), [FAIL, PASS], "another tenant: other"),
    ],
)
def test_a_page_of_incidents_shows_whether_it_is_the_tenants_and_whole(
    read: Read, grades: list[Grade], words: str
) -> None:
    found = judge_read(read, TENANT.upper(), timedelta(days=10))

    assert [one.grade for one in found] == grades
    assert words in found[0].words


# What can be carried out


def test_while_observing_nothing_is_asked() -> None:
    (seen,) = judge_capability(Features(), {EffectKind.SOFT_DELETE: "no"})

    assert seen.grade is PASS


def test_a_kind_that_a_policy_approves_and_nothing_carries_out_fails() -> None:
    features = Features(
        enforces=True,
        enforced=frozenset({ActionKind.SOFT_DELETE_CLUSTER}),
        named=frozenset({ActionKind.DISABLE_USER}),
    )
    missing = {
        EffectKind.SOFT_DELETE: "X is not granted to the app registration",
        EffectKind.REVOKE_SESSIONS: "Y: the licence is missing",
        EffectKind.QUARANTINE_FILE: "set `endpoint.enabled: true`",
        EffectKind.DISABLE_ACCOUNT: "Z",
    }

    found = judge_capability(features, missing)

    assert [one.grade for one in found] == [PASS, FAIL, WARN, PASS, PASS, PASS, PASS]
    assert found[1].words.startswith("a policy approves softDeleteCluster")
    assert "doctor --grants" in found[1].mend
    assert found[2].words.startswith("disableUser is handed to people here")
    assert "accounts that live on premises" in found[-1].words


def test_where_nothing_can_be_carried_out_nothing_is_said_to_be() -> None:
    found = judge_capability(Features(enforces=True), dict.fromkeys(EffectKind, "no"))

    assert [one.grade for one in found] == [PASS]
    assert "no policy is for it" in found[0].words


@pytest.mark.parametrize(
    ("why", "mend"),
    [
        ("X is not granted to the app registration", "doctor --grants"),
        ("Defender for Identity: the licence is missing (403)", "buy the licence (Defender for Identity)"),
        ("switched off: set `endpoint.enabled: true`", "endpoint.enabled: true"),
        ("this cloud cannot", "let no policy approve"),
    ],
)
def test_each_reason_has_its_mend(why: str, mend: str) -> None:
    assert mend in mend_of(why)


# Nouns


def test_a_check_is_as_good_as_the_worst_that_it_saw() -> None:
    def grade(*seen: Seen) -> Grade:
        return Check(name=CheckName.DISK, seen=seen).grade

    assert grade() is PASS
    assert grade(passed("a"), skipped("b")) is SKIPPED
    assert grade(skipped("b"), warned("c", "d")) is WARN
    assert grade(failed("e", "f"), warned("c", "d")) is FAIL
    assert Check(name=CheckName.DISK, seen=(failed("e", "f", is_away=True),)).is_away
