"""What a draft may go by: what was known, of senders that are who they say."""

from typing import Any

import msgspec
import pytest

from agent.model.decision import Verb
from tests.decided import a_row, some_facts
from tests.judge.suggest.scenes import a_judge, one_seen


def test_a_sender_counts_where_dmarc_or_composite_authentication_passed() -> None:
    dmarc = one_seen(some_facts(a_row()))
    composite = one_seen(some_facts(a_row(dmarc="fail", **{"auth.composite": "pass"})))

    assert dmarc.domains == composite.domains == frozenset({"harvest.example"})
    assert (dmarc.is_dmarc, composite.is_dmarc) == (True, False)


@pytest.mark.parametrize("forged", [a_row(dmarc="fail"), a_row(dmarc="none"), {"sender.domain": "a.example"}])
def test_a_forged_sender_is_none(forged: dict[str, str]) -> None:
    found = one_seen(some_facts(a_row(), forged))

    assert found.domains is None
    assert found.claimed == {"harvest.example"}


@pytest.mark.parametrize(
    "domain",
    [
        "$vip",
        "x\ny.example",
        "a b.example",
        "nothing",
        "",
        "a..example",
        ".example",
        "x:y.example",
        "\u202ea.b",
        "a" * 254 + ".b",
    ],
)
def test_what_is_no_plain_domain_is_no_sender(domain: str) -> None:
    found = one_seen(some_facts(a_row(domain)))

    assert (found.domains, found.claimed) == (None, frozenset())


def test_domains_are_compared_as_dns_compares_them() -> None:
    assert one_seen(some_facts(a_row("XN--MNCHEN-3YA.Example."))).domains == frozenset({"münchen.example"})


@pytest.mark.parametrize(
    "gone", ["evidence__verdict", "cluster__by", "cluster__mailboxCount", "recipients__count"]
)
def test_it_is_whole_where_all_is_known_that_a_draft_goes_by(gone: str) -> None:
    assert one_seen(some_facts()).is_whole
    absent: dict[str, Any] = {gone: None}
    assert not one_seen(some_facts(**absent)).is_whole


def test_where_messages_are_missing_nothing_is_known_of_all_of_them() -> None:
    found = one_seen(msgspec.structs.replace(some_facts(), messages_complete=False))

    assert (found.is_whole, found.domains, dict(found.sizes)) == (False, None, {})


@pytest.mark.parametrize("word", ["evil", 'malicious"\nmode: enforce', ""])
def test_a_verdict_that_this_version_does_not_know_is_none(word: str) -> None:
    assert one_seen(some_facts(evidence__verdict=word)).verdict is None


def test_words_of_which_one_is_not_known_are_none() -> None:
    known = one_seen(some_facts())
    odd = one_seen(some_facts(threats=frozenset({"phish", "x"})))

    assert known.words["threats"] == {"phish"}
    assert "threats" not in odd.words


def test_what_a_policy_settles_is_not_open() -> None:
    small, large = one_seen(some_facts(size=999)), one_seen(some_facts(size=1000))

    assert (small.is_open, small.is_covered) == (True, False)
    assert (large.is_open, large.policies) == (False, ("present",))


def test_what_a_policy_decides_as_people_did_is_covered_also_while_it_observes() -> None:
    judge = a_judge(
        "policy: more\ndescription: It is.\nowner: soc@contoso.org\nfor: [softDeleteCluster]\n"
        "match: {evidence.verdict: malicious}\ndecide: approve\nlimits: {actions: 1/h}\n"
    )

    found = one_seen(some_facts(), judge)

    assert (found.is_covered, found.verb, found.policies) == (True, Verb.APPROVE, ("more",))
