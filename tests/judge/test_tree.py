"""A tree says of every clause whether it held, on which value, where that is from, and by which entry of a list."""

from datetime import timedelta
from typing import cast

import pytest
from msgspec.structs import replace

from agent.judge.tree import match_trees, unless_trees
from agent.model.explanation import Branch, Held, Hours, Joint, Leaf, Sample, Tree
from agent.model.facts import Facts, Value
from agent.model.mark import Mark
from agent.model.policy import All, Feed, Fresh, ListEntry, Policy, PolicyList, Test
from tests.judge.writing import NOW, facts, list_file, parsed, policy_file

SEEN = facts({"cluster.by": "url", "recipients": frozenset({"CEO@contoso.example", "anna@contoso.example"})})


def only(match: str, seen: Facts = SEEN, lists: dict[str, bytes] | None = None) -> Tree:
    found = match_trees(parsed(policy_file(match), lists), seen, ())
    assert len(found) == 1
    return found[0]


def leaf(tree: Tree) -> Leaf:
    assert isinstance(tree, Leaf)
    return tree


@pytest.mark.parametrize(
    ("match", "held"),
    [
        ("cluster.by: url", Held.HELD),
        ("cluster.by: file", Held.FAILED),
        ("alert.severity: low", Held.UNKNOWN),
        ("alert.severity: {exists: false}", Held.HELD),
    ],
)
def test_a_test_says_whether_it_held_and_where_its_fact_comes_from(match: str, held: Held) -> None:
    found = leaf(only(match))

    assert found.held is held
    assert found.mark == Mark(7, 3)
    (sight,) = found.seen
    assert sight.source in ("alert: `severity`", "what the cluster is built on, from `clusterBy` and `query`")
    assert (sight.value, bool(sight.unknown)) == (("url", False) if "cluster" in match else (None, True))


@pytest.mark.parametrize(
    ("match", "seen", "why"),
    [
        ("alert.severity: low", facts({}), "or gives a word this version does not know"),
        ("recipients: {anyIn: [a@x.example]}", facts({}), "the messages were not looked up"),
        (
            "recipients: {anyIn: [a@x.example]}",
            facts({}, unresolved="hunting is not granted"),
            "the messages were not looked up: hunting is not granted",
        ),
        ("recipients.count: {atMost: 3}", facts({}, messages=()), "no message was looked up"),
        (
            "recipients: {anyIn: [b@x.example]}",
            facts(
                {"recipients": frozenset({"a@x.example"})},
                messages=({},),
                is_complete=False,
                unresolved="2 not found",
            ),
            "not all messages are known: 2 not found",
        ),
        (
            "evidence.tags: {allIn: [a]}",
            facts({"evidence.tags": frozenset()}),
            "without members nothing is known",
        ),
    ],
)
def test_what_is_unknown_says_why(match: str, seen: Facts, why: str) -> None:
    found = leaf(only(match, seen))

    assert found.held is Held.UNKNOWN
    assert why in found.seen[0].unknown


def test_all_any_and_not_are_branches_and_each_part_says_its_own() -> None:
    found = only("any:\n  - not: {cluster.by: url}\n  - all: [{cluster.by: url}, {alert.severity: low}]")

    assert isinstance(found, Branch)
    assert (found.joint, found.held) == (Joint.ANY, Held.UNKNOWN)
    denied, both = cast("tuple[Branch, Branch]", found.parts)
    assert (denied.joint, denied.held, denied.parts[0].held) == (Joint.NOT, Held.FAILED, Held.HELD)
    assert (both.joint, [part.held for part in both.parts]) == (Joint.ALL, [Held.HELD, Held.UNKNOWN])


ROWS: tuple[dict[str, Value], ...] = (
    {"recipient": "anna@contoso.example", "auth.dmarc": "fail"},
    {"recipient": "ceo@contoso.example", "auth.dmarc": "pass"},
    {"recipient": "ben@contoso.example"},
)


@pytest.mark.parametrize(
    ("quantifier", "held", "telling"),
    [("any", Held.HELD, 2), ("all", Held.FAILED, 1), ("none", Held.FAILED, 2)],
)
def test_messages_say_in_how_many_it_holds_and_show_the_one_that_tells(
    quantifier: str, held: Held, telling: int
) -> None:
    found = only(f"messages: {{{quantifier}: {{auth.dmarc: pass}}}}", facts({}, messages=ROWS))

    assert isinstance(found, Sample)
    assert (found.held, found.messages, found.held_in, found.failed_in, found.unknown_in) == (
        held,
        3,
        1,
        1,
        1,
    )
    assert found.telling == telling
    assert found.telling_label == f"to {ROWS[telling - 1]['recipient']}"
    assert leaf(cast("Tree", found.part)).seen[0].value == ROWS[telling - 1]["auth.dmarc"]


def test_a_share_shows_its_bounds() -> None:
    found = only("messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.9}}", facts({}, messages=ROWS))

    assert isinstance(found, Sample)
    assert (found.asked, found.held) == ("at least 0.9", Held.FAILED)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (facts({}), "the messages were not looked up"),
        (facts({}, messages=()), "there are no messages"),
        (
            facts({}, messages=ROWS[:1], is_complete=False, unresolved="1 not found"),
            "not all messages are known: 1 not found",
        ),
    ],
)
def test_messages_that_are_unknown_as_such_say_why(seen: Facts, why: str) -> None:
    found = only("messages: {any: {auth.dmarc: pass}}", seen)

    assert isinstance(found, Sample)
    assert (found.held, found.unknown) == (Held.UNKNOWN, why)


def test_a_condition_on_the_moment_says_what_time_it_is_there() -> None:
    found = only("moment: {zone: Europe/Madrid, days: mon-fri}")

    assert isinstance(found, Hours)
    assert (found.held, found.asked) == (Held.HELD, "mon-fri Europe/Madrid")
    assert "mon 2026-08-24 11:00 Europe/Madrid" in found.words


def test_a_test_of_several_facts_shows_each() -> None:
    lists = list_file("pairs", "{cluster.by: url, alert.severity: low}")

    found = leaf(only("oneOf: $pairs", lists=lists))

    assert [(sight.fact, sight.value) for sight in found.seen] == [
        ("cluster.by", "url"),
        ("alert.severity", None),
    ]
    assert found.seen[1].unknown


def test_a_clause_of_unless_says_that_it_held() -> None:
    policy = parsed(policy_file("cluster.by: url", unless="- cluster.by: url"))

    (found,) = unless_trees(policy, SEEN, ())

    assert found.held is Held.HELD


# Lists


def a_list(name: str, *entries: ListEntry) -> PolicyList:
    return PolicyList(name=name, entries=entries, file=f"policies/lists/{name}.yaml", mark=Mark(1, 1))


def an_entry(wording: str, line: int = 3, **more: object) -> ListEntry:
    return ListEntry(wording=wording, mark=Mark(line, 5), **more)  # type: ignore[arg-type]


def naming(policy: Policy, *lists: str) -> Policy:
    """Return the policy as it is read where lists have entries with reasons."""
    return replace(policy, lists=frozenset(lists))


def test_the_entry_that_matched_is_named_with_its_reason_and_ticket() -> None:
    policy = naming(
        parsed(
            policy_file("recipients: {anyIn: $vip}"),
            list_file("vip", "ceo@contoso.example", "cfo@contoso.example"),
        ),
        "vip",
    )
    entries = a_list(
        "vip",
        an_entry("cfo@contoso.example", 3),
        an_entry("ceo@contoso.example", 4, reason="chief executive", ticket="SEC-1", owner="desk"),
    )

    (found,) = match_trees(policy, SEEN, (entries, a_list("other", an_entry("ceo@contoso.example"))))

    (entry,) = leaf(found).entries
    assert (entry.list, entry.wording, entry.reason, entry.ticket, entry.owner) == (
        "vip",
        "ceo@contoso.example",
        "chief executive",
        "SEC-1",
        "desk",
    )
    assert (entry.file, entry.line, entry.is_over) == ("policies/lists/vip.yaml", 4, False)


@pytest.mark.parametrize(("ends", "is_over"), [(timedelta(seconds=1), False), (timedelta(0), True)])
def test_an_entry_that_has_ended_is_still_named_as_one_that_has(ends: timedelta, is_over: bool) -> None:
    policy = naming(
        parsed(policy_file("recipients: {anyIn: $vip}"), list_file("vip", "ceo@contoso.example")), "vip"
    )

    (found,) = match_trees(
        policy, SEEN, (a_list("vip", an_entry("ceo@contoso.example", expires=NOW + ends)),)
    )

    assert leaf(found).entries[0].is_over is is_over


@pytest.mark.parametrize(
    ("match", "wording", "covers"),
    [
        ("messages: {any: {sender.domain: {domainIn: $these}}}", "partner.example", True),
        ("messages: {any: {sender.domain: {domainIn: $these}}}", "example", True),
        ("messages: {any: {sender.domain: {domainIn: $these}}}", "artner.example", False),
        ("messages: {any: {sender.ip: {cidr: $these}}}", "192.0.2.0/24", True),
        ("messages: {any: {sender.ip: {cidr: $these}}}", "198.51.100.0/24", False),
        ("messages: {any: {oneOf: $these}}", "{sender.domain: news.partner.example, auth.dmarc: pass}", True),
        (
            "messages: {any: {oneOf: $these}}",
            "{sender.domain: news.partner.example, auth.dmarc: fail}",
            False,
        ),
    ],
)
def test_an_entry_covers_what_its_kind_of_list_means(match: str, wording: str, covers: bool) -> None:
    seen = facts(
        {},
        messages=({"sender.domain": "news.partner.example", "sender.ip": "192.0.2.7", "auth.dmarc": "pass"},),
    )
    policy = naming(parsed(policy_file(match), list_file("these", wording)), "these")

    (found,) = match_trees(policy, seen, (a_list("these", an_entry(wording)),))

    assert isinstance(found, Sample)
    assert bool(leaf(cast("Tree", found.part)).entries) is covers


def test_the_holiday_that_it_is_is_named() -> None:
    policy = naming(
        parsed(
            policy_file("moment: {zone: Europe/Madrid, dates: $holidays}"),
            list_file("holidays", '"2026-08-24"'),
        ),
        "holidays",
    )

    (found,) = match_trees(
        policy, SEEN, (a_list("holidays", an_entry("2026-08-24", reason="fair"), an_entry("2026-12-25")),)
    )

    assert isinstance(found, Hours)
    assert [entry.reason for entry in found.entries] == ["fair"]


@pytest.mark.parametrize(
    ("fetched", "why"),
    [
        (None, "it was never fetched"),
        (NOW - timedelta(hours=7), "it was fetched longer ago than 6 hours"),
        (NOW - timedelta(hours=6), None),
    ],
)
def test_a_list_that_is_too_old_is_seen_with_its_age(fetched: Value | None, why: str | None) -> None:
    policy = parsed(policy_file("cluster.by: url"))
    test = policy.match.conditions[0]
    assert isinstance(test, Test)
    fed = replace(test, fresh=(Fresh(fact="list.vip.refreshed", within=timedelta(hours=6)),))
    policy = replace(policy, match=All(conditions=(fed,), mark=test.mark))
    values: dict[str, Value] = {"cluster.by": "url"} | (
        {} if fetched is None else {"list.vip.refreshed": fetched}
    )

    (found,) = match_trees(policy, facts(values), ())

    aged = [sight for sight in leaf(found).seen if sight.fact == "list.vip.refreshed"]
    assert [sight.unknown for sight in aged] == ([] if why is None else [why])


def test_a_fact_that_was_not_asked_for_yet_is_told_from_one_that_was_not_given() -> None:
    policy = parsed(policy_file("clicks.count: {atMost: 3}"))
    old, new = facts({}, messages=ROWS), replace(facts({}, messages=ROWS), vocabulary=2)

    told = [leaf(match_trees(policy, seen, ())[0]).seen[0].unknown for seen in (old, new)]

    assert told[0] == "it was not asked for yet when these facts were gathered"
    assert "hunting" in told[1]


def test_a_member_of_a_group_is_named_as_one() -> None:
    policy = naming(
        parsed(policy_file("recipients: {anyIn: $vip}"), list_file("vip", "ceo@contoso.example")), "vip"
    )
    feed = Feed(group="g-1", refresh=timedelta(hours=1), stale=timedelta(days=1))
    fed = replace(a_list("vip"), feed=feed, members=("ceo@contoso.example", "cfo@contoso.example"))

    (found,) = match_trees(policy, SEEN, (fed,))

    assert [(entry.wording, entry.reason) for entry in leaf(found).entries] == [
        ("ceo@contoso.example", "a member of the group g-1")
    ]
