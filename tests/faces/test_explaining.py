"""`policy explain`: a decision of a real ledger or of facts in a file, taken apart for people and for programs."""

import asyncio
import json
import unicodedata
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import Any, cast

import msgspec
import pytest
from typer.testing import CliRunner, Result

from agent.faces.cli.app import app
from agent.model.decision import Verb
from agent.model.enactment import State
from agent.model.policy import Members
from tests.faces.records import HOSTILE, a_record, a_settings_file
from tests.faces.test_cli import run
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import NOW, TENANT, a_cluster, a_copy, a_message, an_action, an_alert, an_incident

SMALL = """\
policy: small-malicious
description: Soft-delete small malicious clusters.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  evidence.verdict: malicious
  cluster.mailboxCount: {atMost: 200}
unless:
  - recipients: {anyIn: $vip}
decide: approve
limits: {actions: 2/h}
"""

VIP = """\
policy: vip
description: Mail to executives is never deleted without a person.
owner: soc@contoso.example
for: [softDeleteCluster, softDeleteMessage]
mode: observe
priority: 100
match:
  recipients: {anyIn: $vip}
decide: escalate
"""

LIST = "list: vip\nentries:\n  - ceo@contoso.example\n"

FACTS = """\
kind: softDeleteCluster
facts:
  evidence.verdict: malicious
  cluster.mailboxCount: 250
  recipients: [anna@contoso.example]
"""


def written(folder: Path, *policies: str) -> Path:
    """Return the folder with these policies and the list they name."""
    (folder / "policies" / "lists").mkdir(parents=True, exist_ok=True)
    (folder / "policies" / "lists" / "vip.yaml").write_text(LIST, encoding="utf-8")
    for at, policy in enumerate(policies):
        (folder / "policies" / f"p{at}.yaml").write_text(policy, encoding="utf-8")
    return folder / "policies"


def with_facts(folder: Path, text: str = FACTS) -> str:
    path = folder / "facts.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def explain(*arguments: str) -> Result:
    return run("policy", "explain", *arguments)


def as_json(*arguments: str) -> dict[str, object]:
    done = explain(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def of(found: dict[str, object], *path: str) -> object:
    """Return what stands at the end of these keys."""
    value: object = found
    for key in path:
        assert isinstance(value, dict)
        value = value[key]
    return value


# Facts in a file


@pytest.fixture
def policies(tmp_path: Path) -> str:
    return str(written(tmp_path, SMALL, VIP))


def test_the_decision_comes_first_then_the_rule_the_flip_and_the_trees(policies: str, tmp_path: Path) -> None:
    done = explain("--facts", with_facts(tmp_path), "--policies", policies)

    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "escalate by no policy"
    places = [
        next(at for at, line in enumerate(lines) if part in line)
        for part in (
            "no policy matched: nearest is `small-malicious`",
            "no policy matched of the 2 that count: a person decides",
            "approve  had `cluster.mailboxCount` been 200 or less, it would have been approved by `small-malicious`",
            "reject  no policy that counts for `softDeleteCluster` says reject",
            "small-malicious  approve, priority 0: did not match, and came nearest",
            "failed   `cluster.mailboxCount` is 250, at most 200 asked  line 8, from copies still in a mailbox now",
            "vip  escalate, priority 100: did not match: `recipients` is anna@contoso.example",
        )
    ]
    assert places == sorted(places)


def test_facts_and_policies_that_are_both_named_need_no_settings_at_all(
    policies: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "air-agent.yaml").write_text("tenant: [not, an, id]\n")
    monkeypatch.chdir(tmp_path)

    done = explain("--facts", with_facts(tmp_path), "--policies", policies)
    refused = explain("--facts", with_facts(tmp_path))

    assert done.exit_code == 0, done.output
    assert refused.exit_code == 2


def test_observing_policies_count_unless_it_is_said_otherwise_and_either_is_said(
    policies: str, tmp_path: Path
) -> None:
    facts = with_facts(tmp_path, FACTS.replace("anna@", "ceo@"))

    counted = explain("--facts", facts, "--policies", policies)
    as_written = explain("--facts", facts, "--policies", policies, "--treat-as", "asWritten")

    assert counted.stdout.startswith("escalate by vip\n")
    assert (
        "policies in `mode: observe` count as enforcing here; --treat-as asWritten does otherwise"
        in counted.stdout
    )
    assert as_written.stdout.startswith("escalate by no policy\n")
    assert "do not count here; --treat-as enforce does otherwise" in as_written.stdout
    assert "had they counted: escalate by vip" in as_written.stdout


def test_json_has_the_trees_and_the_flips(policies: str, tmp_path: Path) -> None:
    found = as_json("--facts", with_facts(tmp_path), "--policies", policies, "--flip-to", "approve")

    assert (found["id"], found["recorded"], found["differs"]) == (None, None, False)
    assert of(found, "explanation", "rule") == "unmatched"
    (flips,) = cast("list[dict[str, Any]]", of(found, "explanation", "flips"))
    (flip,) = flips["flips"]
    assert (flips["verb"], flips["is_smallest"]) == ("approve", True)
    assert flip["changes"] == [
        {
            "fact": "cluster.mailboxCount",
            "words": "had `cluster.mailboxCount` been 200 or less",
            "before": 250,
            "instead": 200,
            "least": None,
            "most": 200,
            "messages": None,
        }
    ]
    nearest = cast("list[dict[str, Any]]", of(found, "explanation", "policies"))[0]
    assert [(leaf["type"], leaf["held"]) for leaf in nearest["match"]] == [
        ("test", "held"),
        ("test", "failed"),
    ]


def test_policies_far_away_are_one_line_each_unless_all_are_asked_for(policies: str, tmp_path: Path) -> None:
    facts = with_facts(tmp_path)

    some = explain("--facts", facts, "--policies", policies)
    everything = explain("--facts", facts, "--policies", policies, "--all")

    assert "vip  escalate, priority 100: did not match: " in some.stdout
    assert f"vip  escalate, priority 100: did not match  {policies}/p1.yaml" in everything.stdout


@pytest.mark.parametrize("to", ["approve", "escalate"])
def test_only_one_other_decision_may_be_asked_for(policies: str, tmp_path: Path, to: str) -> None:
    done = explain("--facts", with_facts(tmp_path), "--policies", policies, "--flip-to", to)

    assert ("What would have changed it" in done.stdout) == (to == "approve")
    assert "says reject" not in done.stdout


def test_facts_are_read_from_standard_input_too(policies: str) -> None:
    arguments = ["policy", "explain", "--facts", "-", "--policies", policies]

    done = CliRunner(env={"COLUMNS": "160"}).invoke(app, arguments, input=FACTS)

    assert done.exit_code == 0
    assert "softDeleteCluster of standard input" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name either the ID of a pending action, or facts with `--facts FILE`"),
        (
            ["abcd", "--facts", "x.yaml"],
            "name either the ID of a pending action, or facts with `--facts FILE`",
        ),
        (["--facts", "nowhere.yaml"], "`nowhere.yaml` cannot be read: no such file or directory"),
        (
            ["--facts", "FACTS", "--policies", "nowhere"],
            "`nowhere` is not there: name the folder in which the policies lie",
        ),
        (
            ["--facts", "FACTS", "--flip-to", "aprove"],
            "`--flip-to aprove` is not one of `approve`, `reject`, `escalate`",
        ),
        (["--facts", "FACTS", "--treat-as", "all"], "`--treat-as all` is not one of `asWritten`, `enforce`"),
        (
            ["--facts", "WRONG"],
            "wrong.yaml:2:9: unknown fact `cluster.mailboxcount` of `softDeleteCluster`: did you mean",
        ),
    ],
)
def test_wrong_use_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policies: str, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.yaml").write_text(
        "kind: softDeleteCluster\nfacts: {cluster.mailboxcount: 1}\n", encoding="utf-8"
    )
    stand_for = {"FACTS": with_facts(tmp_path), "WRONG": "wrong.yaml"}

    done = explain(*(stand_for.get(one, one) for one in arguments))

    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.output


def test_policies_that_do_not_load_are_told_with_their_place(tmp_path: Path) -> None:
    folder = written(tmp_path, SMALL.replace("malicious\n  cluster", "malicous\n  cluster"))

    done = explain("--facts", with_facts(tmp_path), "--policies", str(folder))

    assert done.exit_code == 2
    assert "p0.yaml:7:21: unknown word `malicous`: did you mean `malicious`?" in done.stderr


# Decisions of the ledger


def a_ledger(folder: Path, *policies: str, clusters: int = 1, ceo: bool = False) -> tuple[str, list[str]]:
    """Return the settings of an agent that has made a pass over these clusters, and the ids of their actions."""

    async def make() -> list[str]:
        url = f"sqlite:///{folder}/air-agent-data/ledger.db"
        async with open_ledger(url, TENANT) as ledger:
            bench = Bench(ledger)
            bench.with_policies(**{f"p{at}": text for at, text in enumerate(policies)}, **{"lists/vip": LIST})
            for at in range(clusters):
                cluster = a_cluster(query=f'Urls:"https://bad{at}.example/"', messages=1, first=10 * at + 1)
                bench.defender.show(
                    an_incident(an_alert(cluster, id=f"a{at}", incident_id=str(at)), id=str(at))
                )
                recipient = "ceo@contoso.example" if ceo else "anna@contoso.example"
                bench.defender.deliver(a_copy(10 * at + 1, recipient=recipient))
            await bench.run_pass()
            return [record.action.id for record in await bench.records()]

    ids = asyncio.run(make())
    path = folder / "air-agent.yaml"
    path.write_text(f"tenant: {{id: {TENANT}}}\n", encoding="utf-8")
    return str(path), ids


def test_a_recorded_decision_is_explained_by_the_policies_that_made_it(tmp_path: Path) -> None:
    written(tmp_path, SMALL, VIP)
    settings, (action,) = a_ledger(tmp_path, SMALL, VIP)
    written(tmp_path, SMALL, f"# looked over\n{VIP}")

    done = explain(action[:6], "--settings", settings)
    found = as_json(action, "--settings", settings)

    assert done.exit_code == 0
    assert done.stdout.startswith("approve by small-malicious\n")
    assert "the policies have changed since" in done.stdout
    assert "they decide the same on these facts" in done.stdout
    assert (
        "with ceo@contoso.example (in $vip) instead of anna@contoso.example among `recipients`" in done.stdout
    )
    assert (found["id"], found["differs"]) == (action, False)
    assert of(found, "recorded", "verb") == "approve"
    assert of(found, "explanation", "now") == "2026-11-02T09:00:00Z"


def test_where_nothing_has_changed_the_same_policies_explain_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, SMALL, VIP)
    _, (action,) = a_ledger(tmp_path, SMALL, VIP)

    done = explain(action, "--policies", "policies")

    assert "explained by the same policies, policies (revision" in done.stdout
    assert "have changed since" not in done.stdout


def test_where_the_policies_would_decide_otherwise_now_it_is_said_plainly(tmp_path: Path) -> None:
    written(tmp_path, SMALL.replace("atMost: 200", "below: 1"), VIP)
    settings, (action,) = a_ledger(tmp_path, SMALL, VIP)

    done = explain(action, "--settings", settings)
    found = as_json(action, "--settings", settings)

    assert done.stdout.startswith("approve by small-malicious\n")
    assert "now it would be decided otherwise: escalate by no policy" in done.stdout
    assert "had `cluster.mailboxCount` been 0, it would have been approved" in done.stdout
    assert found["differs"] is True


def test_a_decision_that_a_limit_held_says_so_and_what_it_would_have_been(tmp_path: Path) -> None:
    written(tmp_path, SMALL, VIP)
    settings, ids = a_ledger(tmp_path, SMALL, VIP, clusters=3)

    told = [explain(action, "--settings", settings).stdout for action in ids]

    (held,) = (text for text in told if "held by" in text)
    assert held.startswith("escalate by small-malicious, held by limits of small-malicious\n")
    assert "held by the guard `limits of small-malicious`" in held
    assert (
        "without it: the highest priority that matches is 0: `small-malicious` is the only policy there"
        in held
    )
    assert "now it would be decided otherwise" not in held


@pytest.mark.parametrize(("options", "verb"), [([], "approve"), (["--treat-as", "enforce"], "escalate")])
def test_observing_policies_count_for_the_ledger_as_the_settings_say(
    tmp_path: Path, options: list[str], verb: str
) -> None:
    written(tmp_path, SMALL.replace("unless:\n  - recipients: {anyIn: $vip}\n", ""), VIP)
    settings, (action,) = a_ledger(
        tmp_path, SMALL.replace("unless:\n  - recipients: {anyIn: $vip}\n", ""), VIP, ceo=True
    )

    found = as_json(action, "--settings", settings, *options)

    assert of(found, "explanation", "verb") == verb
    assert of(found, "explanation", "enforces_observers") is bool(options)
    assert found["differs"] is bool(options)


@pytest.mark.parametrize(
    ("action", "words"), [("0123456789abcdef", "nothing is known of"), ("ab", "is too short")]
)
def test_an_id_that_is_not_one_ends_with_one(tmp_path: Path, action: str, words: str) -> None:
    written(tmp_path, SMALL)
    settings, _ = a_ledger(tmp_path, SMALL)

    done = explain(action, "--settings", settings)

    assert done.exit_code == 1
    assert words in done.stderr


def test_what_was_not_judged_yet_cannot_be_explained(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    record = a_record(State.SEEN, None)
    settings = a_settings_file(tmp_path, record)

    done = explain(record.action.id, "--settings", str(settings))

    assert done.exit_code == 1
    assert "there is no decision on" in done.stderr
    assert "it was seen, and not judged yet" in done.stderr


@pytest.mark.parametrize("options", [[], ["--json"], ["--all"]])
def test_an_attackers_text_does_nothing_on_the_terminal(tmp_path: Path, options: list[str]) -> None:
    titled = """\
policy: titled
description: About subjects.
owner: soc@contoso.example
for: [softDeleteMessage]
mode: enforce
match:
  message.subject: {contains: invoice}
  message.urls: {noneIn: [x]}
  messages: {any: {subject: {contains: paid}}}
decide: approve
"""
    written(tmp_path, titled)
    evidence = msgspec.structs.replace(a_message(), subject=HOSTILE)
    record = a_record(State.ESCALATED, Verb.ESCALATE, evidence=evidence, reason=f"because of {HOSTILE}")
    assert record.decision is not None
    facts = msgspec.structs.replace(
        record.decision.facts,
        values={"message.subject": HOSTILE, "message.urls": frozenset({f"https://{HOSTILE}", "x"})},
        messages=({"subject": HOSTILE, "recipient": f"{HOSTILE}@contoso.example"},),
    )
    record = msgspec.structs.replace(record, decision=msgspec.structs.replace(record.decision, facts=facts))
    settings = a_settings_file(tmp_path, record)

    done = explain(record.action.id, "--settings", str(settings), *options)

    assert done.exit_code == 0, done.output
    assert "Invoice" in done.stdout
    acting = {letter for letter in done.stdout if unicodedata.category(letter) in {"Cc", "Cf", "Cs"}}
    assert acting <= {"\n"}


GROUP = "99999999-2222-3333-4444-555555555555"
FED = f"list: vip\ntype: addresses\nsource: {{group: {GROUP}}}\n"


def test_who_is_in_a_group_is_known_by_the_ledger_and_missed_without_it(tmp_path: Path) -> None:
    folder = written(tmp_path, SMALL, VIP)
    (folder / "lists" / "vip.yaml").write_text(FED, encoding="utf-8")
    settings = str(a_settings_file(tmp_path))

    async def remember() -> None:
        async with open_ledger(f"sqlite:///{tmp_path}/air-agent-data/ledger.db", TENANT) as ledger:
            await ledger.save_members(Members(group=GROUP, at=NOW, values=("ceo@contoso.example",)))

    asyncio.run(remember())
    facts = with_facts(
        tmp_path,
        FACTS.replace("anna@", "ceo@").replace(
            "facts:\n", "now: 2026-11-02T09:00:00Z\nfacts:\n  list.vip.refreshed: 2026-11-02T08:30:00Z\n"
        ),
    )

    known = explain("--facts", facts, "--settings", settings, "--policies", str(folder))
    missed = explain("--facts", facts, "--policies", str(folder))

    assert known.stdout.startswith("escalate by vip\n"), known.output
    assert f"ceo@contoso.example is in $vip: a member of the group {GROUP}" in known.stdout
    assert "is not known here" not in known.stdout
    assert (
        "who is in $vip is not known here: name settings whose ledger has it with --settings" in missed.stdout
    )


# A large set


def a_large_set() -> list[str]:
    made = []
    for number in range(100):
        verb = ("approve", "reject", "escalate")[number % 3]
        made.append(
            f"policy: p{number:03}\ndescription: One of many.\nowner: soc@contoso.example\n"
            f"for: [softDeleteCluster]\nmode: enforce\npriority: {number % 4}\nmatch:\n"
            f"  evidence.verdict: {('malicious', 'suspicious', 'noThreatsFound')[number // 3 % 3]}\n"
            f"  cluster.mailboxCount: {{atMost: {10 * number}}}\n"
            f"  cluster.by: {{in: [{('url', 'file', 'similarity')[number % 3]}]}}\n"
            f"  recipients: {{noneIn: $vip}}\n"
            f"unless:\n  - messages: {{any: {{sender.domain: {{domainIn: partner{number}.example}}, auth.dmarc: pass}}}}\n"
            f"decide: {verb}\n"
        )
    return made


def test_a_hundred_policies_are_explained_within_seconds_and_stay_readable(tmp_path: Path) -> None:
    folder = str(written(tmp_path, *a_large_set()))
    rows = "".join(
        f"  - {{recipient: u{at}@contoso.example, sender.domain: evil.example, auth.dmarc: fail, location: inbox_folder}}\n"
        for at in range(100)
    )
    facts = with_facts(
        tmp_path,
        "kind: softDeleteCluster\nfacts: {evidence.verdict: malicious, cluster.by: url, cluster.mailboxCount: 100}\n"
        f"messages:\n{rows}",
    )
    explain("--facts", facts, "--policies", folder)

    began = process_time()
    done = explain("--facts", facts, "--policies", folder)
    took = process_time() - began

    assert done.exit_code == 0
    assert took < 10  # under 2 on an idle machine; what grows with the square takes minutes
    folded = [line for line in done.stdout.splitlines() if line.startswith("p") and "did not match: " in line]
    assert len(folded) > 80


def test_the_moment_of_the_decision_is_the_one_that_is_explained(tmp_path: Path) -> None:
    """A policy that expired since still made the decision, and the explanation is of that moment."""
    ends = (NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = SMALL + f"expires: {ends}\n"
    written(tmp_path, text)
    settings, (action,) = a_ledger(tmp_path, text)

    assert of(as_json(action, "--settings", settings), "explanation", "verb") == "approve"


def test_an_action_is_found_by_how_its_id_begins(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    settings, (action,) = a_ledger(tmp_path, SMALL)

    assert (
        as_json(action[:4], "--settings", settings)["id"]
        == action
        == an_action(a_cluster(query='Urls:"https://bad0.example/"')).id
    )


def test_the_facts_may_say_who_is_in_a_group_and_without_that_it_is_unknown(tmp_path: Path) -> None:
    folder = written(tmp_path, SMALL, VIP.replace("priority: 100", "priority: -1"))
    (folder / "lists" / "vip.yaml").write_text(FED, encoding="utf-8")
    small = FACTS.replace("250", "50")

    def told(text: str) -> Result:
        return explain("--facts", with_facts(tmp_path, text), "--policies", str(folder))

    listed = told(f"{small}lists: {{vip: [anna@contoso.example]}}\n")
    other = told(f"{small}lists: {{vip: [ceo@contoso.example]}}\n")
    fetched = told(f"{small}  list.vip.refreshed: 2026-08-24T08:30:00Z\n")
    strange = told(f"{small}lists:\n  vipp: []\n")

    assert listed.stdout.startswith("escalate by vip\n"), listed.output
    assert other.stdout.startswith("approve by small-malicious\n"), other.output
    assert "not known here" not in listed.stdout + other.stdout
    assert fetched.stdout.startswith("escalate by small-malicious, vip\n"), fetched.output
    assert "approve  had the list `vip` been fetched in time, and been empty, it would" in fetched.stdout
    assert "or write `lists: {vip: [who is in it]}` into the facts" in fetched.stdout
    assert strange.exit_code == 2
    assert "facts.yaml:7:3: `vipp` is not a list with a `source`: did you mean `vip`?" in strange.output


def test_a_file_is_in_no_incident_and_none_is_told(tmp_path: Path) -> None:
    folder = str(written(tmp_path, SMALL))

    done = explain("--facts", with_facts(tmp_path, "kind: blockUrl\n"), "--policies", folder)

    reason = done.stdout.splitlines()[2]
    assert reason.startswith("no policy is for kind `blockUrl`: nothing is known of it (")
    assert ", incident" not in reason


def test_what_several_clauses_of_a_policy_want_is_told_once(tmp_path: Path) -> None:
    asked = "- messages: {any: {subject: a}}\n  - messages: {any: {subject: b}}\n  - recipients"
    folder = str(written(tmp_path, SMALL.replace("- recipients", asked)))
    small = "kind: softDeleteCluster\nfacts: {evidence.verdict: malicious, cluster.mailboxCount: 5}\n"

    done = explain("--facts", with_facts(tmp_path, small), "--policies", folder)

    reason = done.stdout.splitlines()[2]
    assert reason.count("unless `messages` are unknown (not looked up)") == 1
    assert "unless `recipients` is unknown" in reason


def test_on_a_narrow_terminal_further_lines_of_an_entry_are_set_in_and_words_stay_whole(
    tmp_path: Path,
) -> None:
    folder = str(written(tmp_path, SMALL, VIP))
    arguments = ["policy", "explain", "--facts", with_facts(tmp_path), "--policies", folder]

    done = CliRunner(env={"COLUMNS": "60"}).invoke(app, arguments)

    lines = done.stdout.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(" approve  had"))
    assert lines[at + 1].startswith(" " * 10)
    title = next(at for at, line in enumerate(lines) if line.startswith("small-malicious  approve"))
    under = next(at for at, line in enumerate(lines) if line.startswith(("└── ", "├── ")))
    assert all(line.startswith("    ") for line in lines[title + 1 : under])
    reason = next(line for line in lines if line.startswith("no policy matched: nearest"))
    assert len(reason) <= 60
    assert all(line.strip() or not line for line in lines)


def test_a_clause_of_unless_that_failed_is_well_and_other_messages_are_said_to_be_left_out(
    tmp_path: Path,
) -> None:
    policy = SMALL.replace("- recipients", "- messages: {any: {subject: a}}\n  - recipients")
    folder = str(written(tmp_path, policy))

    done = explain(
        "--facts",
        with_facts(tmp_path, f"{FACTS}messages: [{{subject: b}}, {{subject: c}}]\n"),
        "--policies",
        folder,
    )

    assert "failed   `cluster.mailboxCount` is 250" in done.stdout
    assert "not so   `recipients` is anna@contoso.example" in done.stdout
    assert "message 1 of 2, the others are not shown" in done.stdout


# Chains


CHAIN = "chain: {name}\nsteps: [{{notify: [duty]}}]\napprovers: {{need: 2, from: [role:SecOps.Approver]}}\n"
DUTY = "channel: duty\nkind: console\n"


def with_chains(policies: str, *names: str) -> str:
    for folder in ("chains", "channels"):
        (Path(policies) / folder).mkdir(exist_ok=True)
    (Path(policies) / "channels" / "duty.yaml").write_text(DUTY, encoding="utf-8")
    for name in names:
        (Path(policies) / "chains" / f"{name}.yaml").write_text(CHAIN.format(name=name), encoding="utf-8")
    return policies


def test_the_chain_that_people_are_asked_by_is_told_with_whom_it_reaches(
    policies: str, tmp_path: Path
) -> None:
    facts = with_facts(tmp_path)
    with_chains(policies, "secops")

    done = explain("--facts", facts, "--policies", policies)
    found = as_json("--facts", facts, "--policies", policies)

    words = "duty at once; 2 people have to approve, of role SecOps.Approver"
    assert f"people are asked by the chain `secops`: {words}" in done.stdout
    assert (found["chain"], found["chain_words"], found["inform"]) == ("secops", words, [])


def test_where_it_is_not_clear_which_chain_none_is_told(policies: str, tmp_path: Path) -> None:
    facts = with_facts(tmp_path)

    without = as_json("--facts", facts, "--policies", policies)
    several = as_json("--facts", facts, "--policies", with_chains(policies, "one", "two"))
    named = as_json("--facts", facts, "--policies", with_chains(policies, "default"))

    assert (without["chain"], several["chain"], named["chain"]) == (None, None, "default")


def test_what_is_approved_asks_nobody_and_says_who_is_told(tmp_path: Path) -> None:
    informs = SMALL.replace("limits: {actions: 2/h}", "limits: {actions: 2/h}\ninform: desk")
    folder = with_chains(str(written(tmp_path, informs)), "desk")
    small = FACTS.replace("cluster.mailboxCount: 250", "cluster.mailboxCount: 5")

    done = explain("--facts", with_facts(tmp_path, small), "--policies", folder)

    assert done.stdout.startswith("approve by small-malicious")
    assert "told whatever is decided: `desk`" in done.stdout
    assert "people are asked" not in done.stdout
