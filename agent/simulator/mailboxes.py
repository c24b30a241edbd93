"""What mailboxes do with mail besides keeping it: inbox rules, forwarding of the whole mailbox, delegates."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.simulator.shapes import Json


@dataclass(slots=True)
class Mailbox:
    """One user's mailbox. Graph shows only its rules; forwarding and delegates are Exchange's alone."""

    rules: dict[str, Json] = field(default_factory=dict)
    forwarding_address: str | None = None
    """`ForwardingSmtpAddress`: all mail goes there, whatever the rules say."""
    delegates: list[str] = field(default_factory=list)
    is_closed: bool = False
    """Whether an application access policy keeps the app out."""

    def add(self, rule: Json) -> Json:
        """Let a rule appear."""
        self.rules[rule["id"]] = rule
        return rule


def rule(
    rule_id: str,
    name: str,
    *,
    sequence: int = 1,
    is_enabled: bool = True,
    has_error: bool = False,
    is_read_only: bool = False,
    conditions: Json | None = None,
    forward_to: Sequence[str] = (),
    forward_as_attachment_to: Sequence[str] = (),
    redirect_to: Sequence[str] = (),
    **actions: object,
) -> Json:
    """Return a `messageRule`; an action that does nothing is left out, as in Graph."""
    addressed = {
        "forwardTo": forward_to,
        "forwardAsAttachmentTo": forward_as_attachment_to,
        "redirectTo": redirect_to,
    }
    recipients = {name: [_recipient(one) for one in to] for name, to in addressed.items() if to}
    return {
        "id": rule_id,
        "displayName": name,
        "sequence": sequence,
        "isEnabled": is_enabled,
        "hasError": has_error,
        "isReadOnly": is_read_only,
        "conditions": conditions or {},
        "actions": {**recipients, **actions},
    }


def _recipient(address: str) -> Json:
    return {"emailAddress": {"name": address.partition("@")[0], "address": address}}
