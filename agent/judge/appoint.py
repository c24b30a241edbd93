"""(The chains there are, which of them is named) -> the chain that an escalation goes to."""

from collections.abc import Sequence

from agent.model.chain import Chain

DEFAULT = "default"
"""The chain that is taken where several are there and nothing says which."""


def chain_for(chains: Sequence[Chain], named: str | None, usual: str | None) -> Chain | None:
    """Return the chain of this name, else the usual one, else the only one, else the default; None where there is none.

    A name of which there is no chain any more counts for nothing: what waits for people is never left to nobody.

    Args:
        chains: all there are.
        named: by the policies that decided; None where they name none.
        usual: by the settings; None where they name none.
    """
    known = {chain.name: chain for chain in chains}
    for name in (named, usual):
        if name is not None and name in known:
            return known[name]
    return chains[0] if len(chains) == 1 else known.get(DEFAULT)
