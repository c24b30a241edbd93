"""Caps of the whole tenant: no order of arrival passes one, and nothing that was spent is ever forgotten."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.guard import first_passed, guard_of, guarded, over, weigh
from agent.judge.rails.caps import caps_as_they_stand
from agent.judge.rails.scene import Scene
from agent.model.decision import Decision, Guarded, Unit, Verb, Weighed
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind
from agent.model.rails import Cap
from tests.judge.rails.scenes import OPEN, a_scene, an_effect, mails
from tests.judge.rails.scenes import others as beside
from tests.judge.writing import a_judge, decided, facts, parsed, policy_file

H = timedelta(hours=1)
ACTIONS = Cap(name="actions_per_hour", unit=Unit.ACTIONS, count=3, window=H)
MESSAGES = Cap(name="messages_per_hour", unit=Unit.MESSAGES, count=10, window=H, kinds=MAIL_EFFECTS)
ACCOUNTS = Cap(
    name="accounts_per_hour",
    unit=Unit.ACTIONS,
    count=1,
    window=H,
    kinds=frozenset({EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS}),
)


def scene(*effects: Effect, caps: tuple[Cap, ...] = (ACTIONS, MESSAGES, ACCOUNTS), **more: object) -> Scene:
    return a_scene(*effects, rails=msgspec.structs.replace(OPEN, caps=caps), **more)  # type: ignore[arg-type]


def others(count: int, *, each: int = 1, ago: timedelta = timedelta(0)) -> tuple[Effect, ...]:
    return tuple(mails(each, action=f"other-{n}", ago=ago) for n in range(count))


def passed(here: Scene) -> str | None:
    found = first_passed(caps_as_they_stand(here))
    return None if found is None else guard_of(found)


@pytest.mark.parametrize(("spent", "guard"), [(2, None), (3, "actions_per_hour")])
def test_actions_are_counted_whoever_approved_them(spent: int, guard: str | None) -> None:
    assert passed(scene(given=others(spent))) == guard


@pytest.mark.parametrize(("each", "guard"), [(4, None), (5, "messages_per_hour")])
def test_messages_are_counted_copy_by_copy(each: int, guard: str | None) -> None:
    assert passed(scene(mails(2), given=others(2, each=each))) == guard


@pytest.mark.parametrize(("ago", "guard"), [(H, "actions_per_hour"), (H + timedelta(seconds=1), None)])
def test_what_was_given_exactly_a_window_ago_still_counts(ago: timedelta, guard: str | None) -> None:
    assert passed(scene(given=others(3, ago=ago))) == guard


def test_a_cap_of_some_kinds_counts_those_only() -> None:
    disable = an_effect(("u", ""), kind=EffectKind.DISABLE_USER)
    revoke = an_effect(("v", ""), kind=EffectKind.REVOKE_SESSIONS, action="other")

    assert passed(scene(disable, given=(mails(1, action="other"),))) is None
    assert passed(scene(disable, given=(revoke,))) == "accounts_per_hour"
    assert passed(scene(mails(1), given=(revoke,))) is None
    assert [one.cap for one in caps_as_they_stand(scene(disable))] == [
        "actions_per_hour",
        "accounts_per_hour",
    ]


def test_an_action_counts_once_and_its_own_messages_count() -> None:
    here = scene(mails(2))

    def with_own(count: int) -> Scene:
        own = mails(count, action=here.action.id)
        return msgspec.structs.replace(here, given=beside(own, *others(2, each=0)))

    assert passed(with_own(9)) == "messages_per_hour"
    assert passed(with_own(8)) is None


def test_the_words_name_all_policies_together() -> None:
    actions, messages = (
        Weighed(policy="", unit=unit, count=1_000, window=H, spent=999, asked=2, cap="c")
        for unit in (Unit.ACTIONS, Unit.MESSAGES)
    )

    assert over(actions) == "all policies together may have 1,000 actions in one hour, and 999 are spent"
    assert over(messages) == (
        "all policies together may have 1,000 messages in one hour, 999 are spent, and this has 2"
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 6), st.integers(0, 40)), max_size=40))
def test_no_order_of_arrival_passes_a_cap(arrivals: list[tuple[int, int, int]]) -> None:
    given_: list[Effect] = []
    moment = timedelta(0)
    for number, (who, count, minutes) in enumerate(arrivals):
        moment += timedelta(minutes=minutes)
        effect = mails(count, action=f"a{who}", number=number, ago=-moment)
        base = scene(effect, caps=(ACTIONS, MESSAGES))
        now = base.now + moment
        here = msgspec.structs.replace(base, now=now)
        # The action of a scene has an id of its own; so that the same one may come again, it is renamed.
        given_named = tuple(
            msgspec.structs.replace(one, action_id=here.action.id) if one.action_id == f"a{who}" else one
            for one in given_
        )
        if passed(msgspec.structs.replace(here, given=beside(*given_named))) is None:
            given_.append(effect)
        for end in given_:
            window = [one for one in given_ if end.intended_at - H <= one.intended_at <= end.intended_at]
            assert len({one.action_id for one in window}) <= ACTIONS.count
            assert sum(len(one.targets) for one in window) <= MESSAGES.count


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 200), st.integers(0, 200))
def test_more_that_was_spent_never_lets_go_of_what_is_held(
    spent: int, more: int, asked: int, count: int
) -> None:
    def held(amount: int) -> bool:
        one = Weighed(
            policy="", unit=Unit.MESSAGES, count=count, window=H, spent=amount, asked=asked, cap="c"
        )
        return guarded(approval(), (one,)).guard is not None

    assert held(spent + more) or not held(spent)


def approval() -> Decision:
    return decided(a_judge(policy_file("cluster.by: url")), facts({"cluster.by": "url"}))


@given(
    st.lists(st.sampled_from(["hold", "brake", "size"]), max_size=3),
    st.lists(st.integers(0, 5), max_size=4),
    st.integers(0, 5),
)
def test_a_guard_that_is_added_never_turns_what_is_held_into_an_approval(
    rails: list[str], spent: list[int], approvers: int
) -> None:
    said = tuple(Guarded(guard=name, words="no") for name in rails)
    weighed = tuple(
        Weighed(policy="p", unit=Unit.ACTIONS, count=3, window=H, spent=one, asked=1) for one in spent
    )

    after = guarded(approval(), weighed, said, approvers=approvers)

    is_held = bool(said) or any(one.is_over for one in weighed)
    assert (after.verb is Verb.APPROVE) is not is_held
    assert (after.guard is None) is not is_held
    for less in range(len(weighed)):
        fewer = guarded(approval(), weighed[:less], said)
        assert fewer.verb is Verb.APPROVE or after.verb is not Verb.APPROVE


def test_the_first_rail_gives_its_name_and_the_others_are_told() -> None:
    said = (Guarded(guard="size", words="too large"), Guarded(guard="radius", words="too wide"))

    after = guarded(approval(), (), said, approvers=2)

    assert (after.guard, after.held, after.approvers) == ("size", said, 2)
    assert after.reason.startswith("held by `size`: too large (and `radius` would hold it too); otherwise ")


def test_caps_come_before_the_limits_of_policies_and_nothing_after_the_first_that_is_passed_is_asked() -> (
    None
):
    limited = parsed(policy_file("cluster.by: url", more="limits: {actions: 20/h, messages: 5/d}"))
    asked: list[Unit] = []

    def spent(_: object, unit: Unit, __: object) -> int:
        asked.append(unit)
        return 20

    over_it, within = (
        Weighed(policy="", unit=Unit.ACTIONS, count=count, window=H, spent=0, asked=1, cap="c")
        for count in (0, 1)
    )

    assert weigh([limited], spent, 1, [over_it, within]) == (over_it,)
    assert asked == []
    assert [one.cap for one in weigh([limited], spent, 1, [within])] == ["c", ""]
    assert asked == [Unit.ACTIONS]
