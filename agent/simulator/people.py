"""People who work: they look at what is pending in the portal in office hours, decide it by their rules, and are wrong at times.

What becomes of each proposal is drawn when it appears, from the seed and the alert alone, so that neither what an agent does
nor the order of its requests changes it. Whatever they did is written down here, and not shown to anybody through Graph: it
is what a report is held to. Some proposals nobody gets to before the week is over, some are cancelled since the mail
was purged first, and of some decisions the investigation's later rows never reach hunting.
"""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from agent.simulator import happenings
from agent.simulator.lots import lots
from agent.simulator.names import LEAD_PERSON, NIGHT_PERSON, PORTAL_PERSON
from agent.simulator.nouns import Bundle, Fate, Judgement, Proposal
from agent.simulator.rulings import ruling
from agent.simulator.state import LIFETIME, Happening, State

ZONE = ZoneInfo("Europe/Madrid")
OPENS, CLOSES = time(8), time(18)
FRIDAY = 4

CREW = (PORTAL_PERSON, LEAD_PERSON, NIGHT_PERSON)
"""Who decides, each as likely as the others."""

PURGED_AFTER = timedelta(minutes=25)
"""From when people could look at the first of it until the mail of some is purged."""
LATEST = timedelta(hours=2)
"""Before the week ends: a proposal that people would only look at later is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How people work, in shares from 0 to 1 of all proposals."""

    mistakes: float = 0.03
    """Decisions that are the opposite of what their rules say."""
    left: float = 0.04
    cancelled: float = 0.04
    """Of proposals on mail alone: nothing else is purged."""
    silent: float = 0.10
    """Decisions after which hunting tells nothing of the investigation any more."""
    soonest: timedelta = timedelta(minutes=15)
    """How long a proposal waits at least, in office hours."""
    wait: timedelta = timedelta(hours=3)
    """How much longer it waits on average: most are soon looked at, some for days not."""


class Crew:
    """The people of one tenant."""

    def __init__(self, seed: int, habits: Habits | None = None) -> None:
        self.habits = habits or Habits()
        self._seed = seed

    def meet(self, state: State, bundle: Bundle, now: datetime) -> None:
        """Let people come across an incident that has just appeared: plan what becomes of each of its proposals."""
        for alert in bundle.alerts:
            for proposal in state.open_proposals(alert["id"]):
                number = next(
                    index for index, one in enumerate(alert["evidence"]) if one is proposal.evidence
                )
                self._plan(state, proposal, number, now)

    def _plan(self, state: State, proposal: Proposal, number: int, now: datetime) -> None:
        judgement = self._drawn(state, proposal, number, now)
        state.judgements[judgement.alert_id, number] = judgement
        state.plan(judgement.due, self._comes_true(judgement, proposal))

    def _drawn(self, state: State, proposal: Proposal, number: int, now: datetime) -> Judgement:
        draw, habits = lots(self._seed, f"people/{proposal.alert_id}/{number}"), self.habits
        # Each is drawn whether it is needed or not: a habit that changes leaves the other lots as they are.
        chance, wrong, silent, by = draw.random(), draw.random(), draw.random(), draw.choice(CREW)
        due, deadline = worked(now, _wait(draw, habits)), _deadline(proposal)
        left = Judgement(alert_id=proposal.alert_id, evidence=number, fate=Fate.LEFT, due=deadline)
        if chance < habits.left or due >= deadline - LATEST:
            return left
        is_mail = any(copy.in_mailbox for copy in proposal.copies(state.post))
        if is_mail and chance < habits.left + habits.cancelled:
            return replace(left, fate=Fate.CANCELLED, due=now + habits.soonest + PURGED_AFTER)
        approves, rule = ruling(state, proposal)
        is_mistake = wrong < habits.mistakes
        return replace(
            left,
            fate=Fate.APPROVED if approves is not is_mistake else Fate.REJECTED,
            rule=rule,
            is_mistake=is_mistake,
            by=by,
            is_silent=silent < habits.silent,
            due=due,
        )

    def _comes_true(self, judgement: Judgement, proposal: Proposal) -> Happening:
        def come(state: State, now: datetime) -> None:
            if not proposal.is_open and judgement.fate is not Fate.LEFT:
                # Somebody or something else was quicker.
                judgement_now = replace(judgement, fate=Fate.CANCELLED, by="", is_mistake=False, at=now)
            else:
                self._act(state, judgement, proposal, now)
                # One investigation that is silent is so of everything that is decided in it from then on.
                judgement_now = replace(judgement, is_silent=judgement.alert_id in state.silent, at=now)
            state.judgements[judgement.alert_id, judgement.evidence] = judgement_now

        return come

    def _act(self, state: State, judgement: Judgement, proposal: Proposal, now: datetime) -> None:
        if judgement.is_silent:
            state.silent.add(judgement.alert_id)
        where = (judgement.alert_id, judgement.evidence, judgement.by)
        match judgement.fate:
            case Fate.APPROVED:
                happenings.person_approves(*where)(state, now)
            case Fate.REJECTED:
                happenings.person_rejects(*where)(state, now)
            case Fate.CANCELLED:
                happenings.zap([copy.pair for copy in proposal.copies(state.post)])(state, now)
            case Fate.LEFT:
                return


def _deadline(proposal: Proposal) -> datetime:
    return datetime.fromisoformat(proposal.evidence["createdDateTime"]) + LIFETIME


def _wait(draw: Random, habits: Habits) -> timedelta:
    """Draw how long a proposal waits in office hours."""
    return habits.soonest + habits.wait * draw.expovariate(1.0)


def worked(since: datetime, span: timedelta) -> datetime:
    """Return when so much time in office hours has gone by since a moment: Monday to Friday from eight to six."""
    moment = _at_work(since.astimezone(ZONE))
    while span > timedelta(0):
        closes = datetime.combine(moment.date(), CLOSES, ZONE)
        left = closes.astimezone(since.tzinfo) - moment.astimezone(since.tzinfo)
        if span < left:
            break
        span -= left
        moment = _at_work(datetime.combine(moment.date() + timedelta(days=1), OPENS, ZONE))
    return moment.astimezone(since.tzinfo) + span


def _at_work(moment: datetime) -> datetime:
    """Return this moment of office time, or the next one."""
    if moment.weekday() <= FRIDAY and OPENS <= moment.time() < CLOSES:
        return moment
    day = moment.date()
    if moment.time() >= CLOSES or moment.weekday() > FRIDAY:
        day += timedelta(days=1)
    while day.weekday() > FRIDAY:
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, ZONE)
