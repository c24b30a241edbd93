"""`policy backtest` and `replay` over a ledger with a past."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from agent.faces.backtest_markdown import LONGEST, code, markdown
from agent.faces.backtest_words import parts_of_reasons
from agent.faces.cli.app import app
from agent.faces.cli.backtest_tables import tell
from agent.model.backtest import Backtest, Compared, Fate, Flip, Judgement, Totals, Unsaid
from agent.model.facts import VOCABULARY
from agent.model.pending import ActionKind
from tests.faces.records import HOSTILE
from tests.past import a_settings_file

ROOT = Path(__file__).parent.parent.parent
AT = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which an agent lived through a night: its settings, ledger and policies."""
    folder: Path = tmp_path_factory.mktemp("past") / "agent"
    a_settings_file(folder, actions=8)
    return folder


@pytest.fixture
def past(night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it, in which the test stands."""
    folder = tmp_path / "agent"
    shutil.copytree(night, folder)
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str, columns: int = 160) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, list(arguments))


def backtest(*arguments: str) -> Any:
    done = run("policy", "backtest", *arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def change(folder: Path, old: str, new: str, name: str = "limited") -> None:
    path = folder / f"{name}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def flat(text: str) -> str:
    return " ".join(re.sub(r"[│╭╮╰╯├┤┬┴┼─]", " ", text).split())


# Backtests


def test_the_policies_that_decided_flip_nothing(past: Path) -> None:
    done = run("policy", "backtest")

    assert done.exit_code == 0
    assert "before: what was decided" in done.stdout
    assert f"after:  {past}/policies (revision " in done.stdout
    assert "no action flips" in done.stdout
    assert "12 decisions on 8 actions, from 2026-09-01 12:00Z to " in done.stdout


def test_a_change_is_shown_with_what_flips_from_what_to_what_and_by_which_policy(past: Path) -> None:
    change(past / "policies", "4/h", "6/h")

    done = run("policy", "backtest", "policies")

    words = flat(done.stdout)
    assert done.exit_code == 0
    assert "2 actions flip" in words
    assert "2 held -> approve" in words
    assert "by policy: limited 2 actions" in words
    assert "messages deleted: 8 more, 0 fewer" in words
    assert "approvals held by limits: 0 more, 2 fewer" in words
    reasons = {
        (one["reason_before"].partition(",")[0], one["reason_after"][:21]) for one in backtest()["flips"]
    }
    assert reasons == {
        (
            "held by `limits of limited`: `limited` may approve 4 actions in one hour",
            "approve by `limited`:",
        )
    }


def test_a_flip_is_a_block_that_tells_only_what_differs_within_80_columns(past: Path) -> None:
    done = run("policy", "backtest", "--treat-as", "enforce", columns=80)

    blocks = [block.splitlines() for block in done.stdout.split("\n\n")]
    (block,) = [block for block in blocks if "14d00a11" in block[0]]
    assert block == [
        "14d00a11  2026-09-01 12:00Z  approve -> escalate  by observing",
        "    soft delete of a mail cluster: https://burst-7.harvest.example/",
        "  + policies disagree",
        "  + reject by `observing`: `evidence.verdict` is malicious, one of malicious,",
        "    suspicious",
        "  + `recipients.count` is 4, at least 3",
    ]
    assert max(len(line) for block in blocks[1:-1] for line in block) <= 80
    assert sum("-> escalate  by observing" in block[0] for block in blocks) == 8


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        (
            "a by `p`: x; y (l, incident 1)",
            "a by `p`: x (l, incident 1)",
            (["a by `p`: x", "y"], ["a by `p`: x"]),
        ),
        ("a by `p` (why): x (l)", "b by `p` (why): x (l)", (["a by `p`"], ["b by `p`"])),
        (
            "held by `g`: full; otherwise a by `p`: x (l (m), incident 1)",
            "policies disagree: a by `p`: x; b by `q`: z (l (m), incident 1)",
            (["held by `g`: full", "a by `p`: x"], ["policies disagree", "a by `p`: x", "b by `q`: z"]),
        ),
        ("", "", ([""], [""])),
    ],
)
def test_reasons_are_taken_apart(before: str, after: str, parts: tuple[list[str], list[str]]) -> None:
    assert parts_of_reasons(before, after) == parts


@pytest.mark.parametrize("label", [HOSTILE, "x" * 300])
def test_an_attackers_text_does_nothing_in_a_block(label: str) -> None:
    out = Console(file=StringIO(), width=80, force_terminal=True, color_system=None)

    tell(out, a_backtest(a_flip(label)), most=10)

    assert isinstance(out.file, StringIO)
    said = out.file.getvalue()
    assert not {letter for letter in said if unicodedata.category(letter) in {"Cc", "Cf"}} - {"\n"}


def test_json_tells_every_flip_with_stable_names(past: Path) -> None:
    shutil.copytree(past / "policies", past / "other")
    change(past / "other", "decide: approve\nlimits: {actions: 4/h, messages: 60/d}", "decide: reject")

    found = backtest("other", "--against", "policies")

    assert set(found) == {"before", "after", "since", "first", "last", "totals", "flips", "unsaid"}
    assert set(found["flips"][0]) == {
        "action_id",
        "number",
        "at",
        "kind",
        "before",
        "after",
        "by",
        "messages",
        "is_estimated",
        "label",
        "reason_before",
        "reason_after",
    }
    assert found["totals"]["between"] == {"approve -> reject": 4, "held -> reject": 4}
    assert len(found["flips"]) == 8
    assert all(one["reason_after"].startswith("reject by `limited`") for one in found["flips"])
    assert (found["before"]["name"], found["after"]["name"]) == ("policies", "other")


def test_against_a_git_revision_the_folder_is_compared_with_what_it_was(past: Path) -> None:
    def git(*arguments: str) -> str:
        nobody = {f"GIT_{who}_{what}": "a@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(
            ["git", *arguments],
            check=True,
            env=os.environ | nobody | quiet,
            capture_output=True,
            text=True,
        ).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("add", "policies")
    git("commit", "--quiet", "-m", "a set")
    change(past / "policies", "4/h", "5/h")

    found = backtest("policies", "--against", "main")

    assert found["totals"]["between"] == {"held -> approve": 1}
    assert found["before"]["git"] == git("rev-parse", "HEAD")
    assert found["before"]["name"] == "policies at main"
    assert found["after"]["git"] == git("rev-parse", "HEAD") + "+"
    same = backtest("policies", "--against", "main", "--since", "2026-09-01T14:00:00Z")
    assert same["totals"]["decisions"] == 0


def test_observing_policies_are_treated_as_asked(past: Path) -> None:
    as_written = backtest()
    enforced = backtest("--treat-as", "enforce")

    assert as_written["totals"]["flips"] == 0
    assert set(enforced["totals"]["between"]) == {"approve -> escalate", "held -> escalate"}


@pytest.mark.parametrize(
    ("options", "code"),
    [([], 0), (["--fail-on-flip"], 1), (["--max-flips", "1"], 1), (["--max-flips", "2"], 0)],
)
def test_a_gate_lets_only_so_many_flips_through(past: Path, options: list[str], code: int) -> None:
    change(past / "policies", "4/h", "6/h")

    done = run("policy", "backtest", *options)

    assert done.exit_code == code
    assert ("actions flip, " in done.stderr) is (code == 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "`nowhere` is not there: name the folder in which the policies lie"),
        (["policies/limited.yaml"], "is not a folder: name the one in which the policies lie"),
        (["--against", "main"], "is neither a folder nor a revision that git knows in"),
        (["--against", "-x"], "is neither a folder nor a revision: name one"),
        (["--since", "yesterday"], "`--since yesterday` is not a duration"),
        (["--format", "yaml"], "`--format yaml` is not one of `text`, `json`, `markdown`"),
        (["--treat-as", "enforced"], "`--treat-as enforced` is not one of `asWritten`, `enforce`"),
    ],
)
def test_wrong_use_is_told_in_one_line(past: Path, arguments: list[str], words: str) -> None:
    done = run("policy", "backtest", *arguments)

    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_policies_that_do_not_load_are_told_at_their_place(past: Path) -> None:
    change(past / "policies", "decide: approve", "decide: aprove")

    done = run("policy", "backtest", "policies")

    assert done.exit_code == 2
    assert "policies/limited.yaml:10:9: " in done.stderr


def test_progress_is_no_part_of_what_is_piped(past: Path) -> None:
    done = run("policy", "backtest", "--format", "markdown")

    assert done.stderr == ""
    assert done.stdout.startswith("### Backtest of policies: no action flips\n")


def test_progress_is_shown_on_a_terminal(past: Path) -> None:
    outer, inner = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "agent", "policy", "backtest", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=inner,
        env=os.environ | {"TERM": "xterm", "PYTHONPATH": str(ROOT)},
    )
    os.close(inner)
    out, _ = done.communicate(timeout=60)
    shown = os.read(outer, 65_536).decode(errors="replace")
    os.close(outer)

    assert json.loads(out)["totals"]["flips"] == 0
    assert "looking back" in shown
    assert "12 decisions" in shown


# Markdown


def a_flip(label: str = "a label", **more: Any) -> Flip:
    return msgspec.structs.replace(
        Flip(
            action_id="0123456789abcdef",
            number=1,
            at=AT,
            kind=ActionKind.SOFT_DELETE_CLUSTER,
            before=Judgement(fate=Fate.HELD, guard="limits of p", policies=("p",)),
            after=Judgement(fate=Fate.APPROVE, policies=("p",)),
            by=("p",),
            messages=3,
            is_estimated=False,
            label=label,
            reason_before=label,
            reason_after=label,
        ),
        **more,
    )


def a_backtest(*flips: Flip, unsaid: tuple[Unsaid, ...] = ()) -> Backtest:
    totals = Totals(
        actions=len(flips),
        decisions=len(flips),
        flips=len(flips),
        unsaid=len(unsaid),
        between={"held -> approve": len(flips)},
        by_policy={"p": len(flips)},
        older=1,
    )
    return Backtest(
        before=Compared(name="what was decided"),
        after=Compared(name="policies", revision="0123456789ab", git="c" * 40 + "+"),
        since=None,
        first=AT,
        last=AT,
        totals=totals,
        flips=flips,
        unsaid=unsaid,
    )


HOSTILE_LABELS = [
    HOSTILE,
    "a | b || c",
    "`code` ``more``",
    "<script>alert(1)</script><!-- --> <img src=x onerror=y>",
    "@everyone and @org/team, mail a@b.example",
    "[Approve](https://attacker.example) ![](https://attacker.example/x.png) www.attacker.example",
    "</code></details> | x\n| --- |\n",
    "#1 GH-1 0123456789abcdef0123456789abcdef01234567 :shipit: **bold** __x__ ~~y~~ $x$ \\",
    "&lt; &#64; &amp;",
]


@pytest.mark.parametrize("label", HOSTILE_LABELS)
def test_an_attackers_text_does_nothing_in_a_cell(label: str) -> None:
    text = markdown(a_backtest(a_flip(label)), most=10)

    (row,) = [line for line in text.splitlines() if line.startswith("| <code>01234567</code>")]
    inside = re.findall(r"<code>(.*?)</code>", row)
    assert row.count("|") == 7
    assert len(inside) == 7
    for cell in inside:
        left = re.sub(r"&#\d+;|<!-- -->", "", cell)
        assert re.fullmatch(r"[A-Za-z0-9 ,-]*", left), left
        assert all(part.startswith("&#64;") or part == "" for part in re.findall(r"&#64;(?!<!-- -->)", cell))


@pytest.mark.parametrize("label", ["a | b", "`x`", "<b>", "x & y", "ünï 漢"])
def test_it_reads_as_it_was(label: str) -> None:
    told = code(label).removeprefix("<code>").removesuffix("</code>")

    assert unescape(told) == label


def test_a_short_table_is_open_and_a_long_one_is_folded() -> None:
    short = markdown(a_backtest(*[a_flip()] * 10), most=200)
    long = markdown(a_backtest(*[a_flip()] * 11), most=200)

    assert "<details>" not in short
    assert "<details><summary>11 flips</summary>\n\n| action |" in long
    assert long.rstrip().endswith("</details>")


def test_a_comment_is_never_longer_than_github_takes_and_says_what_it_leaves_out() -> None:
    text = markdown(a_backtest(*[a_flip("x" * 200)] * 500), most=500)

    shown = text.count("| <code>01234567</code>")
    assert len(text) < LONGEST + 1_000
    assert 10 < shown < 500
    assert f"and {500 - shown} more flips: `--format json` has all" in text


def test_what_cannot_be_said_stands_apart_with_its_facts() -> None:
    unsaid = Unsaid(
        action_id="0123456789abcdef",
        number=1,
        at=AT,
        kind=ActionKind.SOFT_DELETE_CLUSTER,
        facts=("clicks.count",),
        before=(Fate.APPROVE,),
        after=(Fate.APPROVE, Fate.ESCALATE),
        policies=("p",),
        label="a label",
    )

    text = unescape(markdown(a_backtest(unsaid=(unsaid,)), most=10))

    assert "### Backtest of policies: no action flips, of 1 it cannot be said" in text
    assert "<code>clicks.count</code>" in text
    assert "approve -> approve or escalate" in text
    assert f"1 action was decided before vocabulary {VOCABULARY}: newer facts were not recorded then" in text


# Replay


def an_id(guard: bool = False) -> str:
    past = json.loads(run("history", "--json").stdout)["decisions"]
    return str(next(one["id"] for one in past if (one["guard"] is not None) is guard))


@pytest.mark.parametrize("guard", [True, False])
def test_a_recorded_decision_has_the_same_bytes_when_it_is_made_again(past: Path, guard: bool) -> None:
    done = run("replay", an_id(guard)[:8])

    assert done.exit_code == 0, done.output
    assert "same bytes (" in done.stdout
    assert "agent test (this is " in done.stdout
    assert "came out the same, byte for byte" in done.stdout


def test_what_differs_is_shown_and_is_a_finding(past: Path) -> None:
    action = an_id()
    tamper(past, action, '"verb":"approve"', '"verb":"reject"')

    told = run("replay", action)
    as_json = run("replay", action, "--json")

    assert (told.exit_code, as_json.exit_code) == (1, 1)
    assert "differs in 1 field" in told.stdout
    assert "recorded  reject" in told.stdout
    assert "again     approve" in told.stdout
    one = json.loads(as_json.stdout)["decisions"][-1]
    assert one["differences"] == [{"field": "verb", "recorded": "reject", "again": "approve"}]
    assert one["same"] is False


def tamper(past: Path, action: str, old: str, new: str) -> None:
    """Change the decision on the action in the database."""
    import sqlite3
    import zlib
    from contextlib import closing

    with closing(sqlite3.connect(past / "data" / "ledger.db")) as database:
        (body,) = database.execute(
            "SELECT body FROM decisions WHERE action_id = ? ORDER BY number DESC", (action,)
        ).fetchone()
        plain = zlib.decompress(body) if body[:1] == b"x" else body
        changed = plain.replace(old.encode(), new.encode(), 1)
        assert changed != plain
        database.execute("UPDATE decisions SET body = ? WHERE body = ?", (changed, body))
        database.commit()


def test_a_decision_that_there_is_not_is_wrong_use(past: Path) -> None:
    done = run("replay", an_id(), "--decision", "99")

    assert done.exit_code == 2
    assert "has no decision of that number" in done.stderr


def test_an_action_that_there_is_not_is_a_finding(past: Path) -> None:
    assert run("replay", "ffffffff").exit_code == 1
