"""List files are read strictly, and an entry or a list that does not fit is blamed where it stands."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.judge.document import list_rows
from agent.judge.list_kinds import KINDS
from agent.judge.lists import ABOUT
from agent.judge.parse import parse_set
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS
from agent.model.facts import Value
from agent.model.mark import Mark
from agent.model.policy import Feed, ListEntry, ListType, PolicyList
from agent.model.policy import Test as Condition
from tests.judge.writing import (
    GROUP,
    a_fed_list,
    a_list,
    answer,
    facts,
    list_file,
    policy_file,
    problems,
    told,
)

ABOUT_CFO = "{value: cfo@contoso.example, reason: on leave, owner: hr@contoso.example, ticket: SEC-12, expires: 2026-12-31}"
ID = "12345678-1234-1234-1234-123456789ABC"


def read(text: str) -> PolicyList:
    return parse_set({"p.yaml": policy_file(), **a_list("it", text)}).lists[0]


def wrong(text: str) -> list[str]:
    """Return what is wrong with a list of this text, whose first line is its second."""
    return [
        each.removeprefix("policies/lists/it.yaml:") for each in problems(policy_file(), a_list("it", text))
    ]


def test_a_list_tells_whose_it_is_and_what_is_said_of_its_entries() -> None:
    one = read(
        "description: People.\nowner: soc@contoso.example\ntype: addresses\nreview: 2027-01-31\n"
        f"entries:\n  - ceo@contoso.example\n  - {ABOUT_CFO}"
    )

    assert one == PolicyList(
        name="it",
        description="People.",
        owner="soc@contoso.example",
        type=ListType.ADDRESSES,
        review=datetime(2027, 2, 1, tzinfo=UTC),
        entries=(
            ListEntry(wording="ceo@contoso.example", value="ceo@contoso.example", mark=Mark(7, 5)),
            ListEntry(
                wording="cfo@contoso.example",
                value="cfo@contoso.example",
                mark=Mark(8, 13),
                reason="on leave",
                owner="hr@contoso.example",
                ticket="SEC-12",
                expires=datetime(2027, 1, 1, tzinfo=UTC),
            ),
        ),
        file="policies/lists/it.yaml",
        mark=Mark(1, 1),
    )


def test_the_set_has_its_lists_by_name_and_a_policy_says_which_it_names() -> None:
    match = "recipients: {anyIn: [x@contoso.example, $vip]}\nsender.x: 1"
    files = {**list_file("vip", "a@contoso.example"), **list_file("other"), **a_fed_list("fed")}
    policy = policy_file(match.partition("\n")[0], unless="- list.fed.refreshed: {olderThan: 2h}")

    found = parse_set({"p.yaml": policy, **files})

    assert [one.name for one in found.lists] == ["fed", "other", "vip"]
    assert found.policies[0].lists == {"vip", "fed"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("entries: [{value: a}, {reason: x}]", "2:23: `value` is missing: what is the rest said of?"),
        ("entries: [{value: a, reson: x}]", "2:22: unknown key `reson`: did you mean `reason`?"),
        ("entries: [{value: a, ticket: 12}]", "2:30: `12` reads as a number: put it in quotes if it is text"),
        (
            "entries: [{value: a, expires: soon}]",
            "2:31: `soon` is not a date or moment: write `2026-12-31` or `2026-12-31T18:00:00Z`",
        ),
        ("entries: [[a]]", "2:11: a list within a list: write its values one by one"),
        ("type: address\nentries: []", "2:7: `address` is not a type of list: did you mean `addresses`?"),
        ("review: x\nentries: []", "2:9: `x` is not a date or moment: write `2026-12-31` or `2026-12-31T18:00:00Z`"),
        ("refresh: 1h\nentries: []", "2:10: `refresh` belongs to a list with a `source`: leave it out"),
        ("type: users\nstale: 1h\nentries: []", "3:8: `stale` belongs to a list with a `source`: leave it out"),
        (
            f"type: users\nentries: []\nsource: {{group: {GROUP}}}",
            "3:10: a list has `entries` or a `source`: leave one of them out",
        ),
        ("type: users\nsource: vip", "3:9: write `source: {group: …}` with the object id of a group in Entra"),
        (
            "type: users\nsource: {group: vip}",
            "3:17: `vip` is not the object id of a group: write the GUID, such as `00000000-",
        ),
        (
            f"source: {{group: {GROUP}}}",
            "2:9: the members of a group are `addresses`, `users`, `devices`: say which with `type`",
        ),
        (
            f"type: domains\nsource: {{group: {GROUP}}}",
            "2:7: the members of a group are `addresses`, `users`, `devices`: say which with `type`",
        ),
        (
            f"type: users\nsource: {{group: {GROUP}}}\nrefresh: 2h\nstale: 119m",
            "5:8: `stale` is shorter than `refresh`: in between, nothing on the list is known",
        ),
        (f"type: users\nsource: {{group: {GROUP}}}\nrefresh: often", "4:10: `often` is not a duration"),
        ("type: dates\nentries: [{value: 2026-12-25, expires: 2026-12-26}]", "3:40: a date is over when it is over"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_list_is_told_at_its_place(text: str, told: str) -> None:
    found = wrong(text)

    assert len(found) == 1
    assert found[0].startswith(told)


def test_what_is_wrong_with_one_entry_does_not_hide_another() -> None:
    found = wrong("type: addresses\nowner: ''\nentries: [nobody, ok@contoso.example, {value: x}]")

    assert [each.partition(" ")[0] for each in found] == ["3:8:", "4:11:", "4:47:"]


@pytest.mark.parametrize(
    ("of", "good", "bad", "told"),
    [
        (ListType.ADDRESSES, "a@contoso.example", "contoso.example", "is not an address"),
        (ListType.DOMAINS, "contoso.example", "a@contoso.example", "is an address: a domain is asked for"),
        (ListType.NETWORKS, "192.0.2.0/24", "192.0.2.7/24", "write `192.0.2.0/24`"),
        (ListType.USERS, ID, "anna", "is not an address"),
        (ListType.DEVICES, "laptop-7.contoso.example", "my laptop", "is not a device"),
        (ListType.TEXTS, "Contoso Ltd", "12", "put it in quotes if it is text"),
        (ListType.DATES, "2026-12-25", "2026-12-32", "is not a date"),
        (ListType.ROWS, "{sender.domain: a.example, auth.dmarc: pass}", "a.example", "several members"),
        (ListType.ROWS, "{sender.domain: a.example}", "{sender.doman: a.example}", "`sender.doman` is not a fact"),
        (ListType.ROWS, "{sender.domain: a.example}", "{threats: phish}", "is not a fact that has one text"),
        (ListType.ROWS, "{value: {auth.dmarc: pass}, reason: x}", "{value: {auth.dmarc: ok}}", "unknown word `ok`"),
    ],
)  # fmt: skip
def test_every_type_takes_its_entries_and_no_others(of: ListType, good: str, bad: str, told: str) -> None:
    assert wrong(f"type: {of}\nentries:\n  - {good}") == []

    found = wrong(f"type: {of}\nentries:\n  - {good}\n  - {bad}")
    assert len(found) == 1
    assert found[0].startswith("5:")
    assert told in found[0]


FITTING = [
    (ListType.ADDRESSES, "recipients: {anyIn: $it}", {"recipients": frozenset({"A@x.example"})}, "a@x.example"),
    (ListType.DOMAINS, "recipients.domains: {anyIn: $it}", {"recipients.domains": frozenset({"X.example"})}, "x.example"),
    (ListType.USERS, "recipients: {anyIn: $it}", {"recipients": frozenset({"a@x.example"})}, "a@x.example"),
    (ListType.TEXTS, "alert.title: {in: $it}", {"alert.title": "Hot"}, "HOT"),
    (ListType.TEXTS, "evidence.verdict: {in: $it}", {"evidence.verdict": "malicious"}, "malicious"),
]  # fmt: skip


@pytest.mark.parametrize(("of", "match", "values", "entry"), FITTING)
def test_a_list_is_compared_with_facts_that_fit_its_type(
    of: ListType, match: str, values: dict[str, Value], entry: str
) -> None:
    lists = a_list("it", f"type: {of}\nentries: [{entry}]")

    assert answer(match, facts(values), lists=lists) is True


@pytest.mark.parametrize(
    ("of", "match", "told_"),
    [
        (
            ListType.ADDRESSES,
            "recipients.domains: {anyIn: $it}",
            "`$it` has addresses, `recipients.domains` is a set of domains",
        ),
        (
            ListType.DOMAINS,
            "recipients: {anyIn: [a@x.example, $it]}",
            "`$it` has domains, `recipients` is a set of addresses: test `recipients.domains` instead",
        ),
        (
            ListType.NETWORKS,
            "messages: {any: {sender.ip: {in: $it}}}",
            "`$it` has networks, `sender.ip` is an ip address: use `cidr`",
        ),
        (
            ListType.TEXTS,
            "messages: {any: {sender.ip: {cidr: $it}}}",
            "`$it` has texts, `cidr` takes networks",
        ),
        (
            ListType.ADDRESSES,
            "messages: {any: {sender.domain: {domainIn: $it}}}",
            "`$it` has addresses, `domainIn` takes domains",
        ),
        (ListType.USERS, "alert.title: {in: $it}", "`$it` has users, `alert.title` is a text"),
        (ListType.DEVICES, "alert.title: {in: $it}", "`$it` has devices, `alert.title` is a text"),
        (
            ListType.TEXTS,
            "moment: {zone: UTC, dates: $it}",
            "`$it` has texts, `dates` takes dates",
        ),
        (
            ListType.DATES,
            "alert.title: {in: $it}",
            "`$it` has dates, `alert.title` is a text: use it as `dates` of `moment`",
        ),
        (ListType.DOMAINS, "messages: {any: {oneOf: $it}}", "`$it` has domains, `oneOf` takes entries of several"),
        (ListType.ROWS, "alert.title: {in: $it}", "`$it` has rows, `alert.title` is a text: use `oneOf`"),
    ],
)  # fmt: skip
def test_a_list_whose_type_does_not_fit_is_blamed_at_the_condition(
    of: ListType, match: str, told_: str
) -> None:
    found = told(match, a_list("it", f"type: {of}\nentries: []"))

    assert len(found) == 1
    assert found[0].startswith(told_)


def test_users_are_known_by_their_addresses_and_by_their_ids() -> None:
    lists = a_list("it", f"type: users\nentries: [anna@contoso.example, {ID}]")

    def held(match: str, **values: Value) -> bool | None:
        given = facts({name.replace("_", "."): value for name, value in values.items()})
        return answer(match, given, lists=lists, kinds="unknown")

    assert held("user.azureAdUserId: {in: $it}", user_azureAdUserId=ID.lower()) is True
    assert held("user.principalName: {in: $it}", user_principalName="Anna@contoso.example") is True
    assert held("user.principalName: {in: $it}", user_principalName=f"{ID}@contoso.example") is False


def test_users_without_what_the_fact_is_are_no_protection() -> None:
    addresses = a_list("it", "type: users\nentries: [anna@contoso.example]")
    ids = a_list("it", f"type: users\nentries: [{ID}]")

    assert told("user.azureAdUserId: {in: $it}", addresses, kinds="unknown") == [
        "`$it` has no object ids to compare `user.azureAdUserId` with"
    ]
    assert told("user.principalName: {in: $it}", ids, kinds="unknown") == [
        "`$it` has no addresses to compare `user.principalName` with"
    ]
    assert (
        told("user.principalName: {in: $it}", a_list("it", "type: users\nentries: []"), kinds="unknown") == []
    )


def test_devices_are_known_by_name_or_id() -> None:
    lists = a_list("it", "type: devices\nentries: [LAPTOP-7.contoso.example]")

    seen = facts({"device.name": "laptop-7.contoso.example"})

    assert answer("device.name: {in: $it}", seen, lists=lists, kinds="unknown") is True


def test_a_group_of_devices_is_known_by_what_entra_knows_of_them() -> None:
    """Entra has `laptop-7` where Defender has `laptop-7.contoso.example`: the two would never be equal."""
    lists = a_fed_list("it", "LAPTOP-7", ID, kind="devices")
    fetched = {"list.it.refreshed": facts().now}

    for match, value in (
        ("device.hostName: {in: $it}", "laptop-7"),
        ("device.azureAdDeviceId: {in: $it}", ID.lower()),
    ):
        seen = facts({match.partition(":")[0]: value, **fetched})
        assert answer(match, seen, lists=lists, kinds="unknown") is True
    fitting = "`device.azureAdDeviceId` or `device.hostName`"
    for name in ("device.name", "device.id"):
        assert told(f"{name}: {{in: $it}}", lists, kinds="unknown") == [
            f"a group does not say what `{name}` of its devices is: test {fitting}"
        ]


def test_a_list_without_a_type_is_read_as_what_the_fact_asks_for() -> None:
    lists = list_file("it", "contoso.example", "{value: fabrikam.example, reason: a partner}")

    seen = facts({"recipients.domains": frozenset({"fabrikam.example"})})

    assert answer("recipients.domains: {anyIn: $it}", seen, lists=lists) is True
    assert "`contoso.example` is not an address" in told("recipients: {anyIn: $it}", lists)[0]


def test_a_calendar_may_say_why_a_day_is_in_it_but_not_when_it_ends() -> None:
    good = list_file("days", "{value: 2026-08-24, reason: a feast}")
    bad = list_file("days", "{value: 2026-08-24, expires: 2026-08-25}")
    match = "moment: {zone: UTC, dates: $days}"

    assert answer(match, facts(), lists=good) is True
    assert answer(match, facts(now=facts().now + timedelta(days=1)), lists=good) is False
    assert told(match, bad) == ["a date is over when it is over: leave `expires` out"]


def test_no_fact_has_the_name_of_what_is_said_of_an_entry() -> None:
    """Else an entry of several members could not be told from an entry with something said of it."""
    assert not {"value", *ABOUT} & (FACTS.keys() | MESSAGE_FACTS.keys())


def test_the_documentation_has_a_row_for_every_type() -> None:
    assert [row[0].strip("`") for row in list_rows()] == [of.value for of in ListType] == [*map(str, KINDS)]
    assert all(all(cell for cell in row) for row in list_rows())


def test_a_list_that_is_fed_has_limits_that_may_be_left_out() -> None:
    usual = read(f"type: users\nsource: {{group: {GROUP.upper()}}}").feed
    own = read(f"type: devices\nsource: {{group: {GROUP}}}\nrefresh: 15m\nstale: 15m").feed
    slow = read(f"type: devices\nsource: {{group: {GROUP}}}\nrefresh: 3d").feed

    assert usual == Feed(group=GROUP, refresh=timedelta(hours=1), stale=timedelta(hours=24))
    assert own == Feed(group=GROUP, refresh=timedelta(minutes=15), stale=timedelta(minutes=15))
    assert slow is not None
    assert slow.stale == timedelta(days=3)


def test_a_set_in_a_folder_called_lists_is_no_heap_of_lists() -> None:
    files = {
        "/home/lists/policies/p.yaml": policy_file(),
        "/home/lists/policies/lists/it.yaml": b"list: it\nentries: []\n",
    }

    found = parse_set(files)

    assert ([one.name for one in found.policies], [one.name for one in found.lists]) == (["p"], ["it"])


def test_a_list_is_read_once_for_all_policies_that_ask_the_same_of_it() -> None:
    """A hundred policies that name ten thousand entries took half a minute to load, at every reload."""
    policies = {
        f"p{at}.yaml": policy_file("recipients: {noneIn: $large}", name=f"p{at}") for at in range(100)
    }
    entries = "\n".join(f"  - {{value: u{at}@x.example, expires: 2027-01-01}}" for at in range(5_000))
    found = parse_set({**policies, "lists/large.yaml": f"list: large\nentries:\n{entries}\n".encode()})

    readings = {
        id(one.expiries)
        for policy in found.policies
        for one in policy.match.conditions
        if isinstance(one, Condition)
    }
    assert len(readings) == 1
