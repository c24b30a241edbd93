"""What AIR wrote down: rows of the one query as actions, whatever is in them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.graph.airlog import AGAIN, MOST_PAGES, NO_TABLE, UNGRANTED
from agent.adapters.graph.hunting import rows_of
from agent.adapters.graph.investigations import (
    LARGEST,
    MOST_ACTIONS,
    MOST_ENTITIES,
    actions_of,
    keys_of,
    query,
)
from agent.adapters.microsoft.transport import TooLarge
from agent.judge.recognise import recognise
from agent.model.air import AirAction, AirRows
from agent.model.defender import (
    AnyEvidence,
    FileDetails,
    FileEvidence,
    MailClusterEvidence,
    UrlEvidence,
    UserAccount,
    UserEvidence,
)
from agent.model.errors import Malformed, Refused
from tests.adapters.graphs import Login, Script, Step, no, opened, results
from tests.clock import NOON, ManualClock
from tests.makers import a_message, an_alert, an_incident

SAMPLE = Path(__file__).parent.parent / "samples" / "air" / "runhuntingquery-air.response.json"
SINCE = NOON - timedelta(days=2)
URN = "urn:ZappedUrlInvestigation:0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def text(found: Any) -> str:
    return msgspec.json.encode(found).decode()


def row(record: Any, at: str | None = "2026-09-01T10:00:00Z") -> dict[str, Any]:
    written = record if isinstance(record, str) else text(record)
    return {"Timestamp": at, "Size": len(written), "Record": written}


def record(*actions: Any, **more: Any) -> dict[str, Any]:
    return {"InvestigationId": "urn:1", "Actions": list(actions), **more}


def action(*entities: Any, **more: Any) -> dict[str, Any]:
    return {"ActionId": "a1", "ActionType": "DisableUser", "Entities": list(entities), **more}


def read(*rows: dict[str, Any]) -> tuple[list[AirAction], list[str]]:
    problems: list[str] = []
    folded = rows_of(msgspec.json.encode({"results": rows}))
    return [one for each in folded for one in actions_of(each, problems)], problems


async def since(*steps: Step, **more: Any) -> tuple[AirRows, Script]:
    async with opened(*steps, **more) as (graph, script):
        return await graph.defender.air_actions(SINCE), script


# One row


def test_the_sample_is_read_whole() -> None:
    problems: list[str] = []

    found = [one for each in rows_of(SAMPLE.read_bytes()) for one in actions_of(each, problems)]

    assert problems == []
    assert [(one.action_id, one.action_type, one.status, one.keys[:1]) for one in found] == [
        ("a1", "DisableUser", "Pending", ("user:99999999-0000-4000-8000-000000000001",)),
        (
            "a2",
            "SoftDelete",
            "Pending",
            ('cluster:( (( (Urls:"https://bad.example/login") )) AND ( (AntispamDirection:1) ) )',),
        ),
        (
            "a2",
            "SoftDelete",
            "Pending",
            ("message:11111111-0000-4000-8000-000000000003:ann@contoso.example",),
        ),
        ("a3", "TurnOffExternalMailForwarding", "Pending", ("mailbox:carla@contoso.example",)),
        ("a4", "QuarantineFile", "Pending", (f"file:{'ab' * 32}:d1",)),
        ("a5", "BlockUrl", "Pending", ("url:https://bad.example/login",)),
        ("a6", "Investigate", "Running", ()),
        ("a1", "DisableUser", "Completed", ("user:99999999-0000-4000-8000-000000000001",)),
    ]
    first, last = found[0], found[-1]
    assert first.keys[1:] == ("user:s-1-5-21-1-2-3-1104", "user:carla@contoso.example")
    assert (first.investigation_id, first.at) == (URN, datetime(2026, 8, 31, 9, 5, 2, 123456, tzinfo=UTC))
    assert first.proposed_at == datetime(2026, 8, 31, 9, 4, tzinfo=UTC)
    assert first.link == "https://security.microsoft.com/airinvestigation"
    assert [one.is_volume_anomaly for one in found[:3]] == [None, True, None]
    assert (last.approval, last.approved_by, last.approver_comment) == (
        "Approved",
        "soc@contoso.example",
        "seen by phone",
    )
    assert last.id == first.id


@pytest.mark.parametrize(
    ("evidence", "entity"),
    [
        (
            MailClusterEvidence(query='Urls:"x"   AND  y'),
            {"Type": "MailCluster", "Query": 'Urls:"x" AND y', "Source": "O365 ATP"},
        ),
        (
            MailClusterEvidence(network_message_ids=("B", "a")),
            {"type": "mail-cluster", "networkMessageIds": '["A","b"]'},
        ),
        (a_message(), {"Type": "MailMessage", "NetworkMessageId": a_message().network_message_id, "Recipient": "Anna@contoso.example"}),
        (UrlEvidence(url="https://bad.example/A"), {"Type": "url", "Url": "https://bad.example/A"}),
        (
            FileEvidence(file_details=FileDetails(sha1="AB"), mde_device_id="D1"),
            {"Type": "File", "FileHashes": ['{"Algorithm":"SHA1","Value":"ab"}'], "MdeDeviceId": "d1"},
        ),
        (
            UserEvidence(user_account=UserAccount(azure_ad_user_id="U1")),
            {"Type": "account", "AadUserId": "u1", "Name": "anna"},
        ),
        (
            UserEvidence(user_account=UserAccount(user_sid="S-1-5-1")),
            {"Type": "User", "Sid": "s-1-5-1"},
        ),
        (
            UserEvidence(user_account=UserAccount(user_principal_name="Anna@contoso.example")),
            {"Type": "account", "Name": "anna", "UPNSuffix": "contoso.example"},
        ),
    ],
)  # fmt: skip
def test_what_a_row_acts_on_has_the_key_of_its_evidence(
    evidence: AnyEvidence, entity: dict[str, Any]
) -> None:
    (seen,) = recognise(an_incident(an_alert(evidence, state=None)), tenant_id="t", now=NOON)

    assert seen.key in keys_of({name.lower(): value for name, value in entity.items()})


@pytest.mark.parametrize(
    "entity",
    [
        {},
        {"Type": "account"},
        {"Type": "account", "Name": "anna"},
        {"Type": "account", "UserPrincipalName": "no address"},
        {"Type": "mailbox", "Upn": " "},
        {"Type": "mail-message", "NetworkMessageId": "x"},
        {"Type": "file"},
        {"Type": "url", "Url": "u" * 20_001},
        {"Type": "mailcluster", "Query": None, "NetworkMessageIds": [1, "a"]},
        {"Type": 7},
        {"Type": "ip", "Address": "203.0.113.7"},
    ],
)
def test_what_does_not_say_what_it_is_has_no_key_and_its_action_is_kept(entity: dict[str, Any]) -> None:
    found, problems = read(row(record(action(entity))))

    assert ([one.keys for one in found], problems) == ([()], [])
    assert found[0].places == (f"action:{found[0].id}",)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("", "the record is not a JSON object"),
        ("{", "the record is not a JSON object"),
        ("[]", "the record is not a JSON object"),
        ('{"Actions": 7, "InvestigationId": "u"}', "`actions` is not a list"),
        (text(record(*[action()] * (MOST_ACTIONS + 1))), f"`actions` has more than {MOST_ACTIONS} entries"),
        ("[" * 100_000, "the record is not a JSON object"),
    ],
)
def test_a_record_that_cannot_be_read_is_told_and_passed_over(broken: str, said: str) -> None:
    found, problems = read(row(broken), row(record(action())))

    assert problems == [f"AIR's record of 2026-09-01 10:00Z {said}"]
    assert len(found) == 1


def test_a_record_that_is_too_long_is_told_and_passed_over() -> None:
    found, problems = read({"Timestamp": "2026-09-01T10:00:00Z", "Size": LARGEST + 1, "Record": ""})

    assert (found, problems) == (
        [],
        [
            "AIR's record of 2026-09-01 10:00Z is 1,000,001 characters long, and more than 1,000,000 are not taken"
        ],
    )


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("not JSON", ": an action is not a JSON object"),
        (None, ": an action is not a JSON object"),
        ({"ActionType": "x"}, ": an action does not say which it is"),
        ({"ActionId": 7}, ": an action does not say which it is"),
    ],
)
def test_an_action_that_cannot_be_read_leaves_the_others(broken: Any, said: str) -> None:
    found, problems = read(row(record(broken, text(action()))))

    assert [one.action_id for one in found] == ["a1"]
    assert problems == [f"AIR's record of 2026-09-01 10:00Z{said}"]


@pytest.mark.parametrize("entities", [7, "no list", ["no JSON"], [{}] * (MOST_ENTITIES + 1)])
def test_entities_that_cannot_be_read_are_told_and_the_action_is_kept(entities: Any) -> None:
    found, problems = read(row(record({"ActionId": "a1", "Entities": entities})))

    assert [one.keys for one in found] == [()]
    assert len(problems) == 1


@pytest.mark.parametrize("actions", [None, "", [], "[]"])
def test_an_investigation_without_actions_is_no_problem(actions: Any) -> None:
    assert read(row({"InvestigationId": "u", "Actions": actions})) == ([], [])


def test_a_moment_before_defender_s_own_time_is_none() -> None:
    never = "0001-01-01T00:00:00Z"

    found, _ = read(
        row(record(action(StartTimeUtc=never), LastUpdateTimeUtc="2026-09-01T09:00:00"), at=never)
    )
    lost, problems = read(row(record(action(), LastUpdateTimeUtc=never), at=never))

    assert [one.at for one in found] == [datetime(2026, 9, 1, 9, tzinfo=UTC)]
    assert never[:4] not in {f"{one.proposed_at:%Y}" for one in found if one.proposed_at is not None}
    assert (lost, problems) == ([], ["a record of AIR's without a moment says nowhere when it was written"])


def test_a_moment_is_taken_from_the_record_where_the_row_has_none() -> None:
    found, _ = read(row(record(action(), LastUpdateTimeUtc="2026-09-01T09:00:00"), at=None))
    lost, problems = read(row(record(action()), at=None))

    assert [one.at for one in found] == [datetime(2026, 9, 1, 9, tzinfo=UTC)]
    assert (lost, problems) == ([], ["a record of AIR's without a moment says nowhere when it was written"])


@pytest.mark.parametrize(
    "link",
    [
        "http://security.microsoft.com/x",
        "https://security.microsoft.com.evil.example/x",
        "https://a@security.microsoft.com/",
        "javascript:alert(1)",
        "https://[",
        7,
        None,
    ],
)
def test_a_link_that_leads_elsewhere_is_not_shown(link: Any) -> None:
    ((found,), _) = read(row(record(action(), DeeplinkURL=link)))

    assert found.link is None


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["ActionId", "Actions", "Entities", "Type", "InvestigationId", "FileHashes", "Host", "Query"]
            )
            | st.text(max_size=4),
            inner | st.sampled_from(["account", "file", "MailCluster", "mailbox"]),
            max_size=5,
        )
        | inner.map(text)
    ),
    max_leaves=25,
)


@given(st.lists(st.fixed_dictionaries({"Timestamp": json, "Size": json, "Record": json}) | json, max_size=3))
def test_whatever_hunting_answers_nothing_breaks(rows: list[Any]) -> None:
    problems: list[str] = []

    for each in rows_of(msgspec.json.encode({"results": rows})):
        for one in actions_of(each, problems):
            assert one.at.tzinfo is not None
            assert len(one.id) == 16
            assert all(key and len(key) < 21_000 for key in one.keys)


@given(json, json, json)
def test_whatever_a_record_holds_nothing_breaks_and_good_actions_are_kept(
    one: Any, two: Any, three: Any
) -> None:
    good = action({"Type": "account", "AadUserId": "u1"}, ActionId="good")

    found, _ = read(row(record(one, good, text(two), text(text(good)), three)))

    assert [each.keys for each in found if each.action_id == "good"] == [("user:u1",), ("user:u1",)]


# The look


async def test_one_request_asks_for_the_oldest_rows() -> None:
    found, script = await since(results(row(record(action()))))

    assert [body["query"] for body in script.bodies] == [query(SINCE, 100)]
    assert "datetime(2026-08-30T12:00:00.000000Z)" in query(SINCE, 100)
    assert ([one.action_id for one in found.actions], found.unreadable, found.why) == (["a1"], (), "")


async def test_a_full_page_is_followed_from_its_last_moment() -> None:
    full = [row(record(action(ActionId=f"a{n}")), at=f"2026-09-01T10:00:{n % 60:02}Z") for n in range(100)]
    last = row(record(action(ActionId="last")), at="2026-09-01T11:00:00Z")

    found, script = await since(results(*full), results(full[59], last))

    assert len(found.actions) == 101
    assert "datetime(2026-09-01T10:00:59.000000Z)" in script.bodies[1]["query"]


async def test_a_page_of_one_moment_is_told_and_does_not_stop_the_walk() -> None:
    moment = SINCE.strftime("%Y-%m-%dT%H:%M:%SZ")
    full = [row(record(action(ActionId=f"a{n}")), at=moment) for n in range(100)]

    found, script = await since(results(*full), results())

    assert len(script.requests) == 2
    assert found.unreadable == ("100 rows or more of AIR's are of one moment: not all of them are read",)


async def test_rows_without_end_end_the_look() -> None:
    def forever(request: httpx.Request) -> httpx.Response:
        asked = msgspec.json.decode(request.content)["query"]
        moment = asked.partition("datetime(")[2].partition(")")[0]
        step = results(*[row(record(action()), at=moment)] * 100)
        assert isinstance(step, httpx.Response)
        return step

    _, script = await since(forever, requests_per_minute=100_000)

    assert len(script.requests) == MOST_PAGES


async def test_an_answer_that_is_too_large_is_asked_for_in_smaller_ones() -> None:
    big = row(record(action()))

    found, script = await since(TooLarge("65 MB"), TooLarge("65 MB"), results(big), results())

    assert [body["query"].split()[-4] for body in script.bodies] == ["100", "10", "1", "100"]
    assert len(found.actions) == 1


async def test_one_row_that_is_larger_than_any_answer_is_malformed() -> None:
    with pytest.raises(Malformed, match="too large"):
        await since(TooLarge("65 MB"))


async def test_what_is_not_granted_is_not_asked_for_and_says_what_to_grant() -> None:
    found, script = await since(results(), login=Login(roles=("SecurityIncident.Read.All",)))

    assert script.requests == []
    assert found == AirRows(why=f"{UNGRANTED}; what the evidence leaves open stays `unknown`")


@pytest.mark.parametrize(("wait", "asked"), [(AGAIN - timedelta(seconds=1), 1), (AGAIN, 2)])
async def test_a_missing_table_is_told_and_remembered_for_an_hour(wait: timedelta, asked: int) -> None:
    clock = ManualClock()
    missing = no(400, "BadRequest", "Failed to resolve table or column expression named 'CloudAppEvents'")
    async with opened(missing, clock=clock) as (graph, script):
        first = await graph.defender.air_actions(SINCE)
        clock.advance(wait)
        second = await graph.defender.air_actions(SINCE)

    assert first == second == AirRows(why=f"{NO_TABLE}; what the evidence leaves open stays `unknown`")
    assert len(script.requests) == asked


async def test_another_refusal_and_half_an_answer_are_passed_on() -> None:
    with pytest.raises(Refused, match="Syntax error"):
        await since(no(400, "BadRequest", "Syntax error"))
    with pytest.raises(Malformed, match="only a part came"):
        await since(results(status=206))


async def test_problems_are_told_a_few_at_a_time() -> None:
    broken = [row("{", at=f"2026-09-01T10:0{n}:00Z") for n in range(9)]

    found, _ = await since(results(*broken))

    assert len(found.unreadable) == 6
    assert found.unreadable[-1] == "and 4 more such records of AIR's"
