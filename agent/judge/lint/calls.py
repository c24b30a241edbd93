"""Chains that reach nobody, wake nobody or ask nobody, and channels and chains that nothing names."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from agent.judge.appoint import DEFAULT
from agent.judge.lint.rules import Code, remark
from agent.judge.quote import span
from agent.model.chain import Chain, Urgency
from agent.model.channel import Channel, ChannelKind
from agent.model.pending import LIFETIME
from agent.model.policy import PolicySet
from agent.model.remark import Remark

TRIED = frozenset({ChannelKind.CONSOLE, ChannelKind.FILE})
"""Kinds of channels for trying out: nobody on call looks there."""


def calls(found: PolicySet) -> Iterator[Remark]:
    """Give every remark on the chains and channels of the set."""
    named = {chain for policy in found.policies for chain in (policy.escalation, policy.inform)}
    asked = {policy.escalation for policy in found.policies}
    for one in found.chains:
        is_usual = one.name == DEFAULT or len(found.chains) == 1
        if one.name not in named and not is_usual:
            message = f"no policy names the chain `{one.name}`"
            yield remark(Code.CHAIN_UNUSED, one.file, one.mark, message)
        if one.name in asked or is_usual:
            yield from _asked(one)
        yield from _reach(one, found.channels)
        yield from _length(one)
    used = {name for chain in found.chains for name in chain.channels}
    for channel in found.channels:
        if channel.name not in used:
            message = f"no chain names the channel `{channel.name}`"
            yield remark(Code.CHANNEL_UNUSED, channel.file, channel.mark, message)


def _asked(one: Chain) -> Iterator[Remark]:
    if not one.asks:
        message = f"nobody's answer counts on the chain `{one.name}`, to which questions go"
        yield remark(Code.CHAIN_ASKS_NOBODY, one.file, one.mark, message)
    if all(step.urgency is Urgency.LOW for step in one.steps):
        message = f"every step of the chain `{one.name}`, to which questions go, is of low urgency"
        yield remark(Code.CHAIN_WAKES_NOBODY, one.file, one.steps[0].mark, message)


def _reach(one: Chain, channels: Sequence[Channel]) -> Iterator[Remark]:
    kinds = {channel.name: channel.kind for channel in channels}
    if all(kinds[name] in TRIED for name in one.channels):
        message = f"the chain `{one.name}` tells only consoles and files"
        yield remark(Code.CHAIN_REACHES_NOBODY, one.file, one.mark, message)


def _length(one: Chain) -> Iterator[Remark]:
    repeats = one.repeat.every * one.repeat.times if one.repeat is not None else timedelta(0)
    needed, there = one.steps[-1].after + repeats, LIFETIME - one.last_chance.before
    if needed >= there:
        message = (
            f"the chain `{one.name}` takes {span(needed)} with its repeats, and its last chance comes {span(there)}"
            " after an action appears"
        )
        yield remark(Code.CHAIN_TOO_LONG, one.file, one.steps[-1].mark, message)
