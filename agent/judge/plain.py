"""A test that held, in people's words: for a headline, where the names of facts would have to be looked up first.

Only what policies commonly go by has such words; of everything else the clause is told as it stands.
"""

from collections.abc import Mapping

from agent.judge.fold import folded
from agent.judge.quote import counted, members, quote
from agent.judge.vocabulary import MEMBER, fact_named
from agent.model.explanation import Held, Leaf
from agent.model.facts import Value

SETS: Mapping[str, tuple[str, str]] = {
    "recipients": ("recipient", "recipients"),
    "recipients.domains": ("domain of recipients", "domains of recipients"),
    "senders": ("sender", "senders"),
    "senders.domains": ("domain of senders", "domains of senders"),
    "clicks.accounts": ("account that clicked", "accounts that clicked"),
}
"""Facts that are sets, and what their members are called."""

SINGLES: Mapping[str, str] = {
    "message.sender": "the sender",
    "message.senderDomain": "the sender's domain",
    "message.recipient": "the recipient",
    "mailbox.address": "the mailbox",
    "mailbox.upn": "the mailbox's user",
    "user.principalName": "the user",
    "file.sha256": "the file",
    "cluster.value": "what it is built on",
}
"""Facts that may be on a list, and what they are called."""

AMOUNTS: Mapping[str, tuple[str, str]] = {
    "cluster.mailboxCount": ("copy is in a mailbox", "copies are in mailboxes"),
    "cluster.inboxCount": ("copy is in an inbox", "copies are in inboxes"),
    "cluster.copyCount": ("copy is known", "copies are known"),
    "cluster.emailCount": ("message was counted", "messages were counted"),
    "recipients.count": ("recipient has it", "recipients have it"),
    "clicks.users": ("person clicked in it", "people clicked in it"),
    "clicks.count": ("click in it", "clicks in it"),
}
"""Facts that count, and what."""

BOUNDS: Mapping[str, str] = {
    "above": "more than {}",
    "atLeast": "{} or more",
    "below": "less than {}",
    "atMost": "{} at most",
}

IN_LISTS = {"in": "is", "notIn": "is not"}


def plainly(leaf: Leaf) -> str:
    """Return what held in people's words; empty where it did not hold, or there are none for it."""
    if leaf.held is not Held.HELD or len(leaf.seen) != 1:
        return ""
    sight = leaf.seen[0]
    match sight.value:
        case frozenset() as found:
            return _of_set(leaf, sight.fact, found)
        case bool() | None:
            return ""
        case int() as count:
            return _of_amount(leaf, sight.fact, count)
        case value:
            return _of_single(leaf, sight.fact, value)


def _of_set(leaf: Leaf, name: str, found: frozenset[str]) -> str:
    """Say how many members are on which lists, such as `1 of 312 recipients is on the list vip`."""
    if name == "threats" and leaf.operator == "anyIn":
        return f"{members(found)} was found in it"
    nouns, fact = SETS.get(name), fact_named(name)
    if nouns is None or fact is None or leaf.operator != "anyIn" or not leaf.entries:
        return ""
    kind = MEMBER[fact.type]
    listed = {folded(kind, one.wording) for one in leaf.entries if not one.is_over} - {None}
    inside = sum(folded(kind, member) in listed for member in found)
    if inside == len(found):
        told = f"the only {nouns[0]}" if inside == 1 else f"all {counted(inside, *nouns)}"
    else:
        told = f"{inside:,} of {counted(len(found), *nouns)}"
    return f"{told} {'is' if inside == 1 else 'are'} on the list {_lists(leaf)}" if inside else ""


def _lists(leaf: Leaf) -> str:
    return " or ".join(f"`{name}`" for name in dict.fromkeys(one.list for one in leaf.entries))


def _of_amount(leaf: Leaf, name: str, count: int) -> str:
    """Say how many there are, and which bound that keeps."""
    nouns, bound = AMOUNTS.get(name), BOUNDS.get(leaf.operator)
    if nouns is None or bound is None:
        return ""
    asked = f"{int(leaf.asked):,}" if leaf.asked.isdecimal() else leaf.asked
    return f"{counted(count, *nouns)}, {bound.format(asked)}"


def _of_single(leaf: Leaf, name: str, value: Value) -> str:
    if name == "evidence.verdict" and leaf.operator in {"equals", "in"}:
        return f"Defender's verdict is {quote(value)}"
    noun, verb = SINGLES.get(name), IN_LISTS.get(leaf.operator)
    if noun is None or verb is None or not leaf.asked.startswith("$"):
        return ""
    return f"{noun} {quote(value)} {verb} on the list `{leaf.asked.removeprefix('$')}`"
