"""(The chains there are, a decision) -> the chain whose people are told of it and answer it."""

from collections.abc import Iterable, Mapping

from agent.model.chain import Chain
from agent.model.decision import Decision
from agent.model.policy import PolicySet

DEFAULT = "default"
"""The chain that is taken where several are there and nothing says which."""


def chain_for(chains: Mapping[str, Chain], decision: Decision | None, usual: str | None) -> Chain | None:
    """Return the chain that the decision names, else the usual one, else the only one, else the default.

    A name of which there is no chain any more counts for nothing: what waits for people is never left to nobody. None
    where there is none to take.

    Args:
        chains: all there are, by their names.
        decision: names the chain of the policies that decided, if any; None before there is one.
        usual: by the settings; None where they name none.
    """
    return chain_named(chains, decision.escalation if decision is not None else None, usual)


def chain_named(chains: Mapping[str, Chain], named: str | None, usual: str | None) -> Chain | None:
    """Return the same for a decision that names this chain, or none."""
    for name in (named, usual):
        if name is not None and name in chains:
            return chains[name]
    return next(iter(chains.values())) if len(chains) == 1 else chains.get(DEFAULT)


def asked_by(policies: PolicySet, names: Iterable[str], chain: Chain | None) -> tuple[str, ...]:
    """Return the files by which it is left to people: policies, the lists they go by, and the chain.

    Whoever changes a list has a policy ask or not, as whoever changes the policy does, and whoever changes the chain says
    whose answers count.

    Args:
        policies: in force.
        names: of the policies that left it to people; those that are there no more are left out.
        chain: that it is left to; None where it is left to none.
    """
    known = {one.name: one for one in policies.policies}
    asking = [known[name] for name in dict.fromkeys(names) if name in known]
    named = frozenset[str]().union(*(one.lists for one in asking))
    lists = (one.file for one in policies.lists if one.name in named)
    chains = () if chain is None else (chain.file,)
    return (*(one.file for one in asking), *lists, *chains)
