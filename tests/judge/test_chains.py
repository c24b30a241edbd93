"""Chains: what their authors write is what is read, and every mistake is told at its place with how to mend it."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.chain_words import in_words
from agent.judge.parse import parse_set
from agent.model.chain import (
    Approvers,
    Chain,
    Fallback,
    Grouping,
    LastChance,
    QuietHours,
    Repeat,
    Step,
    Urgency,
)
from agent.model.errors import PolicyError
from agent.model.mark import Mark
from tests.judge.writing import policy_file

USER, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
NAMES = ("teams-secops", "pagerduty-secops", "pagerduty-lead", "email-managers")
BESIDE = {
    "p/p.yaml": policy_file(),
    **{f"p/channels/{name}.yaml": f"channel: {name}\nkind: console\n".encode() for name in NAMES},
}

WHOLE = """\
chain: secops
description: Day and night.
owner: soc@contoso.example
group: campaign
wait: 5m
steps:
  - notify: [teams-secops]
  - after: 15m
    notify: [pagerduty-secops]
    urgency: high
  - after: 2h
    notify: [pagerduty-lead, email-managers]
repeat: {every: 4h, times: 3}
acknowledged: {quiet: 30m}            # an acknowledgement only pauses; it is never an approval
hours: {quiet: "22:00-06:00", zone: Europe/Berlin, unless: [high, normal]}
approvers: {need: 2, from: [role:SecOps.Approver, user:11111111-2222-3333-4444-55555555555A], notRequester: false, valid: 8h}
lastChance: {before: 12h, decide: handOff, notify: [pagerduty-lead]}
"""
LEAST = "chain: secops\nsteps:\n  - notify: [teams-secops]\n"


def read(text: str) -> Chain:
    return parse_set({**BESIDE, "p/chains/secops.yaml": text.encode()}).chains[0]


def told(text: str | bytes) -> list[str]:
    """Return what is wrong with the chain, without the name of its file."""
    data = text if isinstance(text, bytes) else text.encode()
    try:
        parse_set({**BESIDE, "p/chains/secops.yaml": data})
    except PolicyError as error:
        return [str(one).removeprefix("p/chains/secops.yaml:") for one in error.problems]
    return []


def with_more(more: str) -> list[str]:
    return told(f"{LEAST}{more}\n")


def with_steps(steps: str) -> list[str]:
    return told(f"chain: secops\nsteps:\n{steps}")


def test_a_chain_is_what_its_author_wrote() -> None:
    found = read(WHOLE)

    assert found == Chain(
        name="secops",
        description="Day and night.",
        owner="soc@contoso.example",
        group=Grouping.CAMPAIGN,
        wait=timedelta(minutes=5),
        steps=(
            Step(notify=("teams-secops",), mark=Mark(7, 5)),
            Step(
                after=timedelta(minutes=15),
                notify=("pagerduty-secops",),
                urgency=Urgency.HIGH,
                mark=Mark(8, 5),
            ),
            Step(after=timedelta(hours=2), notify=("pagerduty-lead", "email-managers"), mark=Mark(11, 5)),
        ),
        repeat=Repeat(every=timedelta(hours=4), times=3),
        quiet=timedelta(minutes=30),
        hours=QuietHours(
            hours=(22 * 60, 6 * 60),
            zone="Europe/Berlin",
            unless=frozenset({Urgency.HIGH, Urgency.NORMAL}),
            wording="22:00-06:00",
        ),
        approvers=Approvers(
            need=2,
            roles=("SecOps.Approver",),
            users=("11111111-2222-3333-4444-55555555555a",),
            not_requester=False,
            valid=timedelta(hours=8),
        ),
        last_chance=LastChance(
            before=timedelta(hours=12), decide=Fallback.HAND_OFF, notify=("pagerduty-lead",)
        ),
        file="p/chains/secops.yaml",
        mark=Mark(1, 1),
    )
    assert found.channels == NAMES
    assert found.asks


def test_what_is_left_out_is_as_the_model_has_it() -> None:
    found = read(LEAST)

    assert found == Chain(
        name="secops",
        steps=(Step(notify=("teams-secops",), mark=Mark(3, 5)),),
        file="p/chains/secops.yaml",
        mark=Mark(1, 1),
    )
    assert not found.asks


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("aprovers: {}", "4:1: unknown key `aprovers`: did you mean `approvers`?"),
        ("owner: ''", "4:8: an owner is asked for, and this is empty"),
        ("group: alert", "4:8: `alert` is not what shares one page: one of `campaign`, `incident`"),
        ("wait: 61m", "4:7: the first notice would wait for longer than an hour: write `1h` or less"),
        ("wait: soon", "4:7: `soon` is not a duration: write it like `15m`, `2h` or `3d`"),
        ("repeat: 3", "4:9: write `repeat: {every: 4h, times: 3}`"),
        ("repeat: {times: 3}", "4:9: `every` is missing: write `repeat: {every: 4h, times: 3}`"),
        ("repeat: {every: 4h}", "4:9: `times` is missing: write `repeat: {every: 4h, times: 3}`"),
        ("repeat: {every: 4h, times: 0}", "4:28: a whole number from 1 to 50 is asked for"),
        ("repeat: {every: 4h, times: 51}", "4:28: a whole number from 1 to 50 is asked for"),
        (
            "repeat: {every: 4m, times: 1}",
            "4:17: people need time to look before they are told again: write `5m` or longer",
        ),
        (
            "repeat: {every: 7d, times: 1}",
            "4:17: Defender keeps an action pending for 7 days: write less than `7d`",
        ),
        ("repeat: {every: 4h, times: 1, for: 2}", "4:31: unknown key `for`: one of `every`, `times`"),
        ("acknowledged: {}", "4:15: `quiet` is missing: write `acknowledged: {quiet: 1h}`"),
        (
            "acknowledged: {quiet: 7d}",
            "4:23: Defender keeps an action pending for 7 days: write less than `7d`",
        ),
        (
            'hours: {quiet: "22-6", zone: UTC}',
            "4:16: `22-6` are not hours: write them like `08:00-18:00`",
        ),
        (
            'hours: {quiet: "22:00-22:00", zone: UTC}',
            "4:16: `22:00-22:00` are not hours: write them like `08:00-18:00`",
        ),
        (
            "hours: {quiet: 22:00-06:00}",
            "4:8: `zone` is missing: name a time zone such as `Europe/Madrid`",
        ),
        (
            "hours: {quiet: 22:00-06:00, zone: Europe/Berln}",
            "4:35: unknown time zone `Europe/Berln`: did you mean `Europe/Berlin`?",
        ),
        (
            "hours: {quiet: 22:00-06:00, zone: UTC, unless: [urgent]}",
            "4:49: `urgent` is not an urgency: one of `high`, `low`, `normal`",
        ),
        (
            "hours: {quiet: 22:00-06:00, zone: UTC, unless: high}",
            "4:48: a list of urgencies is asked for: write `[high]`, or `[]` to keep quiet for all",
        ),
        (
            "hours: {zone: UTC}",
            '4:8: `quiet` is missing: write `hours: {quiet: "22:00-06:00", zone: Europe/Berlin, unless: [high]}`',
        ),
        (
            "approvers: {need: 1}",
            "4:12: `from` is missing: write `approvers: {need: 1, from: [role:SecOps.Approver]}`",
        ),
        ("approvers: {need: 6, from: [role:a]}", "4:19: a whole number from 1 to 5 is asked for"),
        ("approvers: {need: 0, from: [role:a]}", "4:19: a whole number from 1 to 5 is asked for"),
        (
            "approvers: {from: []}",
            "4:19: this is empty: write `from: [role:SecOps.Approver]`",
        ),
        (
            "approvers: {from: role:a}",
            "4:19: a list is asked for: write `from: [role:SecOps.Approver]`",
        ),
        ("approvers: {from: [role:a, role:a]}", "4:28: `a` is named already: leave it out here"),
        (
            f"approvers: {{from: [user:{OTHER}, 'user:{OTHER.upper()}']}}",
            f"4:63: `{OTHER}` is named already: leave it out here",
        ),
        (
            "approvers: {from: ['user:ann@contoso.example']}",
            (
                "4:20: `ann@contoso.example` is not the object id of a user in Entra: write the GUID, such as "
                "`00000000-0000-0000-0000-000000000000`"
            ),
        ),
        (
            "approvers: {from: ['role:']}",
            "4:20: `` is not the value of an app role, such as `SecOps.Approver`",
        ),
        (
            "approvers: {from: ['role:Sec Ops']}",
            "4:20: `Sec Ops` is not the value of an app role, such as `SecOps.Approver`",
        ),
        (
            "approvers: {from: [group:soc]}",
            "4:20: groups are not asked: give the group an app role, and write `role:NAME`",
        ),
        (
            "approvers: {from: [everybody]}",
            "4:20: `everybody` does not say whose answers count: write `role:NAME` or `user:ID`",
        ),
        (
            "approvers: {from: [role: a]}",
            "4:20: write `role:NAME` or `user:ID` without a space after the colon",
        ),
        (
            f"approvers: {{need: 2, from: [user:{USER}]}}",
            (
                "4:19: 2 different people have to approve, and 1 user is named: nothing could ever be approved: "
                "name more, or a role, or ask for fewer"
            ),
        ),
        (
            "approvers: {from: [role:a], notRequester: yes}",
            "4:43: `yes` is not a boolean: write `true` or `false`",
        ),
        (
            "approvers: {from: [role:a], valid: 7d}",
            "4:36: Defender keeps an action pending for 7 days: write less than `7d`",
        ),
        (
            "lastChance: {decide: approve}",
            "4:22: silence never approves: write `escalate`, `handOff` or `reject`",
        ),
        (
            "lastChance: {decide: Approve}",
            "4:22: silence never approves: write `escalate`, `handOff` or `reject`",
        ),
        (
            "lastChance: {decide: ignore}",
            "4:22: `ignore` is not what a last chance decides: one of `escalate`, `handOff`, `reject`",
        ),
        (
            "lastChance: {before: 7d}",
            (
                "4:22: the last chance would come before anybody was asked: Defender keeps an action for 7 days: "
                "write less than `7d`"
            ),
        ),
        (
            "lastChance: {before: 14m}",
            "4:22: nobody could still answer in that time: write `15m` or longer",
        ),
        (
            "lastChance: {notify: []}",
            "4:22: this is empty: write `notify: [pagerduty-secops]`",
        ),
        (
            "lastChance: {notify: [pagerduty-leed]}",
            "4:23: there is no channel `pagerduty-leed`: did you mean `pagerduty-lead`?",
        ),
        ("lastChance: 24h", "4:13: write `lastChance: {before: 24h, decide: escalate}`"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(more: str, problem: str) -> None:
    assert with_more(more) == [problem]


@pytest.mark.parametrize(
    "more",
    [
        "wait: 0m",
        "wait: 1h",
        "repeat: {every: 5m, times: 50}",
        "repeat: {every: 4h, times: 1}",
        "acknowledged: {quiet: 167h}",
        "hours: {quiet: 22:00-06:00, zone: UTC, unless: []}",
        "hours: {quiet: 00:00-24:00, zone: America/New_York}",
        "approvers: {need: 5, from: [role:a]}",
        f"approvers: {{need: 2, from: [user:{USER}, user:{OTHER}]}}",
        f"approvers: {{need: 5, from: [user:{USER}, role:a]}}",
        "lastChance: {before: 167h}",
        "lastChance: {before: 15m, decide: reject}",
        "lastChance: {notify: [teams-secops]}",
    ],
)
def test_up_to_the_edge_it_is_taken(more: str) -> None:
    assert with_more(more) == []


def test_no_wait_and_no_exception_from_quiet_hours_are_not_what_is_usual() -> None:
    found = read(f"{LEAST}wait: 0m\nhours: {{quiet: 22:00-06:00, zone: UTC, unless: []}}\n")

    assert found.wait == timedelta(0)
    assert found.hours is not None
    assert found.hours.unless == frozenset()


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (
            "  - {after: 5m, notify: [teams-secops]}\n",
            "3:13: the first step is taken at once: leave `after` out; `wait` says how long its notice waits",
        ),
        (
            "  - {notify: [teams-secops]}\n  - {notify: [pagerduty-lead]}\n",
            "4:5: `after` is missing: say how long after the page was opened this step comes, such as `15m`",
        ),
        (
            (
                "  - {notify: [teams-secops]}\n  - {after: 2h, notify: [pagerduty-lead]}\n"
                "  - {after: 120m, notify: [teams-secops]}\n"
            ),
            (
                "5:13: this step comes no later than the one before it, and both count from the opening of the page: "
                "write a longer `after`"
            ),
        ),
        (
            "  - {notify: [teams-secops]}\n  - {after: 7d, notify: [pagerduty-lead]}\n",
            "4:13: Defender keeps an action pending for 7 days: write less than `7d`",
        ),
        ("  - {urgency: high}\n", "3:5: `notify` is missing: write `notify: [pagerduty-secops]`"),
        (
            "  - {notify: []}\n",
            "3:14: this is empty: write `notify: [pagerduty-secops]`",
        ),
        ("  - {notify: teams-secops}\n", "3:14: a list is asked for: write `notify: [pagerduty-secops]`"),
        (
            "  - {notify: [teams-secops, teams-secops]}\n",
            "3:29: `teams-secops` is told already: leave it out here",
        ),
        ("  - {notify: [7]}\n", "3:15: `7` reads as a number: put it in quotes if it is text"),
        (
            "  - {notify: [teams-secop]}\n",
            "3:15: there is no channel `teams-secop`: did you mean `teams-secops`?",
        ),
        (
            "  - {notify: [teams-secops], urgency: urgent}\n",
            "3:39: `urgent` is not an urgency: one of `high`, `low`, `normal`",
        ),
        (
            "  - {notify: [teams-secops], urgncy: high}\n",
            "3:30: unknown key `urgncy`: did you mean `urgency`?",
        ),
        ("  - teams-secops\n", "3:5: write `{after: 15m, notify: [pagerduty-secops]}`"),
        (
            "  teams: secops\n",
            (
                "3:3: a list is asked for: write `steps: [{notify: [teams-secops]}, {after: 15m, notify: "
                "[pagerduty-secops], urgency: high}]`"
            ),
        ),
        (
            "  []\n",
            (
                "3:3: a chain without a step tells nobody: write `steps: [{notify: [teams-secops]}, {after: 15m, "
                "notify: [pagerduty-secops], urgency: high}]`"
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_step_is_told_where_it_is(steps: str, problem: str) -> None:
    assert with_steps(steps) == [problem]


@pytest.mark.parametrize(("wait", "is_taken"), [("14m", True), ("15m", False)])
def test_the_first_notice_comes_before_the_second_step(wait: str, is_taken: bool) -> None:
    found = with_steps(
        f"  - {{notify: [teams-secops]}}\n  - {{after: 15m, notify: [pagerduty-lead]}}\nwait: {wait}\n"
    )

    assert (found == []) is is_taken
    assert is_taken or found[0].endswith(
        "the second step comes before the first notice: write less than its `after`"
    )


def test_there_is_an_end_to_steps_and_channels() -> None:
    steps = "  - {notify: [teams-secops]}\n"
    many = [f"  - {{after: {at}h, notify: [teams-secops]}}\n" for at in range(1, 21)]

    assert with_steps(steps + "".join(many[:19])) == []
    assert with_steps(steps + "".join(many)) == ["23:5: there are more than 20 here: leave some out"]


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    text = (
        WHOLE.replace("chain: secops", "chian: secops")
        .replace("[teams-secops]", "[team-secops]")
        .replace("after: 2h", "after: 15m")
        .replace("times: 3", "times: many")
        .replace("decide: handOff", "decide: approve")
    )

    assert [one.split(": ", 1)[0] for one in told(text)] == ["1:1", "1:1", "7:14", "11:12", "13:28", "17:35"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- chain: a\n", "1:1: a chain file has the keys `chain` and `steps`"),
        ("just words\n", "1:1: a chain file has the keys `chain` and `steps`"),
        ("", "1:1: the file is empty"),
        ("# nothing yet\n", "1:1: the file is empty"),
        (LEAST.replace("secops\n", "&a secops\n", 1), "1:8: the anchor `&a`: write the value out, or use a list file"),
        (LEAST + "chain: b\n", "4:1: the key `chain` is there already, on line 1"),
        (LEAST.replace("chain: secops", "chain: sec ops"), "1:8: `sec ops` is not a name: use letters, digits, `-` and `_`"),
        (LEAST.replace("chain: secops", f"chain: {'a' * 101}"), "1:8: a name has at most 100 characters"),
        (LEAST.replace("chain: secops", "chain: 7"), "1:8: `7` reads as a number: put it in quotes if it is text"),
    ],
)  # fmt: skip
def test_what_is_no_chain_is_refused(text: str, problem: str) -> None:
    assert told(text) == [problem]


def test_a_name_may_be_as_long_as_a_name_may_be() -> None:
    assert told(LEAST.replace("chain: secops", f"chain: {'a' * 100}")) == []


def written(chain: Chain) -> str:
    """Return the file of a chain, with everything said."""

    def minutes(length: timedelta) -> str:
        return f"{length // timedelta(minutes=1)}m"

    steps = "".join(
        "  - "
        + (f"after: {minutes(step.after)}\n    " if at else "")
        + f"notify: [{', '.join(step.notify)}]\n    urgency: {step.urgency}\n"
        for at, step in enumerate(chain.steps)
    )
    repeat = chain.repeat
    return (
        f"chain: {chain.name}\ngroup: {chain.group}\nwait: {minutes(chain.wait)}\nsteps:\n{steps}"
        + (f"repeat: {{every: {minutes(repeat.every)}, times: {repeat.times}}}\n" if repeat else "")
        + f"acknowledged: {{quiet: {minutes(chain.quiet)}}}\n"
        f"lastChance: {{before: {minutes(chain.last_chance.before)}, decide: {chain.last_chance.decide}}}\n"
    )


def minutes(least: int, most: int) -> st.SearchStrategy[timedelta]:
    return st.integers(least, most).map(lambda count: timedelta(minutes=count))


WEEK = 7 * 24 * 60
STEPS = st.lists(
    st.tuples(st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple), st.sampled_from(Urgency)),
    min_size=1,
    max_size=6,
)


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    drawn = draw(STEPS)
    afters = draw(
        st.lists(st.integers(61, WEEK - 1), min_size=len(drawn), max_size=len(drawn), unique=True).map(sorted)
    )
    lines = [(0 if at == 0 else afters[at], *one) for at, one in enumerate(drawn)]
    return Chain(
        name="secops",
        group=draw(st.sampled_from(Grouping)),
        wait=draw(minutes(0, 60)),
        steps=tuple(
            Step(after=timedelta(minutes=after), notify=names, urgency=loud, mark=Mark(1, 1))
            for after, names, loud in lines
        ),
        repeat=draw(st.none() | st.builds(Repeat, every=minutes(5, WEEK - 1), times=st.integers(1, 50))),
        quiet=draw(minutes(1, WEEK - 1)),
        last_chance=LastChance(before=draw(minutes(15, WEEK - 1)), decide=draw(st.sampled_from(Fallback))),
        file="p/chains/secops.yaml",
        mark=Mark(1, 1),
    )


@settings(max_examples=60, deadline=None)
@given(chain=chains())
def test_every_chain_that_can_be_written_is_read_as_it_was_written(chain: Chain) -> None:
    found = read(written(chain))

    unmarked = tuple(
        Step(after=one.after, notify=one.notify, urgency=one.urgency, mark=Mark(1, 1)) for one in found.steps
    )
    assert unmarked == chain.steps
    assert (found.group, found.wait, found.repeat, found.quiet, found.last_chance) == (
        chain.group,
        chain.wait,
        chain.repeat,
        chain.quiet,
        chain.last_chance,
    )


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_whatever_a_file_holds_is_told_and_never_an_accident(data: bytes) -> None:
    for start in (b"", b"chain: a\nsteps: ", LEAST.encode() + b"approvers: "):
        told(start + data)


def test_a_chain_is_told_in_words() -> None:
    assert in_words(read(WHOLE)) == (
        "teams-secops at once, pagerduty-secops after 15m (high), pagerduty-lead and email-managers after 2h, "
        "again every 4h up to 3 times; 2 people have to approve, of role SecOps.Approver, user "
        "11111111-2222-3333-4444-55555555555a"
    )
    assert in_words(read(LEAST)) == (
        "teams-secops at once; nobody's answer counts, people decide in Defender"
    )
