"""The pages of policies: the set in force, each policy, and what lies beside them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import msgspec
import pytest

from agent.faces.web import measuring, patience
from agent.faces.web.app import app_of
from agent.faces.web.policy import lines_of
from agent.faces.web.tallies import Tallies
from agent.judge.measure import measure
from agent.loop.failing import ALARM as CHANNEL
from agent.loop.reloading import ALARM
from agent.model.alarm import Alarm
from agent.model.errors import PolicyError, Problem
from agent.model.fallback import Fallback
from agent.model.policy import KeptSet, Members
from agent.settings.subjects import Policies, TreatAs
from tests.faces.web.house import READER, House, a_house
from tests.ledgers import open_ledger
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

OTHER = "99999999-2222-3333-4444-555555555555"
GROUP = "3f2d1a44-0000-4000-8000-000000000001"

POLICY = (
    APPROVE.strip() + "\nlimits: {actions: 2/h, messages: 100/d}\nunless:\n  - recipients: {anyIn: $vip}\n"
)
CASES = """policy: small-malicious
given: {kind: softDeleteCluster, facts: {evidence.verdict: malicious, recipients: [a@x.example]}}
cases:
  - case: a small one goes
    facts: {cluster.mailboxCount: 3}
    decision: approve
    policies: [small-malicious]
  - case: a large one stays
    facts: {cluster.mailboxCount: 300}
    decision: escalate
    policies: []
    reason: [cluster.mailboxCount]
"""
FILES = {
    "approve": POLICY,
    "approve.cases": CASES,
    "lists/vip": "list: vip\ndescription: Executives.\ntype: addresses\nentries:\n  - ceo@contoso.example\n"
    "  - {value: old@contoso.example, expires: 2026-01-01}\n",
    "channels/console": "channel: console\nkind: console\n",
    "channels/mail": "channel: mail\nkind: email\nto: [soc@contoso.example]\nfrom: agent@contoso.example\n"
    "smtp: {host: relay.contoso.example, port: 587, user: agent, password: {env: RELAY_PASSWORD}}\n",
    "channels/hook": "channel: hook\nkind: webhook\nurl: https://hooks.example/T0PSECRET/path\nsecret: {env: HOOK}\n",
    "chains/secops": "chain: secops\nowner: soc@contoso.example\nsteps:\n  - notify: [console]\n"
    "approvers: {need: 1, from: [role:SecOps.Approver]}\nlastChance: {before: 24h, decide: handOff}\n",
}


def with_files(bench: Bench, **more: str) -> None:
    bench.with_policies(**{**FILES, **more})


def write(house: House, **files: str) -> None:
    """Put these files into the folder, which does not bring them into force yet."""
    shelf: Any = house.site.desk.shelf
    shelf.policies.update(files)


async def shown(house: House, path: str = "/policies", status: int = 200) -> str:
    async with await house.enter(READER) as browser:
        answer = await browser.get(path)

    assert answer.status_code == status, answer.text
    return answer.text


async def document(house: House, path: str = "/policies.json", status: int = 200) -> Any:
    async with await house.enter(READER) as browser:
        answer = await browser.get(path)

    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages wait for what is worked out beside them, however busy this machine is."""
    monkeypatch.setattr(measuring, "PATIENCE", 30)
    monkeypatch.setattr(patience, "PATIENCE", 30)


@pytest.fixture
async def living(bench: Bench) -> House:
    """Return the pages over an agent that has decided something by a set with all that can lie beside it."""
    with_files(bench)
    bench.defender.show(an_incident(an_alert(a_cluster())))
    bench.defender.deliver(*(a_copy(n) for n in (1, 2, 3)))
    await bench.run_pass()
    return a_house(bench)


async def test_the_set_in_force_is_named_with_what_each_policy_is_for(living: House) -> None:
    page = await document(living)

    (one,) = page["policies"]
    kept = await living.bench.world.ledger.kept_set()
    assert kept is not None
    assert (page["set"]["revision"], page["set"]["since"]) == (kept.revision, "2026-11-02T09:00:00Z")
    assert (one["name"], one["decides"], one["mode"], one["enforces"]) == (
        "small-malicious",
        "approve",
        "enforce",
        True,
    )
    assert (one["kinds"], one["limits"]) == (["softDeleteCluster"], ["actions: 2/h", "messages: 100/d"])
    cases = one["cases"]
    assert (cases["count"], cases["failing"], cases["problems"], cases["is_newer"]) == (2, 0, 0, False)
    assert (cases["seen"], cases["wanted"]) == (4, 9)


async def test_what_a_policy_did_is_counted_and_leads_to_the_history(living: House) -> None:
    text = await shown(living, "/policies/small-malicious")

    assert "<li>1 approved</li>" in text
    assert 'href="/history?policy=small-malicious"' in text
    assert "1 approved" in await shown(living)


async def test_how_much_of_its_limits_is_used_now(living: House) -> None:
    page = await document(living, "/policies/small-malicious.json")
    living.bench.clock.advance(timedelta(hours=1, seconds=1))
    later = await document(living, "/policies/small-malicious.json")

    assert [(one["unit"], one["spent"], one["count"]) for one in page["limits"]] == [
        ("actions", 1, 2),
        ("messages", 3, 100),
    ]
    assert [one["spent"] for one in later["limits"]] == [0, 3]
    assert "1 of 2 actions in the last hour" not in await shown(living, "/policies/small-malicious")


async def test_its_text_stands_line_by_line_as_it_is_in_force(living: House) -> None:
    write(living, approve="# another text\n" + POLICY)

    text = await shown(living, "/policies/small-malicious")
    page = await document(living, "/policies/small-malicious.json")

    assert page["lines"] == POLICY.splitlines()
    assert '<li id="L1">policy: small-malicious</li>' in text
    assert '<li id="L8">  cluster.mailboxCount: {atMost: 200}</li>' in text
    assert '<a href="#L8">8</a>' in text


async def test_its_cases_say_how_they_went(living: House) -> None:
    text = await shown(living, "/policies/small-malicious")
    page = await document(living, "/policies/small-malicious.json")

    assert [(one["name"], one["failure"]) for one in page["cases"]["cases"]] == [
        ("a small one goes", ""),
        ("a large one stays", ""),
    ]
    assert page["cases"]["lines"] == CASES.splitlines()
    assert '<li id="C4">' in text
    assert '<a href="#C4">4</a>' in text
    assert text.count('<span class="badge ok">holds</span>') == 2


async def test_a_case_that_does_not_hold_is_told_on_both_pages(living: House) -> None:
    write(living, **{"approve.cases": CASES.replace(": 300}", ": 30}")})

    text, one = await shown(living), await shown(living, "/policies/small-malicious")

    assert "1 policy has cases that fail" in text
    assert '<span class="badge bad">1 of 2 fail</span>' in text
    assert '<span class="badge bad">fails</span>' in one


async def test_another_text_in_the_folder_is_told_and_does_not_count(living: House) -> None:
    write(living, approve=POLICY.replace("atMost: 200", "atMost: 2"))

    text = await shown(living, "/policies/small-malicious")

    assert "The folder has another text of this policy" in text
    assert text.count('<span class="badge ok">holds</span>') == 2


async def test_what_takes_long_is_said_to_be_measured(living: House, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = Event()
    monkeypatch.setattr(measuring, "PATIENCE", 0.01)
    monkeypatch.setattr(measuring, "measure", lambda *given: may_end.wait(10) and measure(*given))

    early, one = await document(living), await shown(living, "/policies/small-malicious")
    may_end.set()
    monkeypatch.setattr(measuring, "PATIENCE", 10)
    late = await document(living)

    assert (early["is_measured"], early["policies"][0]["cases"]) == (False, None)
    assert "being measured on the set in force" in one
    assert (late["is_measured"], late["policies"][0]["cases"]["failing"]) == (True, 0)


async def test_what_takes_long_to_count_is_said_to_be_counted(
    living: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, begun, real = asyncio.Event(), [], Tallies.now

    async def slow(some: Tallies, *given: Any) -> Any:
        begun.append(given)
        await may_end.wait()
        return await real(some, *given)

    monkeypatch.setattr(Tallies, "now", slow)
    monkeypatch.setattr(patience, "PATIENCE", 0.01)

    early, one = await document(living), await shown(living, "/policies/small-malicious")
    may_end.set()
    monkeypatch.setattr(patience, "PATIENCE", 10)
    late = await document(living)

    assert early["policies"][0]["deeds"] is None
    assert "It is being counted" in one
    assert late["policies"][0]["deeds"]["decided"] == {"approve": 1}
    assert len(begun) == 1


async def test_cases_are_tried_once_and_again_when_the_folder_has_changed(
    living: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def trying(*given: Any) -> Any:
        tried.append(given)
        return measure(*given)

    monkeypatch.setattr(measuring, "measure", trying)

    await shown(living)
    living.bench.clock.advance(timedelta(seconds=15))
    await shown(living)
    assert len(tried) == 1
    write(living, **{"approve.cases": CASES + "\n"})
    await shown(living)
    assert len(tried) == 1
    living.bench.clock.advance(timedelta(seconds=15))
    await shown(living)

    assert len(tried) == 2


async def test_a_folder_that_cannot_be_read_from_here_leaves_the_text_and_no_cases(living: House) -> None:
    shelf: Any = living.bench.world.shelf
    shelf.broken = PolicyError([Problem(file="policies", line=1, column=1, message="no such folder")])

    text, one = await shown(living), await shown(living, "/policies/small-malicious")

    assert "not tried: the folder cannot be read from here" in text
    assert "no such folder" in one
    assert '<li id="L1">' in one


async def test_who_changed_it_last_is_told_where_git_knows(living: House) -> None:
    shelf: Any = living.bench.world.shelf
    shelf.by["policies/approve.yaml"] = "paula@contoso.example"

    assert "paula@contoso.example" in await shown(living, "/policies/small-malicious")


@pytest.mark.parametrize(
    ("name", "words"),
    [("small-malicous", "did you mean `small-malicious`?"), ("x" * 5000, "one of `small-malicious`")],
)
async def test_a_policy_that_does_not_exist_is_not_here(living: House, name: str, words: str) -> None:
    page = await document(living, f"/policies/{name}.json", 404)

    assert page["error"].startswith("there is no policy ")
    assert words in page["error"]
    assert len(page["error"]) < 300


async def test_a_set_that_this_version_does_not_load_is_told_in_words(living: House) -> None:
    kept = KeptSet(
        revision="newer",
        git="",
        at=NOW + timedelta(hours=1),
        files={"policies/p.yaml": b"policy: p\nwhen: never\n"},
    )
    await living.bench.world.ledger.keep_set(kept)

    text, page = await shown(living, status=503), await document(living, status=503)
    one = await document(living, "/policies/p.json", 503)

    assert "Revision newer is in force, and this version cannot show it" in text
    assert "unknown key <code>when</code>" in text
    assert page["set"]["problems"][0].startswith("policies/p.yaml:")
    assert one["error"].startswith("no policy can be shown: policies/p.yaml:")


async def test_no_policies_at_all_says_what_to_do(bench: Bench) -> None:
    bench.with_policies()

    text = await shown(a_house(bench), status=503)

    assert "There are no policies to show." in text
    assert "policies.directory" in text


async def test_before_the_first_start_the_folder_is_shown_as_what_it_is(bench: Bench) -> None:
    with_files(bench)

    assert "No agent has gone by these policies yet" in await shown(a_house(bench))


async def test_a_later_set_that_did_not_load_is_told(living: House) -> None:
    words = "policies/p.yaml:3:1: unknown key `x`; revision 1 stays in force"
    await living.bench.world.ledger.raise_alarm(Alarm(name=ALARM, since=NOW, words=words))

    assert "A later set did not come into force" in await shown(living)
    assert "unknown key <code>x</code>" in await shown(living, "/policies/small-malicious")


async def test_policies_that_observe_are_said_to_count_where_the_settings_let_them(bench: Bench) -> None:
    with_files(bench, approve=POLICY.replace("mode: enforce", "mode: observe"))
    await bench.run_pass()
    house = a_house(bench)
    settings = msgspec.structs.replace(house.site.settings, policies=Policies(treat_as=TreatAs.ENFORCE))
    site = replace(house.site, settings=settings)
    treating = House(bench=bench, site=site, app=app_of(site))

    as_written, treated = await document(house), await document(treating)

    assert [page["policies"][0]["enforces"] for page in (as_written, treated)] == [False, True]


@pytest.mark.parametrize(
    ("more", "words"),
    [("expires: 2026-11-02T09:00:00Z", "expired"), (f"tenants: [{OTHER}]", "not for this tenant")],
)
async def test_a_policy_that_does_not_count_here_says_why(bench: Bench, more: str, words: str) -> None:
    with_files(bench, approve=f"{POLICY}{more}\n")
    await bench.run_pass()
    house = a_house(bench)

    page = await document(house)

    assert page["policies"][0]["enforces"] is False
    assert f">{words}</span>" in await shown(house)


async def test_a_policy_that_enforces_in_a_part_says_in_which(bench: Bench) -> None:
    narrow = (
        POLICY.replace("[softDeleteCluster]", "[softDeleteCluster, softDeleteMessage]")
        .replace("mode: enforce", "mode: {enforce: {kinds: [softDeleteCluster]}}")
        .replace("cluster.mailboxCount", "recipients.count")
    )
    bench.with_policies(**{**FILES, "approve": narrow})
    await bench.run_pass()

    page = await shown(a_house(bench), "/policies/small-malicious")

    assert "for <code>softDeleteCluster</code>" in page


async def test_a_policy_that_fell_back_says_since_when_and_why_before_any_agent_knows(living: House) -> None:
    fallback = Fallback(
        policy="small-malicious", since=NOW, action_id="a", words="a person took it back", revision="r"
    )
    await living.bench.world.ledger.fall_back([fallback])

    pages = [await shown(living, path) for path in ("/policies", "/policies/small-malicious")]

    for page in pages:
        assert ">fell back</span>" in page
        assert ">2026-11-02 09:00Z</time>, because a person took it back" in page
    assert "0 enforcing, 1 observing" in pages[0]


async def test_chains_say_whom_they_tell_and_what_becomes_of_silence(living: House) -> None:
    (one,) = (await document(living))["chains"]

    assert one["words"] == "console at once; 1 person has to approve, of role SecOps.Approver"
    assert one["last_chance"] == "24h before Defender's deadline it goes on the portal worklist"
    assert one["is_usual"] is True


async def test_channels_say_where_secrets_lie_and_no_more(living: House) -> None:
    await living.bench.world.ledger.raise_alarm(
        Alarm(name=f"{CHANNEL}hook", since=NOW, words="it answers 500")
    )

    page, text = await document(living), await shown(living)

    found = {one["name"]: one for one in page["channels"]}
    assert found["hook"]["to"] == ["at hooks.example"]
    assert found["hook"]["secrets"] == ["its secret lies in the variable HOOK"]
    assert found["hook"]["failing"] == "it answers 500"
    assert found["mail"]["secrets"] == ["its password lies in the variable RELAY_PASSWORD"]
    assert found["mail"]["to"][-1] == "through relay.contoso.example:587 (startTls)"
    assert found["console"]["chains"] == ["secops"]
    assert "T0PSECRET" not in text


async def test_lists_say_what_counts_now_and_where_it_is_from(living: House) -> None:
    fed = f"list: staff\ntype: addresses\nsource: {{group: {GROUP}}}\nreview: 2026-10-01\n"
    write(living, **{"lists/staff": fed})
    await living.bench.run_pass()
    never = {one["name"]: one for one in (await document(living))["lists"]}

    at = living.now
    await living.bench.world.ledger.save_members(
        Members(group=GROUP, at=at, values=("a@x.example", "b@x.example"))
    )
    fresh = {one["name"]: one for one in (await document(living))["lists"]}
    living.bench.clock.advance(timedelta(days=3))
    old = {one["name"]: one for one in (await document(living))["lists"]}

    assert (fresh["vip"]["count"], fresh["vip"]["over"], fresh["vip"]["policies"]) == (
        1,
        1,
        ["small-malicious"],
    )
    assert (never["staff"]["count"], never["staff"]["is_stale"], never["staff"]["fetched"]) == (
        None,
        True,
        None,
    )
    assert (fresh["staff"]["count"], fresh["staff"]["is_stale"]) == (2, False)
    assert (old["staff"]["count"], old["staff"]["is_stale"], old["staff"]["is_review_over"]) == (
        2,
        True,
        True,
    )
    assert (fresh["staff"]["group"], fresh["staff"]["fetched"]) == (GROUP, "2026-11-02T09:00:00Z")


async def test_hostile_words_of_a_policy_and_its_cases_stay_words(bench: Bench) -> None:
    hostile = "# <script>alert(1)</script>"
    with_files(
        bench,
        **{
            "approve": f"{hostile}\n{POLICY}reason: <b>{{{{ 7*7 }}}}</b>\n",
            "approve.cases": f"{hostile} \u202etxt\n{CASES}",
        },
    )
    await bench.run_pass()

    text = await shown(a_house(bench), "/policies/small-malicious")

    assert "<script>alert" not in text
    assert text.count("# &lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "\u202e" not in text
    assert "\\u202etxt" in text
    assert "&lt;b&gt;{{ 7*7 }}&lt;/b&gt;" in text


async def test_nothing_of_another_tenant_is_shown(living: House, tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/data/ledger.db"
    theirs = POLICY.replace("small-malicious", "their-policy")
    async with open_ledger(url, OTHER) as other:
        await other.keep_set(
            KeptSet(
                revision="theirs",
                git="",
                at=NOW + timedelta(days=1),
                files={"policies/p.yaml": theirs.encode()},
            )
        )

        text = await shown(living)
        page = await document(living, "/policies/their-policy.json", 404)

    assert "theirs" not in text
    assert "their-policy" not in text
    assert "small-malicious" in page["error"]


async def test_looking_changes_nothing(living: House) -> None:
    before = await living.site.archive.stamp()

    for path in ("/policies", "/policies/small-malicious") * 2:
        await shown(living, path)

    assert await living.site.archive.stamp() == before


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a: 1\r\nb: 2\n\nc: 3", ("a: 1", "b: 2", "", "c: 3")),
        ("a: 1\u2028b: 2\x85c: 3\r".encode(), ("a: 1", "b: 2", "c: 3")),
        (b"", ()),
        (b"\n", ("",)),
    ],
)
def test_lines_are_counted_as_marks_count_them(data: bytes, lines: tuple[str, ...]) -> None:
    assert lines_of(data) == lines
