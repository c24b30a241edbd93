"""Several actions answered at once: chosen in the list, shown once more with what each would do, and then answered one by one.

They are of one kind, as in Defender's Action center: whoever approves ten things has to be able to say what they are. The
number of actions is typed, since a click too many is easily made. Each answer is judged and counted by itself, bound to
what was shown of its action; what one of them comes to changes nothing for the others.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.faces.holds import idle
from agent.faces.questions import undo_words
from agent.faces.web.addresses import incident_page, twins
from agent.faces.web.again import asked_again, is_high_risk
from agent.faces.web.answer_form import ANOTHER
from agent.faces.web.forms import form_of, text_of
from agent.faces.web.refusing import NotHere, NotUnderstood
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.faces.web.visit import visit_of
from agent.judge.answering import LONGEST, Attempt, why_not
from agent.judge.bind import offer_of, targets_of
from agent.judge.quote import quote
from agent.judge.worklist import TYPES
from agent.loop.answering import answer, put
from agent.loop.policies import InForce
from agent.model.decision import Verb
from agent.model.enactment import Effect, Record
from agent.model.errors import AgentError
from agent.model.session import Draft

MOST = 100
"""Actions answered at once: as many as a person can look through."""

VERBS = {Verb.APPROVE.value: Verb.APPROVE, Verb.REJECT.value: Verb.REJECT}


class One(msgspec.Struct, frozen=True, kw_only=True):
    """One of the chosen actions. `what` and `would` may be an attacker's words."""

    id: str
    what: str
    incident: str
    incident_page: str
    would: str
    """What an approval would do; empty where that is not known."""
    targets: int | None
    """How much that would act on; None where it is not known."""
    why_not: str
    """Why the answer would not count, in words; empty where it would."""
    digest: str
    """What an answer is bound to."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen actions, and what is to be answered."""

    verb: str
    type: str
    counting: tuple[One, ...]
    """Those whose answers would count."""
    others: tuple[One, ...]
    targets: int
    """What an approval of those that count would act on."""
    undo: str
    idle: str
    """Why nothing would be carried out for it, apart from holds; empty where an agent would."""
    reason: str
    longest: int
    error: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the answer to one action."""

    id: str
    what: str
    counts: bool
    words: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every answer."""

    verb: str
    type: str
    counted: int
    idle: str
    results: tuple[Result, ...]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to answer, read anew: the records of one kind, in the order in which they were chosen."""

    verb: Verb
    records: tuple[Record, ...]

    @property
    def type(self) -> str:
        """The Action center's name of what they are."""
        return TYPES[self.records[0].action.kind]

    @property
    def key(self) -> str:
        """What a draft of this answer is kept under."""
        ids = " ".join(sorted(record.action.id for record in self.records))
        return f"several:{sha256(ids.encode()).hexdigest()[:16]}"

    @property
    def address(self) -> str:
        """Of the page that shows it."""
        asked = [("verb", self.verb.value), *(("id", record.action.id) for record in self.records)]
        return f"/pending/chosen?{urlencode(asked)}"


async def chosen(request: Request) -> Response:
    """Show what was chosen, and what answering it would do; nothing is changed by it."""
    asked = request.query_params
    wanted = await _wanted(site_of(request), asked.get("verb", ""), asked.getlist("id"))
    draft = visit_of(request).session.draft
    reason = draft.reason if draft is not None and draft.action_id == wanted.key else ""
    return await show(request, "chosen.html", await _document(request, wanted, reason))


async def answer_chosen(request: Request) -> Response:
    """Answer each of them, and show what became of every answer."""
    form, site = await form_of(request), site_of(request)
    digests = _digests(form)
    wanted = await _wanted(site, text_of(form, "verb"), tuple(digests))
    reason = text_of(form, "reason")
    wrong = _wrong(reason, text_of(form, "count"), len(digests), wanted.verb)
    if wrong:
        document = await _document(request, wanted, reason, error=wrong)
        return await show(request, "chosen.html", document, status=400)
    again = await asked_again(
        request,
        back=wanted.address,
        high_risk=wanted.verb is Verb.APPROVE
        and is_high_risk(site, wanted.records[0].action.kind, _amount(wanted.records)),
        draft=Draft(action_id=wanted.key, verb=wanted.verb.value, reason=reason, digest=""),
    )
    if again is not None:
        return again
    policies, person = await site.policies.now(), visit_of(request).person
    attempt = Attempt(person=person, verb=wanted.verb, reason=reason, digest="")
    results = [
        await _answered(
            site, policies, record, msgspec.structs.replace(attempt, digest=_bound(record, digests))
        )
        for record in wanted.records
    ]
    count = sum(one.counts for one in results)
    answered = Answered(
        verb=wanted.verb.value,
        type=wanted.type,
        counted=count,
        idle=await _idle(site),
        results=tuple(results),
    )
    return await show(request, "chosen_answered.html", answered, status=200 if count else 409)


async def _answered(site: Site, policies: InForce, record: Record, attempt: Attempt) -> Result:
    """Answer one of them; whatever stands in its way, the others are answered all the same."""
    action = record.action
    try:
        replied = await answer(site.desk, policies, action.id, attempt, via="page")
    except AgentError as error:
        words = f"it was not answered: {error}"
        return Result(id=action.id, what=action.label, counts=False, words=words)
    return Result(id=action.id, what=action.label, counts=replied.counts, words=replied.words)


def _bound(record: Record, digests: dict[str, str]) -> str:
    """Return what the answer to one of them is bound to: what was shown, where how high a risk it is was told of that."""
    offered, digest = offer_of(record), digests[record.action.id]
    return digest if offered is not None and offered.digest == digest else ANOTHER


async def _wanted(site: Site, verb: str, ids: Sequence[str]) -> Wanted:
    """Return what was chosen, each once.

    Raises:
        NotUnderstood: it is nothing, too much, or of more than one kind.
        NotHere: something of it is not known in this tenant.
    """
    each = tuple(dict.fromkeys(ids))
    if verb not in VERBS:
        raise NotUnderstood(f"`verb`: an answer is either approve or reject, not {quote(verb)}")
    if not each:
        raise NotUnderstood("nothing was chosen: tick actions in the list first")
    if len(each) > MOST:
        raise NotUnderstood(f"{len(each):,} actions were chosen: choose {MOST} at most")
    found = await site.desk.ledger.load(each)
    missing = [one for one in each if one not in found]
    if missing:
        raise NotHere(f"nothing is known of {quote(missing[0])}: choose from the list again")
    kinds = Counter(TYPES[found[one].action.kind] for one in each)
    if len(kinds) > 1:
        told = ", ".join(f"{name} ({count})" for name, count in kinds.most_common())
        raise NotUnderstood(
            f"several at once have to be of one action type, and these are of {len(kinds)}: {told}"
        )
    return Wanted(verb=VERBS[verb], records=tuple(found[one] for one in each))


def _digests(form: FormData) -> dict[str, str]:
    """Return what was shown of each action, by its id."""
    shown = [value.partition(" ") for value in form.getlist("shown") if isinstance(value, str)]
    return {action_id: digest for action_id, _, digest in shown}


def _wrong(reason: str, typed: str, count: int, verb: Verb) -> str:
    """Say what is wrong with what somebody typed; empty where nothing is."""
    if not reason:
        return "nothing was sent: say why, in words that others understand later"
    if len(reason) > LONGEST:
        return f"nothing was sent: the reason has {len(reason):,} characters: say it in {LONGEST:,} at most"
    if typed != str(count):
        return f"nothing was sent: type {count}, the number of actions that you {verb.value}"
    return ""


async def _document(request: Request, wanted: Wanted, reason: str, error: str = "") -> Chosen:
    site, person = site_of(request), visit_of(request).person
    policies = await site.policies.now()
    attempt = Attempt(person=person, verb=wanted.verb, reason="it is given below", digest="")
    shown = [await _one(site, policies, record, attempt) for record in wanted.records]
    counting = tuple(one for one in shown if not one.why_not)
    ids_counting = {one.id for one in counting}
    records = [record for record in wanted.records if record.action.id in ids_counting]
    return Chosen(
        verb=wanted.verb.value,
        type=wanted.type,
        counting=counting,
        others=tuple(one for one in shown if one.why_not),
        targets=_amount(records),
        undo=undo_words(tuple(effect for record in records for effect in _effects(record))),
        idle=await _idle(site),
        reason=reason,
        longest=LONGEST,
        error=error,
    )


async def _one(site: Site, policies: InForce, record: Record, attempt: Attempt) -> One:
    """Return one of the chosen actions, with why an answer to it would not count."""
    offered = offer_of(record)
    digest = offered.digest if offered is not None else ""
    attempt = msgspec.structs.replace(attempt, digest=digest)
    effects = await site.desk.ledger.effects(record.action.id)
    question = await put(site.desk, policies, record, attempt, effects, site.desk.clock.now())
    return One(
        id=record.action.id,
        what=record.action.label,
        incident=record.action.incident.id,
        incident_page=incident_page(record.action.incident.id),
        would=offered.why if offered is not None else "",
        targets=len(targets_of(offered.effects)) if offered is not None else None,
        why_not=why_not(question),
        digest=digest,
    )


async def _idle(site: Site) -> str:
    return idle(await site.desk.ledger.replicas(), site.desk.clock.now())


def _effects(record: Record) -> tuple[Effect, ...]:
    offered = offer_of(record)
    return offered.effects if offered is not None else ()


def _amount(records: Sequence[Record]) -> int:
    """Return how much an approval of these would act on."""
    return sum(len(targets_of(_effects(record))) for record in records)


ROUTES = (*twins("/pending/chosen", chosen), Route("/pending/answer", answer_chosen, methods=["POST"]))
