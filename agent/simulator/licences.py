"""What a tenant is told that lacks a licence. UNCONFIRMED: how each service says it is published for none of them.

The one thing that is known of Exchange is the code for a mailbox that Graph does not reach; the others are taken to
say 403, as Microsoft's pages on errors have it for a tenant that a feature is not there for.
"""

from collections.abc import Mapping

from agent.simulator.answers import Refusal
from agent.simulator.state import State
from agent.simulator.switches import Licence

_WORDS: Mapping[Licence, tuple[int, str, str]] = {
    Licence.MAIL: (
        403,
        "Forbidden",
        "The tenant has no licence for Microsoft Defender for Office 365 Plan 2.",
    ),
    Licence.HUNTING: (403, "Forbidden", "The tenant has no licence for advanced hunting."),
    Licence.MAILBOXES: (
        404,
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    ),
    Licence.IDENTITIES: (403, "Forbidden", "The tenant has no licence for Microsoft Defender for Identity."),
    Licence.ENDPOINT: (403, "Forbidden", "The tenant has no licence for Microsoft Defender for Endpoint."),
}


def check_licence(licence: Licence | None, state: State) -> None:
    """Pass what the tenant has a licence for.

    Raises:
        Refusal: it has none.
    """
    if licence is not None and licence in state.switches.unlicensed:
        raise Refusal(*_WORDS[licence])
