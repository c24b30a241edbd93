"""(Where a policy enforces, what more it is to) -> where it enforces then; and what is asked for, in words."""

from agent.judge.quote import counted
from agent.model.errors import SettingsError
from agent.model.policy import Mode, Part, Policy


def asked_part(policy: Policy, part: Part) -> Part:
    """Return what is asked for without what narrows nothing: every kind that the policy is for is all of them.

    Raises:
        SettingsError: it names what the policy is not for.
    """
    for kind in sorted(part.kinds or ()):
        if kind not in policy.kinds:
            known = ", ".join(f"`{one}`" for one in sorted(policy.kinds))
            raise SettingsError(f"`{policy.name}` is not for `{kind}`: it is for {known}")
    for tenant in sorted(part.tenants or ()):
        if not policy.is_for(tenant):
            raise SettingsError(
                f"`{policy.name}` is not for the tenant `{tenant}`: see `tenants` in its file"
            )
    return _bare(policy, part)


def widened(policy: Policy, asked: Part) -> Part:
    """Return where the policy enforces once it also does where it is asked to.

    Raises:
        SettingsError: `mode` cannot say just that: it would enforce where nobody asked, and nothing was shown.
    """
    if policy.mode is Mode.OBSERVE:
        return asked
    before = policy.part
    if before.holds(asked):
        return before
    if asked.holds(before):
        return asked
    kinds = None if before.kinds is None or asked.kinds is None else before.kinds | asked.kinds
    tenants = None if before.tenants is None or asked.tenants is None else before.tenants | asked.tenants
    if before.kinds != asked.kinds and before.tenants != asked.tenants:
        raise SettingsError(
            f"`{policy.name}` enforces {of_part(before)}; with {of_part(asked)} its file would say {of_part(Part(kinds=kinds, tenants=tenants))},"
            " which is more than both: promote it for all of that"
        )
    return _bare(policy, Part(kinds=kinds, tenants=tenants))


def require_whole(policy: Policy, asked: Part, after: Part) -> None:
    """See that what counts again once a fallback ends is no more than what is asked for, of which something was shown.

    Raises:
        SettingsError: the file of the policy has it enforce in more than that, all of which would count again.
    """
    if not asked.holds(after):
        raise SettingsError(
            f"`{policy.name}` fell back, and with {of_part(asked)} all would count again that its file says, which is"
            f" {of_part(after)}: promote it for all of that, or run `air-agent policy demote {policy.name}` first"
        )


def _bare(policy: Policy, part: Part) -> Part:
    is_every_kind = part.kinds is not None and policy.kinds <= part.kinds
    is_every_tenant = (
        part.tenants is not None and policy.tenants is not None and policy.tenants <= part.tenants
    )
    return Part(
        kinds=None if is_every_kind else part.kinds, tenants=None if is_every_tenant else part.tenants
    )


def of_part(part: Part) -> str:
    """Say which part of what a policy is for it is."""
    kinds = "every kind" if part.kinds is None else ", ".join(f"`{one}`" for one in sorted(part.kinds))
    if part.tenants is None:
        return f"for {kinds}"
    tenants = counted(len(part.tenants), "tenant", "tenants")
    return f"for {kinds} of {tenants} ({', '.join(sorted(part.tenants))})"
