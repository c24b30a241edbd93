"""An explanation names the rule, sorts the policies by what they had to do with it, and tells what would have changed it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from agent.judge.account import Account
from agent.judge.compile import compile_set
from agent.judge.parse import parse_set
from agent.model.decision import Rule, Verb
from agent.model.explanation import Bearing, Because, Explanation, Flips, Leaf
from agent.model.facts import Facts, Value
from tests.judge.writing import NOW, an_action, chains_of, facts, list_file, policy_file

SMALL = policy_file("cluster.mailboxCount: {atMost: 200}", name="small")
SEEN = facts({"cluster.mailboxCount": 12, "cluster.by": "url", "evidence.verdict": "malicious"})
VIP = list_file("vip", "ceo@contoso.example", "cfo@contoso.example")


def explained(
    *policies: bytes,
    seen: Facts = SEEN,
    lists: Mapping[str, bytes] | None = None,
    enforces_observers: bool = False,
    to: Sequence[Verb] = tuple(Verb),
    deadline: timedelta = timedelta(days=6),
    tenant: str = "11111111-2222-3333-4444-555555555555",
) -> Explanation:
    files = {f"policies/{at}.yaml": data for at, data in enumerate(policies)}
    files |= {**chains_of(*policies), **(lists or {})}
    found = parse_set(files)
    action = an_action(deadline=NOW + deadline, tenant=tenant)
    account = Account(compile_set(found), action, seen, enforces_observers=enforces_observers)
    return account.explanation(to)


def to(verb: Verb, explanation: Explanation) -> Flips:
    (found,) = (one for one in explanation.flips if one.verb is verb)
    return found


# The rule


@pytest.mark.parametrize(
    ("policies", "seen", "rule", "words"),
    [
        (
            (SMALL,),
            SEEN,
            Rule.AGREED,
            "the highest priority that matches is 0: `small` is the only policy there, and says approve",
        ),
        (
            (
                policy_file(name="a", decide="escalate", more="priority: 50"),
                policy_file(name="b", decide="escalate", more="priority: 50"),
                SMALL,
            ),
            SEEN,
            Rule.AGREED,
            "the highest priority that matches is 50: all 2 policies there say escalate",
        ),
        (
            (SMALL, policy_file(name="b", decide="reject")),
            SEEN,
            Rule.DISAGREED,
            "policies of priority 0 disagree: `b` rejects, `small` approves: a person decides",
        ),
        (
            (SMALL, policy_file("alert.severity: low", name="b", more="priority: 7")),
            SEEN,
            Rule.UNDECIDED,
            "the highest priority that matches is 0, and at it or above `b` (priority 7) cannot tell: a person decides",
        ),
        (
            (policy_file("alert.severity: low", name="b"),),
            SEEN,
            Rule.UNDECIDED,
            "no policy matched, and `b` (priority 0) cannot tell and might: a person decides",
        ),
        (
            (policy_file("cluster.by: file"),),
            SEEN,
            Rule.UNMATCHED,
            "the one policy that counts did not match: a person decides",
        ),
        (
            (policy_file("cluster.by: file"), policy_file("cluster.by: file", name="q")),
            SEEN,
            Rule.UNMATCHED,
            "no policy matched of the 2 that count: a person decides",
        ),
        (
            (policy_file(mode="observe"),),
            SEEN,
            Rule.UNMATCHED,
            "only observing policies are for it, and they do not count: a person decides",
        ),
        (
            (policy_file("url.host: x.example", kinds="blockUrl"),),
            SEEN,
            Rule.UNMATCHED,
            "no policy is for `softDeleteCluster`: a person decides",
        ),
    ],
)
def test_the_rule_that_decided_is_named(
    policies: Sequence[bytes], seen: Facts, rule: Rule, words: str
) -> None:
    found = explained(*policies, seen=seen)

    assert (found.rule, found.rule_words) == (rule, words)


@pytest.mark.parametrize(("left", "rule"), [(timedelta(0), Rule.OVER), (timedelta(seconds=1), Rule.AGREED)])
def test_an_approval_at_the_deadline_is_over(left: timedelta, rule: Rule) -> None:
    found = explained(SMALL, deadline=left)

    assert found.rule is rule
    assert (found.verb is Verb.ESCALATE) == (rule is Rule.OVER)


def test_before_the_week_was_over_it_would_have_been_approved() -> None:
    found = explained(SMALL, deadline=timedelta(days=-1))

    assert to(Verb.APPROVE, found).words == (
        "had it been judged before its week was over, on 2026-08-23 09:00:00Z, it would have been approved by `small`"
    )


# The policies


def test_policies_stand_by_what_they_had_to_do_with_the_decision() -> None:
    found = explained(
        policy_file("cluster.by: file\nalert.title: x", name="far"),
        policy_file("cluster.by: url", name="outranked", decide="reject", more="priority: -1"),
        policy_file("cluster.by: url", name="informs", decide="", more="inform: desk"),
        policy_file("cluster.by: url", name="watches", mode="observe"),
        SMALL,
    )

    assert [(one.policy, one.bearing) for one in found.policies] == [
        ("small", Bearing.DECIDED),
        ("watches", Bearing.SHADOW),
        ("outranked", Bearing.OUTRANKED),
        ("informs", Bearing.INFORMED),
        ("far", Bearing.APART),
    ]
    assert found.policies[-1].in_the_way[0].startswith("`cluster.by` is url, file asked")
    assert found.policies[3].priority is None


def test_where_none_matched_the_nearest_comes_first() -> None:
    found = explained(
        policy_file("cluster.by: file\ncluster.mailboxCount: {above: 50}", name="far"),
        policy_file("cluster.by: file\nevidence.verdict: malicious", name="near"),
    )

    assert [(one.policy, one.bearing) for one in found.policies] == [
        ("near", Bearing.NEAREST),
        ("far", Bearing.APART),
    ]


def test_policies_that_do_not_apply_say_why_and_others_are_counted() -> None:
    found = explained(
        SMALL,
        policy_file(name="theirs", more="tenants: [99999999-2222-3333-4444-555555555555]"),
        policy_file(name="old", more="expires: 2026-08-23"),
        policy_file("url.host: x.example", kinds="blockUrl", name="other"),
    )

    assert [(one.policy, one.because) for one in found.aside] == [
        ("old", Because.EXPIRED),
        ("theirs", Because.TENANT),
    ]
    assert found.aside[0].words == "it expired on 2026-08-24 00:00:00Z"
    assert found.other_kinds == 1


def test_what_observing_policies_would_have_decided_is_told() -> None:
    watching = policy_file(name="watching", decide="reject", mode="observe")

    found = explained(SMALL, watching)
    counted = explained(SMALL, watching, enforces_observers=True)

    assert found.shadow is not None
    assert (found.verb, found.shadow.verb) == (Verb.APPROVE, Verb.ESCALATE)
    assert (counted.verb, counted.rule, counted.shadow) == (Verb.ESCALATE, Rule.DISAGREED, None)


def test_a_policy_that_fails_says_so_and_hides_nothing_else() -> None:
    found = parse_set(
        {"policies/p.yaml": SMALL, "policies/q.yaml": policy_file("evidence.tags: {anyIn: [a]}", name="q")}
    )
    broken = facts({"cluster.mailboxCount": 12, "evidence.tags": 7})

    explanation = Account(compile_set(found), an_action(), broken, enforces_observers=False).explanation()

    assert explanation.rule is Rule.UNDECIDED
    failed = explanation.policies[0]
    assert (failed.policy, failed.failure) == ("q", "TypeError")
    assert explanation.policies[1].match


# What would have changed it


def words(verb: Verb, *policies: bytes, seen: Mapping[str, Value] | Facts, **more: object) -> str:
    given = seen if isinstance(seen, Facts) else facts(seen)
    return to(verb, explained(*policies, seen=given, **more)).words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            {"cluster.mailboxCount": 201},
            "had `cluster.mailboxCount` been 200 or less, it would have been approved by `small`",
        ),
        (
            {},
            "had `cluster.mailboxCount` been known to be 200 or less, it would have been approved by `small`",
        ),
    ],
)
def test_a_number_is_told_as_a_range(seen: Mapping[str, Value], expected: str) -> None:
    assert words(Verb.APPROVE, SMALL, seen=seen) == expected


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("{above: 1000}", "above 1000"),
        ("{atLeast: 1000}", "1000 or more"),
        ("{below: 10}", "9 or less"),
        ("{between: [30, 40]}", "between 30 and 40"),
        ("{equals: 30}", "30"),
        ("{atMost: 0}", "0"),
        ("{above: 0.5}", "1 or more"),
    ],
)
def test_each_edge_of_a_range_is_where_the_operator_has_it(asked: str, told: str) -> None:
    policy = policy_file(f"cluster.mailboxCount: {asked}", name="small")

    found = words(Verb.APPROVE, policy, seen={})

    assert (
        found == f"had `cluster.mailboxCount` been known to be {told}, it would have been approved by `small`"
    )


def test_a_range_ends_where_another_policy_takes_over() -> None:
    large = policy_file(
        "cluster.mailboxCount: {between: [50, 60]}", name="large", decide="escalate", more="priority: 5"
    )

    found = to(
        Verb.APPROVE,
        explained(
            SMALL,
            large,
            seen=facts({"cluster.mailboxCount": 300}),
        ),
    )

    (change,) = found.flips[0].changes
    assert (change.least, change.most, change.instead) == (61, 200, 200)
    assert "been between 61 and 200" in found.words


@pytest.mark.parametrize(
    ("match", "seen", "told"),
    [
        ("evidence.verdict: malicious", {}, "had `evidence.verdict` been known to be malicious"),
        (
            "evidence.verdict: malicious",
            {"evidence.verdict": "suspicious"},
            "had `evidence.verdict` been malicious",
        ),
        ("cluster.by: {in: [url, file]}", {"cluster.by": "similarity"}, "had `cluster.by` been file or url"),
        (
            "alert.severity: {notIn: [high]}",
            {"alert.severity": "high"},
            "had `alert.severity` been informational, low or medium",
        ),
        (
            "incident.status: {notIn: [active]}",
            {"incident.status": "active"},
            "had `incident.status` been other than active",
        ),
        (
            "alert.title: {notIn: [Drill]}",
            {"alert.title": "Drill"},
            "had `alert.title` been other than Drill",
        ),
        ("alert.title: {contains: url}", {"alert.title": "x"}, "had `alert.title` been url"),
        ("cluster.by: {exists: false}", {"cluster.by": "url"}, "had `cluster.by` not been known"),
        ("evidence.tags: {anyIn: [a]}", {"evidence.tags": frozenset({"b"})}, "with a among `evidence.tags`"),
        (
            "evidence.tags: {noneIn: [a]}",
            {"evidence.tags": frozenset({"a", "b"})},
            "without a among `evidence.tags`",
        ),
        (
            "evidence.tags: {allIn: [a]}",
            {"evidence.tags": frozenset({"b"})},
            "with a instead of b among `evidence.tags`",
        ),
        ("evidence.tags: {anyIn: [a]}", {}, "had `evidence.tags` been known to be a"),
        ("cluster.value: {equals: x}", {"cluster.value": "y"}, "had `cluster.value` been x"),
    ],
)
def test_a_change_is_told_as_a_person_would(match: str, seen: Mapping[str, Value], told: str) -> None:
    found = words(Verb.APPROVE, policy_file(match, name="small"), seen=seen)

    assert found == f"{told}, it would have been approved by `small`"


def test_what_a_list_rules_out_is_told_by_its_member() -> None:
    small = policy_file("cluster.by: url", name="small", unless="- recipients: {anyIn: $vip}")
    recipients = frozenset({"CEO@contoso.example", "anna@contoso.example"})
    seen: Mapping[str, Value] = {"cluster.by": "url", "recipients": recipients}

    assert words(Verb.APPROVE, small, seen=seen, lists=VIP) == (
        "without CEO@contoso.example among `recipients`, it would have been approved by `small`"
    )


def test_one_of_a_list_is_told_by_the_list_where_each_of_it_does() -> None:
    partner = policy_file("mailbox.address: {in: $vip}", name="small", kinds="disableForwarding")
    files = {"policies/p.yaml": partner, **VIP}
    found = parse_set(files)
    action = replace(an_action(), kind=next(iter(found.policies[0].kinds)))

    explanation = Account(
        compile_set(found), action, facts({"mailbox.address": "a@x.example"}), enforces_observers=False
    ).explanation()

    assert "been one of $vip (such as ceo@contoso.example)" in to(Verb.APPROVE, explanation).words


def test_several_facts_are_told_together_and_the_fewest_first() -> None:
    both = policy_file("cluster.by: url\nevidence.verdict: malicious", name="both")
    one = policy_file("cluster.by: file\nalert.severity: low\nevidence.verdict: malicious", name="three")

    found = to(
        Verb.APPROVE, explained(both, one, seen=facts({"cluster.by": "similarity", "alert.severity": "high"}))
    )

    assert found.words == (
        "had `cluster.by` been url and `evidence.verdict` been known to be malicious,"
        " it would have been approved by `both`"
    )
    assert (found.is_smallest, found.searched, len(found.flips)) == (True, 1, 1)


def test_an_opposing_policy_of_the_same_priority_has_to_go_too() -> None:
    opposing = policy_file("evidence.verdict: malicious", name="stop", decide="reject")

    found = words(
        Verb.APPROVE, SMALL, opposing, seen={"cluster.mailboxCount": 300, "evidence.verdict": "malicious"}
    )

    assert found == (
        "had `cluster.mailboxCount` been 200 or less and `evidence.verdict` been noThreatsFound or suspicious,"
        " it would have been approved by `small`"
    )


def test_a_policy_that_cannot_tell_stands_in_the_way_until_it_can() -> None:
    unsure = policy_file("alert.severity: high", name="unsure", decide="escalate", more="priority: 9")

    found = words(Verb.APPROVE, SMALL, unsure, seen={"cluster.mailboxCount": 3})

    assert found == (
        "had `alert.severity` been known to be informational, low or medium,"
        " it would have been approved by `small`"
    )


def test_a_person_would_have_been_asked_where_a_known_fact_is_other_before_where_none_is_known() -> None:
    found = to(Verb.ESCALATE, explained(SMALL))

    assert (
        found.words
        == "had `cluster.mailboxCount` been above 200, it would have gone to a person: no policy matches"
    )
    assert found.is_smallest


def test_a_disagreement_and_an_unsure_policy_are_named_as_why_a_person_would_have_been_asked() -> None:
    reject = policy_file("cluster.by: file", name="stop", decide="reject")
    never = policy_file("cluster.by: {exists: true}", name="go")

    disagreeing = words(Verb.ESCALATE, never, reject, seen={"cluster.by": "url"})
    unsure = words(
        Verb.ESCALATE,
        policy_file("cluster.by: {in: [url, file, similarity]}", name="go"),
        seen={"cluster.by": "url"},
    )

    assert (
        disagreeing == "had `cluster.by` been file, it would have gone to a person: `go` and `stop` disagree"
    )
    assert unsure == "had `cluster.by` not been known, it would have gone to a person: `go` cannot tell"


def test_it_could_have_been_judged_at_another_time() -> None:
    hours = policy_file("moment: {zone: Europe/Madrid, days: mon-fri, hours: 08:00-10:00}", name="early")

    assert words(Verb.APPROVE, hours, seen={}) == (
        "had it been judged inside mon-fri 08:00-10:00 Europe/Madrid (such as mon 2026-08-24 09:59 Europe/Madrid),"
        " it would have been approved by `early`"
    )


def test_what_goes_by_the_week_is_told_as_another_time() -> None:
    old = policy_file("action.firstSeen: {olderThan: 5d}", name="old", decide="reject")
    seen = {"action.firstSeen": NOW - timedelta(days=4)}

    found = words(Verb.REJECT, old, seen=seen)

    assert found.startswith(
        "had it been judged at 2026-08-25 09:01:00Z (`action.firstSeen` is 2026-08-20 09:00:00Z, older than 5d)"
    )


def test_a_policy_that_has_expired_would_have_counted_before() -> None:
    old = policy_file("cluster.by: url", name="old", more="expires: 2026-08-23")

    found = words(Verb.APPROVE, old, seen={"cluster.by": "url"})

    assert found == (
        "had it been judged before `old` expired on 2026-08-24 00:00:00Z, it would have been approved by `old`"
    )


ROWS = tuple(
    {"recipient": f"{name}@contoso.example", "auth.dmarc": dmarc}
    for name, dmarc in (("anna", "fail"), ("ben", "pass"), ("eva", "fail"))
)


def test_one_message_is_told_by_whom_it_went_to_and_all_by_their_number() -> None:
    none = policy_file("messages: {none: {auth.dmarc: pass}}", name="none")
    every = policy_file("messages: {all: {auth.dmarc: pass}}", name="every", decide="reject")
    seen = facts({}, messages=ROWS)

    assert words(Verb.APPROVE, none, every, seen=seen) == (
        "had `auth.dmarc` been other than pass in 1 of 3 messages (that to ben@contoso.example),"
        " it would have been approved by `none`"
    )
    assert words(Verb.REJECT, none, every, seen=seen) == (
        "had `auth.dmarc` been pass in 2 of 3 messages, it would have been rejected by `every`"
    )


def test_a_share_is_reached_by_as_many_messages_as_it_takes() -> None:
    share = policy_file("messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.6}}", name="share")

    found = to(Verb.APPROVE, explained(share, seen=facts({}, messages=ROWS)))

    assert found.flips[0].changes[0].messages == 1
    assert "in 1 of 3 messages" in found.words


def test_messages_that_were_not_found_would_have_had_to_be_looked_up() -> None:
    none = policy_file("messages: {none: {auth.dmarc: pass}}", name="none")

    partly = words(Verb.APPROVE, none, seen=facts({}, messages=ROWS[:1], is_complete=False))
    never = words(Verb.APPROVE, none, seen=facts({}))

    assert partly == (
        "had all messages been looked up (and been as those that are known), it would have been approved by `none`"
    )
    assert never.startswith("had one message been looked up and `auth.dmarc` been known to be")


def test_facts_that_change_with_the_one_that_is_told_are_named() -> None:
    seen = facts(
        {"recipients": frozenset({"ceo@contoso.example", "anna@contoso.example"}), "recipients.count": 2}
    )
    policy = policy_file("recipients.count: {atMost: 5}", name="small", unless="- recipients: {anyIn: $vip}")

    found = to(Verb.APPROVE, explained(policy, seen=seen, lists=VIP))

    assert found.flips[0].follows == ("recipients.count",)


@pytest.mark.parametrize(
    "fact",
    ["action.kind: softDeleteCluster", "evidence.type: mailClusterEvidence", "action.kindSource: hunting"],
)
def test_what_is_not_the_world_s_to_change_is_never_changed(fact: str) -> None:
    found = to(
        Verb.APPROVE, explained(policy_file(fact, name="small"), seen=facts({"evidence.type": "urlEvidence"}))
    )

    assert (found.flips, found.words) == (
        (),
        "no change of up to 4 facts was found that would have led to approve",
    )


def test_where_no_policy_says_so_nothing_is_searched() -> None:
    found = explained(SMALL, policy_file(name="watching", decide="reject", mode="observe"))

    assert to(Verb.REJECT, found).words == (
        "no policy that counts for `softDeleteCluster` says reject; only observing, and not counted: `watching`"
    )
    assert to(Verb.REJECT, found).judgings == 0


def test_what_was_not_tried_is_said_and_nothing_is_claimed_beyond_it() -> None:
    pattern = policy_file("alert.title: {matches: 'in.*oice [0-9]+'}\ncluster.by: url", name="small")

    found = to(Verb.APPROVE, explained(pattern, seen=facts({"cluster.by": "file", "alert.title": "x"})))

    assert found.words == (
        "no change of up to 4 facts was found that would have led to approve; not all was tried: `alert.title`"
    )
    assert not found.is_smallest


def test_more_than_four_facts_are_not_looked_for() -> None:
    names = ("alert.title", "alert.category", "alert.policyId", "incident.displayName", "cluster.value")
    five = policy_file("\n".join(f"{name}: x" for name in names), name="five")

    def found(known: int) -> Flips:
        return to(Verb.APPROVE, explained(five, seen=facts(dict.fromkeys(names[:known], "x"))))

    assert (len(found(1).flips[0].changes), found(1).is_smallest) == (4, True)
    assert (found(0).flips, found(0).searched) == ((), 4)


def test_only_the_decisions_that_are_asked_for_are_searched_for() -> None:
    assert [one.verb for one in explained(SMALL, to=(Verb.ESCALATE,)).flips] == [Verb.ESCALATE]
    assert explained(SMALL, to=(Verb.APPROVE,)).flips == ()


FED = {
    "policies/lists/vip.yaml": (
        b"list: vip\ntype: addresses\nsource: {group: 99999999-2222-3333-4444-555555555555}\nrefresh: 1h\nstale: 6h\n"
    )
}


@pytest.mark.parametrize(("hours", "verb"), [(6, Verb.APPROVE), (7, Verb.ESCALATE)])
def test_a_list_that_is_too_old_would_have_had_to_be_fetched(hours: int, verb: Verb) -> None:
    policy = policy_file("cluster.by: url", name="small", unless="- recipients: {anyIn: $vip}")
    seen = facts(
        {
            "cluster.by": "url",
            "recipients": frozenset({"anna@contoso.example"}),
            "list.vip.refreshed": NOW - timedelta(hours=hours),
        }
    )

    found = explained(policy, seen=seen, lists=FED)

    assert found.verb is verb
    if verb is Verb.ESCALATE:
        assert to(Verb.APPROVE, found).words == (
            "had the list `vip` been fetched in time, and been empty, it would have been approved by `small`"
        )


@pytest.mark.parametrize(("day", "is_named"), [("2026-08-23", False), ("2026-08-24", True)])
def test_an_entry_that_has_ended_stands_in_nobody_s_way(day: str, is_named: bool) -> None:
    policy = policy_file("cluster.by: url", name="small", unless="- recipients: {anyIn: $vip}")
    entry = f"{{value: ceo@contoso.example, expires: {day}, reason: on leave}}"
    seen = facts({"cluster.by": "url", "recipients": frozenset({"ceo@contoso.example"})})

    found = explained(policy, seen=seen, lists=list_file("vip", entry))

    assert (found.verb is Verb.ESCALATE) is is_named
    told = found.policies[0].unless[0]
    assert isinstance(told, Leaf)
    assert [(one.reason, one.is_over) for one in told.entries] == [("on leave", not is_named)]
    if is_named:
        assert "without ceo@contoso.example among `recipients`" in to(Verb.APPROVE, found).words
    else:
        assert "ceo@" not in to(Verb.ESCALATE, found).words
