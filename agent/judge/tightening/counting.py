"""Policies -> the same as far as their decisions count: what observes decides nothing.

What is compared of a base and a tenant's set is what they do, and not what they would do if everything enforced. A
policy that fell back is taken as its file says: it may count again at any moment.
"""

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from agent.model.policy import Mode, Part, Policy

V = TypeVar("V")


def counting(
    policies: Iterable[Policy], *, tenant: str | None, enforces_observers: bool
) -> tuple[Policy, ...]:
    """Return the policies whose decisions count, each for those actions only for which they do.

    Args:
        policies: of one set.
        tenant: whose actions are meant; None for any tenant's.
        enforces_observers: whether policies in `mode: observe` count as enforcing.
    """
    found = (_counting(one, tenant, enforces_observers=enforces_observers) for one in policies)
    return tuple(one for one in found if one is not None)


def _counting(one: Policy, tenant: str | None, *, enforces_observers: bool) -> Policy | None:
    if not one.decides or not (enforces_observers or one.mode is Mode.ENFORCE):
        return None
    part = Part() if enforces_observers else one.part
    kinds = _in_both(one.kinds, part.kinds)
    tenants = _in_both(one.tenants, part.tenants)
    if tenant is not None and tenants is not None:
        tenants = None if tenant.lower() in tenants else frozenset()
    if not kinds or tenants == frozenset():
        return None
    return replace(one, kinds=kinds, tenants=tenants, mode=Mode.ENFORCE, part=Part(), fallen=None)


def _in_both(some: frozenset[V] | None, others: frozenset[V] | None) -> frozenset[V] | None:
    """Return what is in both; None is everything."""
    if some is None or others is None:
        return others if some is None else some
    return some & others
