"""Copies of mail as facts: who clicked, and how a cluster is split."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.copies import PLACES, THREATS, facts_of_one, facts_over
from agent.judge.gather import gather, mail_of
from agent.judge.remember import matters
from agent.judge.vocabulary import FACTS, WORDS
from agent.model.defender import Clicks, Mail, MailMessage
from agent.model.facts import FactType, Value
from agent.model.past import Tally
from tests.makers import NOW, a_cluster, a_copy, a_message, an_action, message_id, some_mail

ANNA, BOB = "anna@contoso.example", "bob@contoso.example"
COUNTS = ("clicks.count", "clicks.allowed", "clicks.users")


def clicks(account: str = ANNA, count: int = 1, allowed: int = 0, through: int = 0) -> Clicks:
    return Clicks(account=account, count=count, allowed=allowed, through=through)


def clicked(*some: Clicks, number: int = 1, recipient: str = ANNA) -> MailMessage:
    return msgspec.structs.replace(a_copy(number, recipient=recipient), clicks=some)


def over(*copies: MailMessage, is_complete: bool = True) -> dict[str, object]:
    facts = facts_over(copies, is_complete=is_complete)
    return {name: facts.get(name) for name in ("clicks.accounts", *COUNTS)}


# Clicks over all copies


def test_clicks_of_a_message_are_counted_once_however_many_copies_show_them() -> None:
    stranger = clicks("a.berg@contoso.example", count=3, allowed=2, through=1)

    assert over(
        clicked(clicks(count=2, allowed=1), stranger),
        clicked(stranger, recipient=BOB),
        clicked(clicks(BOB), number=2, recipient=BOB),
    ) == {
        "clicks.accounts": {ANNA, BOB, "a.berg@contoso.example"},
        "clicks.count": 6,
        "clicks.allowed": 3,
        "clicks.users": 3,
    }


def test_one_account_that_clicked_in_two_messages_is_one_user_with_the_clicks_of_both() -> None:
    facts = over(clicked(clicks(count=2)), clicked(clicks(count=3), number=2))

    assert (facts["clicks.count"], facts["clicks.users"]) == (5, 1)


def test_no_clicks_are_none_and_not_unknown() -> None:
    assert over(clicked(), clicked(number=2)) == {"clicks.accounts": set(), **dict.fromkeys(COUNTS, 0)}


def test_where_clicks_of_one_copy_are_not_known_nothing_is_counted() -> None:
    assert set(over(clicked(clicks()), a_copy(2)).values()) == {None}


def test_with_a_message_unresolved_clicks_are_not_counted_and_accounts_are_a_lower_bound() -> None:
    assert over(clicked(clicks()), is_complete=False) == {
        "clicks.accounts": {ANNA},
        **dict.fromkeys(COUNTS),
    }


def test_a_click_without_an_account_counts_and_leaves_open_who_it_was() -> None:
    facts = over(clicked(clicks("", count=2, allowed=2)))

    assert (facts["clicks.count"], facts["clicks.allowed"]) == (2, 2)
    assert (facts["clicks.users"], facts["clicks.accounts"]) == (None, None)


def test_of_no_copies_nothing_is_known_of_clicks() -> None:
    assert set(over().values()) == {None}


def test_a_single_message_counts_its_own_recipient_s_clicks_and_those_of_nobody_s_address() -> None:
    stranger = clicks("a.berg@contoso.example")
    mail = some_mail(clicked(clicks(), stranger), clicked(clicks(BOB, count=9), stranger, recipient=BOB))
    action = an_action(a_message())

    facts = gather(action, mail_of(action, mail), NOW)

    assert facts.values["clicks.count"] == 2
    assert facts.values["clicks.accounts"] == {ANNA, "a.berg@contoso.example"}


# Clicks of one copy


@pytest.mark.parametrize(
    ("known", "is_clicked", "is_through"),
    [
        (None, None, None),
        ((), False, False),
        ((clicks(),), True, False),
        ((clicks(through=1),), True, True),
        ((clicks("a.berg@contoso.example"),), None, False),
        ((clicks("a.berg@contoso.example", through=1),), None, None),
        ((clicks(""),), None, False),
        ((clicks(), clicks("a.berg@contoso.example", through=1)), True, False),
        ((clicks(through=2), clicks("a.berg@contoso.example")), True, True),
    ],
)
def test_whether_a_recipient_clicked(
    known: tuple[Clicks, ...] | None, is_clicked: bool | None, is_through: bool | None
) -> None:
    copy = msgspec.structs.replace(a_copy(recipient="Anna@contoso.example"), clicks=known)

    facts = facts_of_one(copy)

    assert (facts["clicked"], facts["clickedThrough"]) == (is_clicked, is_through)


# The split of a cluster


def split(*copies: MailMessage, unresolved: frozenset[str] = frozenset()) -> dict[str, Value]:
    mail = Mail(messages=copies, unresolved=unresolved)
    values = gather(an_action(a_cluster(messages=1)), mail, NOW).values
    return {name: values[name] for name in (*PLACES, *THREATS) if name in values}


def test_copies_are_counted_by_where_they_are_and_by_what_was_found_in_them() -> None:
    found = split(
        a_copy(1, threats=("phish", "malware")),
        a_copy(1, recipient=BOB, location="inbox_folder", threats=()),
        a_copy(1, recipient="c@contoso.example", location="junkFolder", threats=("spam",)),
        a_copy(1, recipient="d@contoso.example", location="deletedFolder"),
        a_copy(1, recipient="e@contoso.example", location="quarantine"),
        a_copy(1, recipient="f@contoso.example", location="onprem_external"),
        a_copy(1, recipient="g@contoso.example", location="others"),
    )

    assert found == {
        "cluster.inboxCount": 2,
        "cluster.junkCount": 1,
        "cluster.deletedCount": 1,
        "cluster.quarantineCount": 1,
        "cluster.externalCount": 1,
        "cluster.phishCount": 5,
        "cluster.malwareCount": 1,
        "cluster.spamCount": 1,
    }


def test_an_unknown_place_makes_places_unknown_and_threats_not() -> None:
    found = split(a_copy(1), a_copy(1, recipient=BOB, location=None))

    assert found == {"cluster.phishCount": 2, "cluster.malwareCount": 0, "cluster.spamCount": 0}


def test_every_place_that_is_counted_is_a_word_of_its_own() -> None:
    assert set(PLACES.values()) < WORDS["location"]
    assert len(set(PLACES.values())) == len(PLACES)
    assert set(THREATS.values()) | {"none"} == WORDS["threats"]


# All facts over messages

COPIES = st.lists(
    st.builds(
        lambda number, recipient, location, sender, known: msgspec.structs.replace(
            a_copy(number, recipient=recipient, location=location, sender=sender), clicks=known
        ),
        st.integers(1, 3),
        st.sampled_from([ANNA, BOB, "ceo@contoso.example"]),
        st.sampled_from([None, "inbox_folder", "quarantine", "others"]),
        st.sampled_from([None, "mallory@evil.example", "Eve@Evil.example"]),
        st.sampled_from([None, (), (clicks(),), (clicks(""), clicks(BOB, through=1, allowed=1))]),
    ),
    max_size=6,
)


@given(COPIES, st.booleans())
def test_no_number_over_messages_is_known_while_one_is_unresolved(
    copies: list[MailMessage], is_cluster: bool
) -> None:
    action = an_action(a_cluster() if is_cluster else a_message())
    mail = Mail(messages=tuple(copies), unresolved=frozenset({message_id(1)}), why="no row")
    past = dict.fromkeys(matters(action, Mail(messages=tuple(copies))), Tally(declined=1, remediated=1))

    facts = gather(action, mail, NOW, past)

    numbers = {name for name, fact in FACTS.items() if fact.over_messages and fact.type is FactType.NUMBER}
    assert not numbers & facts.values.keys()


@given(COPIES)
def test_the_split_never_counts_more_copies_than_there_are(copies: list[MailMessage]) -> None:
    found = split(*copies)

    assert sum(int(str(found[name])) for name in PLACES if name in found) <= len(copies)
