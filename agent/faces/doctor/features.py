"""What of the agent is switched on, by its settings and its policies."""

from agent.adapters.microsoft.clouds import Cloud
from agent.connecting import cloud_of
from agent.loop.sending import is_through_graph
from agent.model.checkup import Features
from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.policy import ListType, Mode, PolicySet
from agent.settings.subjects import AuthKind, Settings


def features_of(settings: Settings, policies: PolicySet | None) -> Features:
    """Return what is switched on; what depends on policies is not where they do not load."""
    cloud = cloud_of(settings)
    features = Features(
        enforces=settings.mode is Mode.ENFORCE,
        has_analyzed_emails=cloud.has_analyzed_emails,
        has_identity_accounts=cloud.has_identity_accounts,
        has_audit_search=cloud.has_analyzed_emails,  # both are in the global cloud alone
        endpoint=_has_endpoint(settings, cloud),
        has_secret=settings.auth.kind is AuthKind.CLIENT_SECRET or settings.web.client_secret is not None,
    )
    return features if policies is None else _with_policies(features, settings, policies)


def _has_endpoint(settings: Settings, cloud: Cloud) -> bool:
    return settings.endpoint.enabled and cloud.endpoint is not None


def _with_policies(features: Features, settings: Settings, policies: PolicySet) -> Features:
    treats = settings.policies.enforces_observers
    tenant = settings.tenant.id
    ours = [one for one in policies.policies if one.decides and one.is_for(tenant)]
    approving = [one for one in ours if one.verb is Verb.APPROVE]
    enforced = {
        kind
        for one in approving
        for kind in one.kinds
        if one.enforces(kind, tenant, enforces_observers=treats)
    }
    named = {kind for one in ours if one.verb is not Verb.REJECT for kind in one.kinds}
    feeds = [one.type for one in policies.lists if one.feed is not None]
    return Features(
        enforces=features.enforces,
        has_analyzed_emails=features.has_analyzed_emails,
        has_identity_accounts=features.has_identity_accounts,
        has_audit_search=features.has_audit_search,
        endpoint=features.endpoint,
        has_secret=features.has_secret,
        enforced=frozenset(enforced) - {ActionKind.UNKNOWN},
        named=frozenset(named) - {ActionKind.UNKNOWN},
        has_approvers=any(one.asks for one in policies.chains),
        has_roles=any(one.approvers.roles for one in policies.chains),
        feeds_people=any(one is not ListType.DEVICES for one in feeds),
        feeds_devices=any(one is ListType.DEVICES for one in feeds),
        senders=tuple(
            dict.fromkeys(one.sender for one in policies.channels if is_through_graph(one) and one.sender)
        ),
    )
