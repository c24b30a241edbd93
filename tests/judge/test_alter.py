"""What agrees before an edit agrees after it, and no world is made up that could not be."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from agent.judge.flips.alter import Edit, Judged, Known, Put, Resize, altered
from agent.judge.vocabulary import Scope
from agent.model.facts import Facts, Value
from tests.judge.writing import NOW, facts

ANNA, BEN, CEO = "anna@contoso.example", "ben@contoso.example", "ceo@contoso.example"


def a_row(
    recipient: str, location: str = "inbox_folder", sender: str = "x@evil.example"
) -> Mapping[str, Value]:
    return {
        "recipient": recipient,
        "recipient.domain": recipient.partition("@")[2],
        "sender.address": sender,
        "sender.domain": sender.partition("@")[2],
        "location": location,
        "inMailbox": location == "inbox_folder",
        "threats": frozenset({"phish"}),
    }


GATHERED = facts(
    {
        "recipients": frozenset({ANNA, BEN, CEO}),
        "recipients.domains": frozenset({"contoso.example"}),
        "recipients.count": 3,
        "senders": frozenset({"x@evil.example"}),
        "senders.domains": frozenset({"evil.example"}),
        "locations": frozenset({"inbox_folder", "quarantine"}),
        "threats": frozenset({"phish"}),
        "cluster.copyCount": 3,
        "cluster.mailboxCount": 2,
        "cluster.emailCount": 3,
    },
    messages=(a_row(ANNA), a_row(BEN), a_row(CEO, "quarantine")),
)


def after(edit: Edit, before: Facts = GATHERED) -> Facts:
    found = altered(before, edit)
    assert found is not None
    return found


def put(fact: str, value: Value | None, *rows: int) -> Put:
    scope = Scope.MESSAGE if rows else Scope.ACTION
    return Put(scope=scope, fact=fact, values=(value,) * max(1, len(rows)), rows=rows)


def test_another_recipient_of_a_message_is_another_among_all_recipients() -> None:
    changed = after(put("recipient", "dan@other.example", 2))

    assert changed.values["recipients"] == frozenset({ANNA, BEN, "dan@other.example"})
    assert changed.values["recipients.domains"] == frozenset({"contoso.example", "other.example"})
    assert changed.values["recipients.count"] == 3
    assert (changed.messages or ())[2]["recipient.domain"] == "other.example"


def test_two_copies_for_one_person_are_one_recipient_less() -> None:
    changed = after(put("recipient", ANNA, 1))

    assert changed.values["recipients.count"] == 2
    assert changed.values["cluster.copyCount"] == 3


def test_mail_that_is_elsewhere_is_no_more_in_a_mailbox() -> None:
    changed = after(put("location", "quarantine", 0, 1))

    assert changed.values["cluster.mailboxCount"] == 0
    assert changed.values["locations"] == frozenset({"quarantine"})
    assert [row["inMailbox"] for row in changed.messages or ()] == [False, False, False]


def test_a_place_that_is_not_known_leaves_the_count_unknown() -> None:
    changed = after(put("location", None, 0))

    assert "cluster.mailboxCount" not in changed.values
    assert "locations" not in changed.values
    assert "inMailbox" not in (changed.messages or ())[0]


def test_threats_are_those_of_all_messages_and_one_may_have_none() -> None:
    changed = after(put("threats", frozenset({"malware"}), 0))

    assert changed.values["threats"] == frozenset({"phish", "malware"})


@pytest.mark.parametrize(("count", "left"), [(1, 2), (0, 1)])
def test_fewer_copies_in_mailboxes_are_fewer_messages(count: int, left: int) -> None:
    changed = after(Resize(fact="cluster.mailboxCount", count=count))

    assert changed.values["cluster.mailboxCount"] == count
    assert changed.values["cluster.copyCount"] == len(changed.messages or ()) == left
    assert changed.values["cluster.emailCount"] == left
    assert changed.values["recipients.count"] == left


def test_where_no_message_would_be_left_they_are_elsewhere() -> None:
    before = facts(
        {"cluster.mailboxCount": 1, "cluster.copyCount": 1, "recipients": frozenset({ANNA})},
        messages=(a_row(ANNA),),
    )

    changed = after(Resize(fact="cluster.mailboxCount", count=0), before)

    assert changed.values == {**before.values} | {"cluster.mailboxCount": 0}
    assert (changed.messages or ())[0]["inMailbox"] is False
    assert altered(before, Resize(fact="cluster.copyCount", count=0)) is None


def test_more_copies_in_mailboxes_are_more_messages_to_other_people() -> None:
    changed = after(Resize(fact="cluster.mailboxCount", count=10))

    assert changed.values["cluster.mailboxCount"] == 10
    assert changed.values["cluster.copyCount"] == len(changed.messages or ()) == 11
    assert changed.values["recipients.count"] == 11
    assert changed.values["cluster.emailCount"] == 3


def test_the_most_ordinary_message_goes_first_and_none_that_is_to_be_kept() -> None:
    odd = {**a_row(CEO), "subject": "another"}
    before = facts({"cluster.mailboxCount": 3}, messages=(a_row(ANNA), odd, a_row(BEN)))

    first = altered(before, Resize(fact="cluster.mailboxCount", count=1))
    kept = altered(before, Resize(fact="cluster.mailboxCount", count=1), frozenset({0}))

    assert first is not None
    assert [row["recipient"] for row in first.messages or ()] == [CEO]
    assert kept is not None
    assert ANNA in [row["recipient"] for row in kept.messages or ()]


def test_no_more_messages_are_made_up_than_can_be_judged_in_time() -> None:
    assert altered(GATHERED, Resize(fact="cluster.mailboxCount", count=1_999)) is not None
    assert altered(GATHERED, Resize(fact="cluster.mailboxCount", count=2_000)) is None


def test_defender_cannot_have_counted_more_copies_than_there_are_while_all_are_known() -> None:
    assert altered(GATHERED, put("cluster.emailCount", 3)) is not None
    assert altered(GATHERED, put("cluster.emailCount", 4)) is None


def test_facts_written_by_hand_that_do_not_agree_stand_on_their_own() -> None:
    before = facts(
        {"recipients": frozenset({CEO}), "recipients.count": 7, "cluster.mailboxCount": 200},
        messages=({"sender.domain": "evil.example"},),
    )

    changed = after(put("sender.domain", "partner.example", 0), before)

    assert changed.values == before.values
    assert changed.messages == ({"sender.domain": "partner.example"},)


def test_without_messages_the_count_and_the_domains_follow_the_recipients() -> None:
    before = facts(
        {
            "recipients": frozenset({ANNA, CEO}),
            "recipients.count": 2,
            "recipients.domains": frozenset({"contoso.example"}),
        }
    )

    changed = after(put("recipients", frozenset({"dan@other.example"})), before)
    grown = after(Resize(fact="recipients.count", count=5), before)

    assert changed.values["recipients.count"] == 1
    assert changed.values["recipients.domains"] == frozenset({"other.example"})
    assert len(grown.values["recipients"]) == grown.values["recipients.count"] == 5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fact", "value", "expected"),
    [
        ("cluster.mailboxCount", 11, {"cluster.mailboxCount": 11, "cluster.copyCount": 11}),
        ("cluster.mailboxCount", 10, {"cluster.mailboxCount": 10, "cluster.copyCount": 10}),
        ("cluster.copyCount", 4, {"cluster.mailboxCount": 4, "cluster.copyCount": 4}),
        ("cluster.copyCount", 5, {"cluster.mailboxCount": 5, "cluster.copyCount": 5}),
    ],
)
def test_no_more_copies_are_in_mailboxes_than_there_are(
    fact: str, value: int, expected: Mapping[str, Value]
) -> None:
    before = facts({"cluster.mailboxCount": 5, "cluster.copyCount": 10})

    assert after(put(fact, value), before).values == expected


def test_a_domain_follows_its_address_and_a_host_its_url() -> None:
    before = facts(
        {
            "message.sender": "a@x.example",
            "message.senderDomain": "x.example",
            "url.value": "https://bad.example/a",
            "url.host": "bad.example",
        }
    )

    assert after(put("message.sender", "b@y.example"), before).values["message.senderDomain"] == "y.example"
    assert after(put("url.value", "https://c.example/"), before).values["url.host"] == "c.example"


def test_a_moment_changes_nothing_else_and_a_look_up_makes_the_counts_known() -> None:
    partly = facts({"recipients": frozenset({ANNA})}, messages=(a_row(ANNA),), is_complete=False)

    later = after(Judged(at=NOW + timedelta(days=1)))
    whole = after(Known(is_complete=True), partly)
    found = after(Known(is_complete=True), facts({}, messages=None))

    assert (later.now, later.values) == (NOW + timedelta(days=1), GATHERED.values)
    assert whole.messages_complete
    assert whole.values["recipients.count"] == 1
    assert found.messages == ({},)


def test_some_messages_that_are_missing_make_the_counts_unknown() -> None:
    changed = after(Known(is_complete=False))

    assert not changed.messages_complete
    assert "recipients.count" not in changed.values
    assert "cluster.mailboxCount" not in changed.values
    assert changed.values["recipients"] == GATHERED.values["recipients"]


SPLIT = facts(
    {
        "cluster.copyCount": 3,
        "cluster.mailboxCount": 2,
        "cluster.inboxCount": 2,
        "cluster.quarantineCount": 1,
        "cluster.phishCount": 3,
        "cluster.spamCount": 0,
        "clicks.accounts": frozenset({ANNA, BEN}),
        "clicks.users": 2,
        "clicks.count": 2,
        "clicks.allowed": 1,
    },
    messages=(a_row(ANNA), a_row(BEN), a_row(CEO, "quarantine")),
)


def test_the_split_of_a_cluster_follows_where_its_messages_are_and_what_is_in_them() -> None:
    moved = after(put("location", "quarantine", 0), SPLIT)
    spam = after(put("threats", frozenset({"spam"}), 2), SPLIT)

    assert (moved.values["cluster.inboxCount"], moved.values["cluster.quarantineCount"]) == (1, 2)
    assert (spam.values["cluster.phishCount"], spam.values["cluster.spamCount"]) == (2, 1)


@pytest.mark.parametrize(
    ("fact", "count", "expected"),
    [
        (
            "cluster.quarantineCount",
            0,
            {"cluster.quarantineCount": 0, "cluster.copyCount": 2, "cluster.inboxCount": 2},
        ),
        (
            "cluster.quarantineCount",
            3,
            {"cluster.quarantineCount": 3, "cluster.copyCount": 5, "cluster.inboxCount": 2},
        ),
        ("cluster.spamCount", 2, {"cluster.spamCount": 2, "cluster.phishCount": 5, "cluster.copyCount": 5}),
        ("cluster.phishCount", 0, {"cluster.phishCount": 0, "cluster.copyCount": 3, "cluster.inboxCount": 2}),
    ],
)
def test_a_count_of_the_split_is_reached_by_messages_that_count(
    fact: str, count: int, expected: Mapping[str, Value]
) -> None:
    changed = after(Resize(fact=fact, count=count), SPLIT)

    assert {name: changed.values[name] for name in expected} == expected
    assert len(changed.messages or ()) == changed.values["cluster.copyCount"]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (put("clicks.accounts", frozenset({ANNA})), {"clicks.users": 1, "clicks.count": 2}),
        (Resize(fact="clicks.users", count=3), {"clicks.users": 3, "clicks.count": 3}),
        (put("clicks.count", 0), {"clicks.count": 0, "clicks.allowed": 0}),
        (put("clicks.allowed", 5), {"clicks.count": 5, "clicks.allowed": 5}),
    ],
)
def test_no_more_clicks_are_let_through_than_there_are(edit: Edit, expected: Mapping[str, Value]) -> None:
    changed = after(edit, SPLIT)

    assert {name: changed.values[name] for name in expected} == expected
