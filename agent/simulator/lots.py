"""Drawing lots: everything that looks random comes from a seed and a name, so that a run can be repeated."""

from random import Random
from uuid import UUID


def lots(seed: int, name: str) -> Random:
    """Return a source of numbers that depends on nothing but the seed and the name."""
    return Random(f"{seed}/{name}")  # noqa: S311 - lots for a simulation, not secrets


def guid(source: Random) -> str:
    """Draw an id in the form that Microsoft's have."""
    return str(UUID(int=source.getrandbits(128), version=4))
