"""Inbox rules of mailboxes: what they are, and turning one on or off.

Codes are Exchange's, as they were seen in the field; what it says of a rule that is read-only is UNCONFIRMED.
"""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from agent.model.enactment import EffectKind
from agent.simulator import odata, settling
from agent.simulator.answers import Refusal, json
from agent.simulator.mailboxes import Mailbox
from agent.simulator.odata import BadRequest, Resource
from agent.simulator.paging import SKIP_TOKEN
from agent.simulator.reading import page
from agent.simulator.rendering import encode
from agent.simulator.shapes import Json
from agent.simulator.state import State
from agent.simulator.writing import body_of

_LIST = Resource("messageRules", frozenset({"$top", "$skip"}), {})
_ONE = Resource("messageRules/{id}", frozenset(), {})
PAGE = 10
"""Rules on a page where the request does not say, as Exchange's lists have it. UNCONFIRMED for rules."""
MOST_TOP = 1000


class Rules:
    """Answers what is asked and done about inbox rules."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def listed(self, request: Request, now: datetime) -> Response:
        """List the rules of a mailbox in the order in which they run."""
        options = dict(request.query_params)
        odata.checked(options, _LIST, frozenset({SKIP_TOKEN}))
        user, mailbox = mailbox_of(self._state, request.path_params["id"])
        found = [self._shown(user, rule, now) for rule in mailbox.rules.values()]
        return page(
            request,
            sorted(found, key=lambda rule: (rule["sequence"], rule["id"])),
            encode,
            context=f"users('{user['id']}')/mailFolders('inbox')/messageRules",
            size=min(odata.number(options, "$top", least=1) or PAGE, MOST_TOP),
        )

    async def one(self, request: Request, now: datetime) -> Response:
        """Give one rule."""
        odata.checked(dict(request.query_params), _ONE, frozenset())
        user, mailbox = mailbox_of(self._state, request.path_params["id"])
        return _whole(user, self._shown(user, _rule(request, mailbox), now))

    async def patch(self, request: Request, now: datetime) -> Response:
        """Turn a rule on or off, and give it as it is then. Other properties are not taken here."""
        body = await body_of(request)
        user, mailbox = mailbox_of(self._state, request.path_params["id"])
        rule = _rule(request, mailbox)
        is_enabled = body.get("isEnabled")
        if body.keys() - {"@odata.type"} != {"isEnabled"} or not isinstance(is_enabled, bool):
            raise BadRequest("the body must hold `isEnabled`, true or false, and nothing else")
        if rule["isReadOnly"]:
            raise Refusal(403, "ErrorAccessDenied", "The rule is read-only and cannot be changed.")
        effect = EffectKind.ENABLE_RULE if is_enabled else EffectKind.DISABLE_RULE
        self._state.apply(request.scope["simulated"], effect, [(rule["id"], user["id"])])
        settling.switch_rule(self._state, user["id"], rule, now, is_enabled=is_enabled)
        return _whole(user, rule)

    def _shown(self, user: Json, rule: Json, now: datetime) -> Json:
        return self._state.lagging.shown(f"{user['id']}/{rule['id']}", rule, now)


def mailbox_of(state: State, word: str) -> tuple[Json, Mailbox]:
    """Return the user of this object id or user principal name, and their mailbox.

    Raises:
        Refusal: there is no such user, or no mailbox of theirs that the app could reach.
    """
    user = state.directory.user(word)
    if user is None:
        raise Refusal(404, "ErrorInvalidUser", f"The requested user '{word[:60]}' is invalid.")
    if user["mail"] is None:
        raise Refusal(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    mailbox = state.mailboxes.get(user["id"], Mailbox())
    if mailbox.is_closed:
        raise Refusal(403, "ErrorAccessDenied", "Access to OData is disabled.")
    return user, mailbox


def _rule(request: Request, mailbox: Mailbox) -> Json:
    rule = mailbox.rules.get(request.path_params["rule"])
    if rule is None:
        raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    return rule


def _whole(user: Json, rule: Json) -> Response:
    context = f"users('{user['id']}')/mailFolders('inbox')/messageRules/$entity"
    return json(encode({"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{context}", **rule}))
