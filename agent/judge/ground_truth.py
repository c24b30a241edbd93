"""(How a proposal ended, what people answered here, what others wrote down of it) -> what people decided, as far as anybody knows.

People have decided where they answered here and it counted, where a row of AIR's or a record of the audit names them with a
yes or a no, and where the evidence says `declined` more than an hour before the week ends. All of these have to say the
same: where one says otherwise nobody knows what people decided, and no later word mends that.

Unknown is told with its reason. `remediated` is a person's yes as well as Defender's own closing; what ended by our own
deletion is nobody's yes; an expiry is nobody's no. A yes that others wrote down counts only beside evidence that shows it
carried out: what was cancelled or taken back there is no approval.

UNCONFIRMED: that `declined` is a person's no, and what evidence says of what was cancelled or taken back. So the word alone
is no more than likely, and every other word than those of `CARRIED_OUT` voids a yes.
"""

from collections.abc import Mapping, Sequence

import msgspec

from agent.judge.attribute import Word
from agent.judge.lives import How, Life, Past
from agent.judge.remember import MARGIN
from agent.model.decision import Answered, Decision, Verb
from agent.model.history import DECLINED
from agent.model.truth import Certainty, Source, Truth, Unknown

CARRIED_OUT = frozenset({"remediated", "partiallyRemediated", "running"})
"""Words of evidence whose action was carried out, or is about to be: by a person's yes, by Defender itself, or because the
mail was gone, which they do not tell apart. Source: [EAI] [META]."""

Told = Mapping[Source, Word]
"""What is said of a proposal by each source but the evidence."""


def truth(life: Life, told: Told) -> Truth | None:
    """Return what people decided about a proposal, or why that is not known; None where it is open and nobody answered."""
    if life.how is How.OPEN and Source.ANSWER not in told:
        return None
    voices = {
        source: told[source] for source in ORDER if source in told and _counts(source, told[source], life)
    }
    shown = _shown(life)
    verbs = {word.verb for word in voices.values()} | ({shown} if shown is not None else set())
    unknown = None
    if None in verbs or len(verbs) > 1:
        unknown = Unknown.CONTRADICTED
    elif not verbs:
        unknown = _why(life)
    first = next(iter(voices), Source.EVIDENCE)
    return Truth(
        action_id=life.action_id,
        first_seen=life.first_seen,
        verb=verbs.pop() if unknown is None else None,
        unknown=unknown,
        source=first,
        certainty=_certainty(first, voices.get(first), shown) if unknown is None else Certainty.UNKNOWN,
        at=min((word.at for word in voices.values()), default=life.at),
        by=_names(voices, first, unknown),
    )


ORDER = (Source.ANSWER, Source.AIR, Source.AUDIT)
"""The strongest first: a truth names the first that says something."""


def _counts(source: Source, word: Word, life: Life) -> bool:
    """Whether it counts: a yes that others wrote down does not where the evidence shows that nothing came of it."""
    if source is Source.ANSWER or word.verb is not Verb.APPROVE or life.how is not How.ELSEWHERE:
        return True
    return life.status in CARRIED_OUT or life.status == DECLINED


def _shown(life: Life) -> Verb | None:
    """Return what the evidence itself shows people to have decided; None where it shows nothing of the kind."""
    is_no = life.status == DECLINED and life.how is How.ELSEWHERE
    return Verb.REJECT if is_no and life.seen < life.deadline - MARGIN else None


def _why(life: Life) -> Unknown:
    """Return why nobody knows what people decided, where nothing names anybody."""
    if life.how is How.EXPIRED:
        return Unknown.EXPIRED
    if life.how is not How.ELSEWHERE:
        return Unknown.NOBODY
    if life.status == DECLINED:
        return Unknown.LATE
    return Unknown.UNTOLD if life.status in CARRIED_OUT else Unknown.CANCELLED


def _certainty(first: Source, word: Word | None, shown: Verb | None) -> Certainty:
    """Return how sure it is: a person who was signed in says so, or a row and the evidence, each by itself.

    A row that is of several at a time may be another one's.
    """
    is_told = word is not None and not word.is_of_several
    is_certain = first is Source.ANSWER or (is_told and shown is not None)
    return Certainty.CERTAIN if is_certain else Certainty.LIKELY


def _names(voices: Told, first: Source, unknown: Unknown | None) -> tuple[str, ...]:
    """Return who decided; where it is contradictory, everybody who is named."""
    if unknown is Unknown.CONTRADICTED:
        return tuple(dict.fromkeys(name for word in voices.values() for name in word.by))
    return voices[first].by if first in voices else ()


def written(life: Life, told: Told, known: Truth | None) -> Truth | None:
    """Return what is to be written of a proposal; None where what is `known` of it already stands.

    What ended and awaits approval again is open again. Where people contradicted each other that stays so.
    """
    if known is not None and known.unknown is Unknown.CONTRADICTED:
        return None
    found = truth(life, told)
    if found is None:
        is_open = known is None or known.unknown is Unknown.NOBODY
        return None if is_open else opened(life)
    if known is None:
        return found
    is_same = msgspec.structs.replace(found, at=known.at) == known
    return None if is_same else found


def opened(life: Life) -> Truth:
    """Return the truth of what nobody has decided, or nobody any more."""
    return Truth(
        action_id=life.action_id,
        first_seen=life.first_seen,
        verb=None,
        unknown=Unknown.NOBODY,
        source=Source.EVIDENCE,
        certainty=Certainty.UNKNOWN,
        at=life.at,
    )


def answered(decision: Decision | None) -> Word | None:
    """Return what people decided here; a guard rail may have held what they approved, a no it does not touch."""
    if decision is None or not decision.answered:
        return None
    return word_of(decision.answered, Verb.APPROVE if decision.guard is not None else decision.verb)


def word_of(given: Sequence[Answered], verb: Verb) -> Word:
    """Return the word of people whose answers together are this."""
    in_order = sorted(given, key=lambda one: (one.at, one.name))
    return Word(verb=verb, by=tuple(one.name for one in in_order), at=in_order[-1].at)


def with_answer(told: Told, answer: Word | None) -> Told:
    """Return what others say, and what people answered here where they did."""
    return told if answer is None else {**told, Source.ANSWER: answer}


def answer_in(known: Truth | None) -> Word | None:
    """Return what people are known to have answered here; None where they did not, or nobody knows what."""
    if known is None or known.source is not Source.ANSWER or known.verb is None:
        return None
    return Word(verb=known.verb, by=known.by, at=known.at)


def by_history(past: Past) -> Truth | None:
    """Return the truth of a proposal by the history alone, where neither rows nor records say more."""
    return truth(past.life, with_answer({}, past.answer))
