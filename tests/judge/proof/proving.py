"""What a test needs to have something proved: policies and claims as their authors write them."""

from collections.abc import Mapping

from agent.judge.parse import parse_set
from agent.judge.proof.members import files_with_members
from agent.judge.proof.prove import Before, OfKind, prove
from agent.judge.proof.reading import parse_proofs
from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.policy import PolicySet
from agent.model.proof import Example, Outcome, Part, Proof, Report
from tests.judge.writing import chains_of, indent

CLUSTER = ActionKind.SOFT_DELETE_CLUSTER
FILE = "policies/some.proofs.yaml"


def never(
    when: str, *, decide: str = "approve", kinds: str = "softDeleteCluster", form: str = "never"
) -> str:
    body = f"claim: it is so\ndecide: {decide}\nkinds: [{kinds}]\n" + (
        f"when:\n{indent(when)}" if when else ""
    )
    return f"{form}:\n  - " + body.replace("\n", "\n    ").rstrip() + "\n"


def files(
    *policies: bytes, lists: Mapping[str, bytes] | None = None, claims: str = ""
) -> Mapping[str, bytes]:
    found = {f"policies/{at}.yaml": data for at, data in enumerate(policies)}
    found |= {**chains_of(*policies), **(lists or {})}
    return found | ({FILE: f"proofs: some\n{claims}".encode()} if claims else {})


def report(
    found: Mapping[str, bytes], *, before: PolicySet | None = None, within: float = 20, rejects: bool = False
) -> Report:
    found = files_with_members(found, parse_set(found))
    claims = [claim for each in parse_proofs(found) for claim in each.claims]
    verbs = (Verb.APPROVE, Verb.REJECT) if rejects else (Verb.APPROVE,)
    return prove(
        parse_set(found),
        claims,
        before=None if before is None else Before(policies=before, name="the old set", verbs=verbs),
        within=within,
    )


def proof(found: Mapping[str, bytes], *, within: float = 20) -> Proof:
    """Return what becomes of the one claim of the files, and look at nothing else."""
    found = files_with_members(found, parse_set(found))
    (claim,) = (claim for each in parse_proofs(found) for claim in each.claims)
    policies = parse_set(found)
    parts = (OfKind(kind, policies, [claim], None, within=within).part(claim) for kind in claim.kinds)
    return Proof(claim=claim, parts=tuple(parts))


def outcome(claim: str, *policies: bytes, lists: Mapping[str, bytes] | None = None) -> Outcome:
    return proof(files(*policies, lists=lists, claims=claim)).outcome


def example(claim: str, *policies: bytes, lists: Mapping[str, bytes] | None = None) -> Example:
    """Return the example that refutes the claim; there must be one."""
    parts = [part for part in proof(files(*policies, lists=lists, claims=claim)).parts if part.example]
    assert parts, "nothing was refuted"
    found = parts[0].example
    assert found is not None
    return found


def uncovered(found: Report, kind: ActionKind = CLUSTER) -> Part:
    return next(part for part in found.coverage if part.kind is kind)
