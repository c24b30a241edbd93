"""The shipped policies keep what is claimed of them, and a set that was tampered with does not."""

from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from agent.adapters.host import PolicyFiles
from agent.judge.compile import Judge, compile_set
from agent.judge.decide import decide
from agent.judge.parse import parse_set
from agent.judge.proof.gathering import gathered
from agent.judge.proof.prove import OfKind
from agent.judge.proof.reading import parse_proofs
from agent.judge.proof.ruling import deciders
from agent.judge.proof.space import Space
from agent.judge.proof.unknowns import Several, Unknown
from agent.judge.situations import USUAL_NOW, action_of, parse_situation, situation_yaml
from agent.judge.truth import Here, holds
from agent.model.decision import Decision, Match, Verb
from agent.model.facts import Facts, Value
from agent.model.pending import ActionKind
from agent.model.proof import Claim, Form, Outcome, Report
from agent.model.situation import Situation
from tests.judge.proof.proving import report

ROOT = Path(__file__).parents[3] / "policies"
FILES = {Path(file).relative_to(ROOT).as_posix(): data for file, data in PolicyFiles(ROOT).files().items()}
CLAIMS = [claim for each in parse_proofs(FILES) for claim in each.claims]

VIP = "nobody on the VIP list loses mail without a person"
PARTNER = "mail of a partner that passes DMARC is never deleted without a person"
INSIDE = "a cluster with mail from inside or to the outside is never deleted without a person"
VERDICT = "nothing is approved where Defender gave no verdict"
MALICIOUS = "mail is deleted only where its verdict is malicious"
MANY = "nothing is deleted from more than 500 mailboxes, or from nobody knows how many"
LIKE = "a cluster built on likeness alone is deleted only from 50 mailboxes or fewer"
REGISTER = "forwarding that is on the register is never turned off"
AGREED = "no two policies that decide say approve and reject"
COVERED = "every action gets a policy that is named"

FILE_CLUSTERS, URL_CLUSTERS = "malicious-file-clusters.yaml", "malicious-url-clusters.yaml"
MESSAGES, SIMILAR, VIPS = (
    "single-malicious-messages.yaml",
    "similarity-clusters-small.yaml",
    "vip-recipients.yaml",
)
FORWARDING, DELEGATION = "unapproved-forwarding.yaml", "mailbox-delegation.yaml"
NO_VIP = (
    VIPS,
    "match:\n  recipients: {anyIn: $vip}",
    "match:\n  recipients: {contains: nobody@contoso.example}",
)

Change = tuple[str, str, str]
"""A file, what stands in it, and what is written for it."""

PLANTED: Mapping[str, tuple[str, tuple[Change, ...]]] = {
    "an unless for the VIP list taken out": (
        VIP,
        (
            NO_VIP,
            (MESSAGES, "  - recipients: {anyIn: $vip}\n", ""),
        ),
    ),
    "a VIP taken out of a list": (
        VIP,
        (
            NO_VIP,
            (FILE_CLUSTERS, "- recipients: {anyIn: $vip}", "- recipients: {anyIn: [ceo@contoso.example]}"),
        ),
    ),
    "any turned to all": (
        PARTNER,
        (
            (
                URL_CLUSTERS,
                "{any: {sender.domain: {domainIn: $partners}",
                "{all: {sender.domain: {domainIn: $partners}",
            ),
        ),
    ),
    "a subdomain forgotten": (
        PARTNER,
        ((MESSAGES, "{sender.domain: {domainIn: $partners}", "{sender.domain: {in: $partners}"),),
    ),
    "directions not asked for": (
        INSIDE,
        ((FILE_CLUSTERS, "  - directions: {anyIn: [intraOrg, outbound]}\n", ""),),
    ),
    "a direction left out": (INSIDE, ((SIMILAR, "[intraOrg, outbound]", "[intraOrg]"),)),
    "a verdict not asked for": (
        VERDICT,
        ((FORWARDING, "  evidence.verdict: {in: [malicious, suspicious]}\n", ""),),
    ),
    "a verdict widened": (
        MALICIOUS,
        ((MESSAGES, "evidence.verdict: malicious", "evidence.verdict: {in: [malicious, suspicious]}"),),
    ),
    "a ceiling raised by one": (MANY, ((FILE_CLUSTERS, "{atMost: 500}", "{atMost: 501}"),)),
    "a ceiling taken out": (MANY, ((FILE_CLUSTERS, "  cluster.mailboxCount: {atMost: 500}\n", ""),)),
    "a ceiling for likeness raised": (LIKE, ((SIMILAR, "{atMost: 50}", "{below: 52}"),)),
    "the register not asked for": (
        REGISTER,
        ((FORWARDING, "  mailbox.address: {notIn: $approved-forwarding}\n", ""),),
    ),
    "two policies that say otherwise": (
        AGREED,
        ((FORWARDING, "  mailbox.address: {notIn: $approved-forwarding}\n", ""),),
    ),
    "a signer that is no longer looked at": (
        "a file that we signed ourselves is never quarantined",
        (
            (
                "device-files.yaml",
                "{file.signer: {in: $trusted-signers}}",
                "{file.signer: {in: [Contoso Ltd]}}",
            ),
        ),
    ),
    "a policy that no longer takes all": (
        COVERED,
        ((DELEGATION, "mailDelegation", "mailDelegation\n  alert.severity: high"),),
    ),
    "a kind that has no call in Graph": (
        "what Graph has no call for is never approved",
        (
            (FILE_CLUSTERS, "for: [softDeleteCluster]", "for: [softDeleteCluster]"),
            (DELEGATION, "decide: escalate", "decide: approve"),
        ),
    ),
    "a simulation that comes before a VIP": (
        "mail to the VIP list goes to a person, whatever the other policies say",
        ((VIPS, "priority: 100", "priority: 50"),),
    ),
}


def changed(*changes: Change) -> Mapping[str, bytes]:
    found = dict(FILES)
    for file, old, new in changes:
        assert old.encode() in found[file]
        found[file] = found[file].replace(old.encode(), new.encode())
    found[DELEGATION] = found[DELEGATION].replace(b"escalation: identity-on-call\n", b"")
    return found


@pytest.fixture(scope="module")
def shipped() -> Report:
    return report(FILES)


def test_every_claim_is_proved(shipped: Report) -> None:
    assert len(shipped.proofs) == len(CLAIMS) + 1
    assert [each.claim.name for each in shipped.proofs if each.outcome is not Outcome.PROVED] == []


def test_what_is_not_covered_has_an_action_that_no_policy_is_named_for(shipped: Report) -> None:
    judge = compile_set(parse_set(FILES))
    for part in shipped.coverage:
        if part.kind is ActionKind.REMOVE_DELEGATION:
            assert part.outcome is Outcome.PROVED
            continue
        assert part.example is not None
        decision = decided(judge, part.example.situation)
        assert (decision.verb, decision.policies) == (Verb.ESCALATE, ())


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_found_with_an_example_that_the_judge_confirms(name: str) -> None:
    claim, changes = PLANTED[name]
    policies = parse_set(changed(*changes))
    ours = next(each for each in CLAIMS if each.name == claim)

    parts = [OfKind(kind, policies, [ours], None, within=20).part(ours) for kind in ours.kinds]

    refuted = [part for part in parts if part.outcome is Outcome.REFUTED]
    assert refuted
    assert {part.outcome for part in parts} <= {Outcome.REFUTED, Outcome.PROVED}
    for part in refuted:
        assert part.example is not None
        one = parse_situation("example.yaml", situation_yaml(part.example.situation).encode())
        assert one == part.example.situation
        assert is_otherwise(ours, one, decided(compile_set(policies), one))


def decided(judge: Judge, one: Situation) -> Decision:
    return decide(judge, action_of(one, "x"), one.facts, evidence="", enforces_observers=True, version="")


def is_otherwise(claim: Claim, one: Situation, decision: Decision) -> bool:
    """Whether the judge decides otherwise than is claimed, said once more without the solver's code."""
    when = None if claim.when is None else holds(claim.when, Here(facts=one.facts, values=one.facts.values))
    is_so = claim.when is None or when is True
    match claim.form:
        case Form.NEVER:
            return decision.verb is claim.verb and is_so
        case Form.ALWAYS:
            return decision.verb is not claim.verb and is_so
        case Form.ONLY:
            return decision.verb is claim.verb and when is not True
        case Form.COVERED:
            return not decision.policies
        case Form.AGREED:
            deciding = [each for each in decision.findings if each.policy in decision.policies]
            verbs = {each.verb for each in deciding if each.answer is Match.MATCHED}
            return verbs >= {Verb.APPROVE, Verb.REJECT}
        case _:
            raise AssertionError(claim.form)


def test_what_is_proved_survives_two_thousand_situations_at_random() -> None:
    chance = Random(20260824)
    policies = parse_set(FILES)
    judge = compile_set(policies)
    verbs: list[Verb] = []
    for kind in (
        ActionKind.SOFT_DELETE_CLUSTER,
        ActionKind.SOFT_DELETE_MESSAGE,
        ActionKind.DISABLE_FORWARDING,
    ):
        whens = [claim.when for claim in CLAIMS if claim.when is not None and kind in claim.kinds]
        space = Space(kind, gathered(deciders(policies.policies, kind), whens))
        for _ in range(700):
            one = at_random(chance, space)
            decision = decided(judge, one)
            verbs.append(decision.verb)
            ours = (claim for claim in CLAIMS if kind in claim.kinds)
            assert [claim.name for claim in ours if is_otherwise(claim, one, decision)] == []
    assert len(verbs) > 2_000
    assert verbs.count(Verb.APPROVE) > 50
    assert verbs.count(Verb.REJECT) > 20


def at_random(chance: Random, space: Space) -> Situation:
    messages = (
        [values(chance, space.slots[0].values) for _ in range(chance.randrange(4))] if space.slots else None
    )
    return Situation(
        kind=space.kind,
        facts=Facts(
            now=chance.choice(space.when.instants).now,
            values=values(chance, space.action),
            messages=tuple(messages) if messages else None,
            messages_complete=not space.has_messages or chance.random() < 0.8,
        ),
    )


def values(chance: Random, unknowns: Mapping[str, Unknown]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, one in unknowns.items():
        if chance.random() < 0.05:
            continue
        pool = [value for each in one.classes.classes for value in each.found.values()]
        if isinstance(one, Several):
            found[name] = frozenset(chance.sample(pool, chance.randrange(min(3, len(pool)) + 1)))  # type: ignore[arg-type]
            continue
        value = pool[0] if chance.random() < 0.5 else chance.choice(pool)
        found[name] = USUAL_NOW - value if hasattr(value, "total_seconds") else value  # type: ignore[operator,assignment]
    return found
