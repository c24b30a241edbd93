"""`policy promote`, `demote` and `reinstate` as a person runs them, over a real ledger and real files."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from agent.adapters.host import PolicyFiles
from agent.adapters.ledger.ledger import SqlLedger
from agent.faces.cli import promoting
from agent.faces.cli.app import app
from agent.judge.parse import parse_set
from agent.model.decision import Ruling, Verb
from agent.model.enactment import Record, State
from agent.model.fallback import Fallback
from agent.model.hold import Replica
from agent.model.pending import ActionKind
from agent.model.policy import KeptSet, Policy
from agent.model.truth import Certainty, Source, Truth
from agent.settings.subjects import Settings
from tests.clock import ManualClock
from tests.faces.records import a_decision
from tests.judge.writing import policy_file
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT, a_cluster, an_action

DAY = timedelta(days=1)
CLUSTER, MESSAGE = ActionKind.SOFT_DELETE_CLUSTER, ActionKind.SOFT_DELETE_MESSAGE

POLICY = """# who owns it: the desk
policy: small
description: Soft-delete what is malicious.
owner: soc@contoso.org
for: [softDeleteCluster, softDeleteMessage]
mode: observe      # until we trust it
match:
  evidence.verdict: malicious
  recipients.count: {atMost: 200}
decide: approve
limits: {actions: 20/h}
"""
CASES = """policy: small
cases:
  - case: what is malicious goes
    kind: softDeleteMessage
    facts: {evidence.verdict: malicious, recipients.count: 1}
    decision: approve
    policies: [small]
  - case: what is suspicious stays
    kind: softDeleteMessage
    facts: {evidence.verdict: suspicious, recipients.count: 1}
    decision: escalate
    policies: []
    reason: ["`evidence.verdict` is suspicious"]
"""


class Shop:
    """A tenant whose agent observed for a while, and the command line of whoever promotes there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.policies = folder / "policies"
        self.policies.mkdir()
        self.file = self.policies / "small.yaml"
        self.file.write_text(POLICY, encoding="utf-8", newline="")
        (self.policies / "small.cases.yaml").write_text(CASES, encoding="utf-8")
        self.settings = folder / "air-agent.yaml"
        self.settings.write_text(
            f"tenant: {{id: {TENANT}}}\nmode: enforce\npromote: {{actions: 3}}\n", encoding="utf-8"
        )
        self.url = f"sqlite:///{folder}/air-agent-data/ledger.db"
        self.clock = ManualClock(NOW)
        monkeypatch.setattr(promoting, "clock_of", self._clock_of)
        monkeypatch.chdir(folder)
        self.in_ledger(self._begin)

    def _clock_of(self, _: Settings) -> ManualClock:
        return self.clock

    async def _begin(self, ledger: SqlLedger) -> None:
        await self.keep(ledger, days=8)
        await ledger.beat(Replica(name="agent", alive=NOW))

    async def keep(self, ledger: SqlLedger, *, days: float) -> None:
        """Have the set come into force as it lies in the folder, so many days ago."""
        found = parse_set(PolicyFiles(self.policies).files())
        kept = KeptSet(revision=found.revision, git="", at=NOW - days * DAY, files=found.files)
        await ledger.keep_set(kept)

    def in_ledger(self, what: Callable[[SqlLedger], Awaitable[None]]) -> None:
        async def within() -> None:
            async with open_ledger(self.url, TENANT) as ledger:
                await what(ledger)

        asyncio.run(within())

    def observed(
        self,
        *people: Verb,
        kind: ActionKind = CLUSTER,
        days: float = 3,
        shadow: Verb = Verb.APPROVE,
    ) -> None:
        """Let the policy observe these actions so many days ago, which people then decided like this."""

        async def save(ledger: SqlLedger) -> None:
            at = NOW - days * DAY
            records, truths = [], []
            for number, verb in enumerate(people):
                record = _observed(f"{kind}{days}{number}", kind, days, shadow)
                records.append(record)
                truths.append(
                    Truth(
                        action_id=record.action.id,
                        first_seen=record.action.first_seen,
                        verb=verb,
                        unknown=None,
                        source=Source.AIR,
                        certainty=Certainty.CERTAIN,
                        at=at + timedelta(hours=2),
                    )
                )
            await ledger.save(records, truths=truths, now=at)

        self.in_ledger(save)

    def fell_back(self, *, days: float = 2) -> None:
        async def fall(ledger: SqlLedger) -> None:
            kept = await ledger.kept_set()
            assert kept is not None
            fallback = Fallback(
                policy="small", since=NOW - days * DAY, action_id="a", words="so", revision=kept.revision
            )
            await ledger.fall_back([fallback])

        self.in_ledger(fall)

    def fallbacks(self) -> list[Fallback]:
        found: list[Fallback] = []

        async def read(ledger: SqlLedger) -> None:
            found.extend(await ledger.fallbacks())

        self.in_ledger(read)
        return found

    def told(self, event: str) -> list[Any]:
        """Return what the audit tells of such events."""
        found: list[Any] = []

        async def read(ledger: SqlLedger) -> None:
            links = await ledger.trail.unshipped("test-host", 1000)
            every = [*links, *await ledger.trail.unshipped("agent", 1000)]
            found.extend(json.loads(link.body) for link in every if link.event == event)

        self.in_ledger(read)
        return found

    def run(self, *arguments: str, typed: str = "") -> Result:
        runner = CliRunner(env={"COLUMNS": "240", "AIR_AGENT_REPLICA": "test-host"})
        return runner.invoke(app, ["policy", *arguments], input=typed)

    @property
    def policy(self) -> Policy:
        (policy,) = parse_set(PolicyFiles(self.policies).files()).policies
        return policy


def _observed(key: str, kind: ActionKind, days: float, verb: Verb = Verb.APPROVE) -> Record:
    at = NOW - days * DAY
    action = msgspec.structs.replace(an_action(a_cluster(query=key)), key=key, kind=kind, first_seen=at)
    decision = a_decision(action, Verb.ESCALATE, policies=(), at=at)
    shadow = Ruling(verb=verb, policies=("small",), reason="small")
    decision = msgspec.structs.replace(decision, shadow=shadow)
    return Record(action=action, state=State.ESCALATED, due=None, decision=decision)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


YES, NO = Verb.APPROVE, Verb.REJECT


def test_where_the_bar_is_met_one_line_is_written(shop: Shop) -> None:
    shop.observed(YES, YES, YES)

    done = shop.run("promote", "small", "--yes")

    assert done.exit_code == 0, done.stdout
    assert shop.file.read_text(encoding="utf-8") == POLICY.replace("mode: observe ", "mode: enforce ")
    assert (
        "met      compared   at least 3 actions that it would have approved, for every kind: 3: 3 agreed"
        in done.stdout
    )
    assert (
        "small.yaml:6\n- mode: observe      # until we trust it\n+ mode: enforce      # until" in done.stdout
    )
    assert (
        f"written, and not committed: an agent that reads `{shop.policies}` takes it up within 10 s"
        in done.stdout
    )
    (told,) = shop.told("mode")
    assert told["detail"]["after"].startswith("mode: enforce")
    assert "compared: 3: 3 agreed" in told["detail"]["bar"]
    assert told["actor"] == "person"


def test_a_policy_of_a_base_is_promoted_for_the_tenant_that_is_named(shop: Shop) -> None:
    (shop.policies.parent / "contoso").mkdir()
    with shop.settings.open("a") as file:
        file.write("policies: {base: policies, directory: contoso}\n")
    shop.observed(YES, YES, YES)

    everywhere = shop.run("promote", "small", "--yes")
    here = shop.run("promote", "small", "--tenant", TENANT, "--yes")

    assert everywhere.exit_code == 2
    assert f"name this one with `--tenant {TENANT}`" in everywhere.output
    assert here.exit_code == 0, here.output
    part = "mode: {enforce: {tenants: [" + TENANT.lower() + "]}}"
    assert shop.file.read_text(encoding="utf-8") == POLICY.replace("mode: observe ", f"{part} ")
    assert f"an agent that reads `{shop.policies}` takes it up" in here.output


def test_what_is_missing_is_said_and_nothing_is_written(shop: Shop) -> None:
    shop.observed(YES, YES)

    done = shop.run("promote", "small", "--yes")

    assert done.exit_code == 1
    assert "missing: 1 more that people decide" in done.stdout
    assert "not met: nothing was written" in done.stdout
    assert shop.file.read_text(encoding="utf-8") == POLICY
    assert shop.told("mode") == []


def test_a_looser_one_is_named(shop: Shop) -> None:
    shop.observed(YES, YES, YES, NO)

    done = shop.run("promote", "small", "--yes")

    assert done.exit_code == 1
    assert "looser     at most 0 that people rejected: 1" in done.stdout
    assert (
        f"missing: look at `air-agent show {_observed(f'{CLUSTER}33', CLUSTER, 3).action.id[:8]}`"
        in done.stdout
    )


@pytest.mark.parametrize(("typed", "mode"), [("yes\n", "enforce"), ("y\n", "observe"), ("", "observe")])
def test_it_asks_first(shop: Shop, typed: str, mode: str) -> None:
    shop.observed(YES, YES, YES)

    done = shop.run("promote", "small", typed=typed)

    assert (shop.policy.mode, done.exit_code) == (mode, 0 if mode == "enforce" else 1)
    assert "type yes to write this line: " in done.stdout


def test_one_kind_is_promoted_by_its_own_evidence_and_a_second_promotion_widens_it(shop: Shop) -> None:
    shop.observed(YES, YES, YES, kind=MESSAGE)
    first = shop.run("promote", "small", "--kind", "softDeleteCluster", "--yes")
    second = shop.run("promote", "small", "--kind", "softDeleteMessage", "--yes")
    narrowed = shop.file.read_text(encoding="utf-8")
    shop.observed(YES, YES, YES, kind=CLUSTER)
    third = shop.run("promote", "small", "--yes")

    assert [one.exit_code for one in (first, second, third)] == [1, 0, 0]
    assert "mode: {enforce: {kinds: [softDeleteMessage]}}      # until we trust it\n" in narrowed
    assert shop.file.read_text(encoding="utf-8") == POLICY.replace("mode: observe ", "mode: enforce ")


def test_one_tenant_is_promoted_by_its_own_ledger(shop: Shop) -> None:
    shop.observed(YES, YES, YES)
    other = "99999999-2222-3333-4444-555555555555"

    theirs = shop.run("promote", "small", "--tenant", other, "--yes")
    ours = shop.run("promote", "small", "--tenant", TENANT.upper(), "--yes")

    assert (theirs.exit_code, ours.exit_code) == (1, 0)
    assert f"mode: {{enforce: {{tenants: [{TENANT}]}}}} " in shop.file.read_text(encoding="utf-8")


def test_for_two_tenants_the_ledger_of_one_does_not_speak(shop: Shop) -> None:
    shop.observed(YES, YES, YES)
    other = "99999999-2222-3333-4444-555555555555"

    both = shop.run("promote", "small", "--tenant", TENANT, "--tenant", other, "--yes")

    assert both.exit_code == 1
    assert "missing: 3 more that people decide" in both.stdout
    assert shop.file.read_text(encoding="utf-8") == POLICY


def test_what_was_decided_by_an_earlier_text_of_it_does_not_count(shop: Shop) -> None:
    shop.observed(YES, YES, YES, days=3)
    shop.file.write_text(POLICY.replace("200", "100"), encoding="utf-8")
    never = shop.run("promote", "small", "--yes")
    shop.in_ledger(lambda ledger: shop.keep(ledger, days=2))
    later = shop.run("promote", "small", "--yes")

    assert "this text of the policy never was in force here" in never.stdout
    assert "missing: 5 days more" in later.stdout
    assert "0 agreed" in later.stdout
    assert (never.exit_code, later.exit_code) == (1, 1)


def test_comments_and_its_mode_are_no_other_text(shop: Shop) -> None:
    shop.observed(YES, YES, YES, days=3)
    shop.file.write_text(POLICY.replace("# who owns it: the desk\n", ""), encoding="utf-8")

    assert shop.run("promote", "small", "--yes").exit_code == 0


@pytest.mark.parametrize(("days", "code"), [(6.9, 1), (7, 0)])
def test_it_is_observed_for_so_long(shop: Shop, days: float, code: int) -> None:
    shop.observed(YES, YES, YES, days=3)
    shop.file.write_text(POLICY.replace("200", "150"), encoding="utf-8")
    shop.in_ledger(lambda ledger: shop.keep(ledger, days=days))

    assert shop.run("promote", "small", "--yes").exit_code == code


def test_a_case_that_does_not_hold_is_missing(shop: Shop) -> None:
    shop.observed(YES, YES, YES)
    cases = CASES.replace("decision: escalate", "decision: reject")
    (shop.policies / "small.cases.yaml").write_text(cases, encoding="utf-8")

    done = shop.run("promote", "small", "--yes")

    assert done.exit_code == 1
    assert "missing  cases" in done.stdout
    assert "missing  check" in done.stdout


@pytest.mark.parametrize(("most", "code"), [(500, 0), (100, 1)])
def test_a_claim_that_is_not_proved_is_missing(shop: Shop, most: int, code: int) -> None:
    pytest.importorskip("z3")
    shop.observed(YES, YES, YES)
    (shop.policies / "small.proofs.yaml").write_text(
        "proofs: small\nnever:\n  - claim: nothing large goes\n    decide: approve\n    kinds: [softDeleteMessage]\n"
        f"    when: {{recipients.count: {{above: {most}}}}}\n",
        encoding="utf-8",
    )

    done = shop.run("promote", "small", "--yes")

    assert done.exit_code == code, done.stdout
    assert ("nothing large goes: refuted" in done.stdout) is bool(code)


def test_as_json_it_says_everything_and_asks_beside(shop: Shop) -> None:
    shop.observed(YES, YES, YES, NO)

    refused = shop.run("promote", "small", "--json", "--yes")
    shop.settings.write_text(
        f"tenant: {{id: {TENANT}}}\npromote: {{actions: 4, looser: 1}}\n", encoding="utf-8"
    )
    done = shop.run("promote", "small", "--json", "--yes")

    told = json.loads(refused.stdout)
    assert (told["is_met"], told["is_written"], refused.exit_code) == (False, False, 1)
    assert [line["name"] for line in told["bar"] if line["missing"]] == ["looser"]
    assert json.loads(done.stdout)["is_written"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("promote", "smal"), "there is no policy `smal`: did you mean `small`?"),
        (("promote", "small", "--kind", "softDelete"), "`--kind softDelete` is not a kind of pending action"),
        (("promote", "small", "--kind", "blockUrl"), "`small` is not for `blockUrl`"),
        (("promote", "small", "--tenant", "contoso"), "`--tenant contoso` is not the id of a tenant"),
        (("reinstate", "small", "--reason", " "), "the reason is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused(shop: Shop, arguments: tuple[str, ...], words: str) -> None:
    done = shop.run(*arguments)

    assert done.exit_code == 2
    assert words in done.stderr


def test_a_file_that_is_read_only_is_left_alone(shop: Shop) -> None:
    shop.observed(YES, YES, YES)
    shop.file.chmod(0o444)

    done = shop.run("promote", "small", "--yes")

    assert (done.exit_code, shop.policy.mode) == (2, "observe")
    assert "is read-only: change it where it is from" in done.stderr
    assert shop.told("mode") == []


def test_a_file_that_changes_while_somebody_thinks_is_left_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.observed(YES, YES, YES)

    def think(*_: object) -> bool:
        shop.file.write_text(POLICY.replace("200", "2000"), encoding="utf-8")
        return True

    monkeypatch.setattr(promoting, "is_typed", think)
    done = shop.run("promote", "small")

    assert done.exit_code == 2
    assert "was changed meanwhile: nothing was written" in done.stderr
    assert "2000" in shop.file.read_text(encoding="utf-8")
    assert [one["detail"]["bar"] for one in shop.told("mode")][
        -1
    ] == "it could not be written: it says what it said"


def test_what_enforces_already_is_left_alone(shop: Shop) -> None:
    shop.observed(YES, YES, YES)
    shop.run("promote", "small", "--yes")

    again = shop.run("promote", "small", "--yes")

    assert again.exit_code == 0
    assert "it enforces for every kind already: nothing is to be written" in again.stdout


def test_demote_writes_that_it_observes_and_asks_nothing(shop: Shop) -> None:
    shop.file.write_text(POLICY.replace("mode: observe", "mode: enforce"), encoding="utf-8")

    first, second = shop.run("demote", "small"), shop.run("demote", "small")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert shop.file.read_text(encoding="utf-8") == POLICY
    assert "`small` observes already: nothing was written" in second.stdout
    assert len(shop.told("mode")) == 1


@pytest.mark.parametrize(("mode", "is_said"), [("enforce", True), ("observe", False)])
def test_demote_names_what_enforces_and_was_overruled_by_it(shop: Shop, mode: str, is_said: bool) -> None:
    """A demotion makes an agent careful, but for policies that this one kept from approving."""
    shop.file.write_text(POLICY.replace("mode: observe", f"mode: {mode}"), encoding="utf-8")
    above = policy_file(name="vip", decide="escalate", more="priority: 1")
    (shop.policies / "vip.yaml").write_bytes(above)

    done = shop.run("demote", "vip")

    assert done.exit_code == 0
    assert ("mind: `small` enforces, and is not overruled by it any more" in done.stdout) is is_said


def test_what_fell_back_has_to_be_mended_and_observed_anew(shop: Shop) -> None:
    shop.file.write_text(POLICY.replace("mode: observe", "mode: enforce"), encoding="utf-8")
    shop.observed(YES, YES, YES, days=5)
    shop.fell_back(days=4)

    unmended = shop.run("promote", "small", "--yes")
    shop.file.write_text(POLICY.replace("200", "20"), encoding="utf-8")
    shop.in_ledger(lambda ledger: shop.keep(ledger, days=3.5))
    unobserved = shop.run("promote", "small", "--yes")
    shop.clock.advance(4 * DAY)
    shop.in_ledger(lambda ledger: ledger.beat(Replica(name="agent", alive=shop.clock.now())))
    shop.observed(YES, YES, YES, days=1)
    done = shop.run("promote", "small", "--yes")

    assert "fell back to observe since 2026-10-29" in unmended.stdout
    assert "missing: change what was wrong with it, or `air-agent policy reinstate small`" in unmended.stdout
    assert "mended" not in unobserved.stdout
    assert "0 agreed" in unobserved.stdout
    assert (unmended.exit_code, unobserved.exit_code, done.exit_code) == (1, 1, 0), done.stdout
    assert shop.fallbacks() == []
    assert shop.policy.mode == "enforce"
    assert len(shop.told("reinstated")) == 1


def test_what_fell_back_does_not_count_again_for_more_than_was_shown(shop: Shop) -> None:
    changed = POLICY.replace("200", "20")
    shop.file.write_text(changed.replace("mode: observe", "mode: enforce"), encoding="utf-8")
    shop.in_ledger(lambda ledger: shop.keep(ledger, days=7.5))
    shop.fell_back(days=7.4)
    shop.file.write_text(changed.replace("20}", "30}").replace("mode: observe", "mode: enforce"), "utf-8")
    shop.in_ledger(lambda ledger: shop.keep(ledger, days=7.3))
    shop.observed(YES, YES, YES, kind=MESSAGE)

    of_all = shop.run("promote", "small", "--kind", "softDeleteMessage", "--yes")
    stands = shop.fallbacks()
    shop.run("demote", "small")
    of_one = shop.run("promote", "small", "--kind", "softDeleteMessage", "--yes")

    assert (of_all.exit_code, of_one.exit_code) == (2, 0)
    assert "promote it for all of that, or run `air-agent policy demote small` first" in of_all.stderr
    assert len(stands) == 1
    assert shop.fallbacks() == []
    assert shop.policy.part.kinds == frozenset({MESSAGE})


def test_reinstate_ends_a_fallback_and_is_told_to_the_audit(shop: Shop) -> None:
    shop.fell_back()

    first = shop.run("reinstate", "small", "--reason", "it was one newsletter")
    second = shop.run("reinstate", "small", "--reason", "again")

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "`small` counts again as its file says" in first.stdout
    assert "`small` did not fall back: nothing was changed" in second.stdout
    assert shop.fallbacks() == []
    assert len(shop.told("reinstated")) == 1


def test_a_policy_that_rejects_what_people_approve_is_not_promoted(shop: Shop) -> None:
    rejects = POLICY.replace("decide: approve\nlimits: {actions: 20/h}", "decide: reject")
    shop.file.write_text(rejects, encoding="utf-8")
    (shop.policies / "small.cases.yaml").write_text(CASES.replace("decision: approve", "decision: reject"))
    shop.in_ledger(lambda ledger: shop.keep(ledger, days=7.5))
    shop.observed(NO, NO, NO, YES, shadow=NO)

    done = shop.run("promote", "small", "--yes")

    assert done.exit_code == 1
    assert "missing  stricter   at most 0 that people approved: 1" in done.stdout
    assert done.stdout.count("missing  ") == 1
    assert shop.file.read_text(encoding="utf-8") == rejects
