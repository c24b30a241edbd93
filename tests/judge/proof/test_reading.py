"""Files of proofs: what is read from them, and what is said of what is wrong."""

import pytest

from agent.judge.parse import parse_set
from agent.judge.proof.reading import parse_proofs, problems_of
from agent.model.decision import Verb
from agent.model.errors import PolicyError
from agent.model.pending import ActionKind
from agent.model.policy import Test
from agent.model.proof import Form
from tests.judge.writing import list_file, policy_file

LISTS = list_file("vip", "ceo@contoso.example")

WHOLE = b"""\
proofs: shipped
description: What must never be.
never:
  - claim: nobody loses mail
    decide: approve
    kinds: [softDeleteCluster, softDeleteMessage]
    when: {recipients: {anyIn: $vip}}
  - claim: no URL is blocked
    decide: approve
    kinds: [blockUrl]
always: []
only:
  - claim: only where it is malicious
    decide: approve
    kinds: [quarantineFile]
    when: {evidence.verdict: malicious}
covered: [removeDelegation]
agreed: [softDeleteCluster]
"""


def told(text: str) -> list[str]:
    return [str(each) for each in problems_of({"a.proofs.yaml": text.encode(), **LISTS})]


def test_claims_are_read_with_their_places() -> None:
    (found,) = parse_proofs({"a.proofs.yaml": WHOLE, **LISTS})

    assert (found.name, found.file) == ("shipped", "a.proofs.yaml")
    assert [(each.form, each.name, each.verb, each.mark.line) for each in found.claims] == [
        (Form.NEVER, "nobody loses mail", Verb.APPROVE, 4),
        (Form.NEVER, "no URL is blocked", Verb.APPROVE, 8),
        (Form.ONLY, "only where it is malicious", Verb.APPROVE, 13),
        (Form.COVERED, "every action gets a policy that is named", None, 17),
        (Form.AGREED, "no two policies that decide say approve and reject", None, 18),
    ]
    first = found.claims[0]
    assert first.kinds == (ActionKind.SOFT_DELETE_CLUSTER, ActionKind.SOFT_DELETE_MESSAGE)
    assert isinstance(first.when, Test)
    assert first.when.operand == frozenset({"ceo@contoso.example"})
    assert found.claims[1].when is None


def test_a_file_of_proofs_is_no_policy_and_does_not_change_the_revision() -> None:
    alone = parse_set({"p.yaml": policy_file()})
    beside = parse_set({"p.yaml": policy_file(), "a.proofs.yaml": WHOLE})

    assert beside.revision == alone.revision
    assert len(beside.policies) == 1


HEAD = "proofs: some\n"
CLAIM = "never:\n  - {claim: c, decide: approve, kinds: [softDeleteCluster]}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "1:1: proofs are a mapping with the keys `proofs` and `never`, `always` or `only`"),
        (CLAIM, "1:1: `proofs` is missing: it names what is claimed here"),
        (HEAD, "1:1: nothing is claimed: write a claim under `never`, `always` or `only`"),
        (HEAD + "nevr: []\n" + CLAIM, "2:1: unknown key `nevr`: did you mean `never`?"),
        (HEAD + "never: {}\n", "2:8: a list of claims is asked for: begin each with `- claim: `"),
        (
            HEAD + "never: [x]\n",
            "2:9: a claim is a mapping with the keys `claim`, `decide`, `kinds` and `when`",
        ),
        (HEAD + "never:\n  - {claim: c, kinds: [blockUrl]}\n", "3:5: `decide` is missing"),
        (HEAD + "only:\n  - {claim: c, decide: approve, kinds: [blockUrl]}\n", "3:5: `when` is missing"),
        (
            HEAD + CLAIM.replace("approve", "aprove"),
            "3:24: `aprove` is not a decision: did you mean `approve`?",
        ),
        (
            HEAD + CLAIM.replace("softDeleteCluster", "softDeleteClusters"),
            "3:41: `softDeleteClusters` is not a kind of pending action: did you mean `softDeleteCluster`?",
        ),
        (HEAD + CLAIM.replace("kinds", "kind"), "3:33: unknown key `kind`: did you mean `kinds`?"),
        (
            HEAD + CLAIM + "  - {claim: c, decide: reject, kinds: [blockUrl]}\n",
            "4:13: `c` is claimed already, on line 3",
        ),
        (
            HEAD + CLAIM.replace("]}", "], when: {recipient: {anyIn: $vip}}}"),
            "3:68: `recipient` can be tested only inside `messages`",
        ),
        (
            HEAD + CLAIM.replace("]}", "], when: {recipients: {anyIn: $vips}}}"),
            "3:88: unknown list `$vips`: did you mean `$vip`?",
        ),
        (
            HEAD + "covered: removeDelegation\n",
            "2:10: a list of kinds is asked for, such as `[softDeleteCluster]`",
        ),
        (HEAD + "covered: []\n", "2:10: a list of kinds is asked for, such as `[softDeleteCluster]`"),
        (HEAD + "covered: &a [blockUrl]\n", "2:10: the anchor `&a`: write the value out, or use a list file"),
        (HEAD + "description: ''\n" + CLAIM, "2:14: a description is asked for, and this is empty"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, expected: str) -> None:
    assert f"a.proofs.yaml:{expected}" in told(text)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_proofs(
            {
                "a.proofs.yaml": b"proofs: a\nnever:\n  - {claim: c}\n  - {claim: d}\n",
                "b.proofs.yaml": b"proofs: [\n",
            }
        )

    assert len(caught.value.problems) == 3
