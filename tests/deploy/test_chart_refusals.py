"""Values that cannot work are refused before anything is installed, and say what to do."""

from typing import Any

import helm_python as helm
import pytest

from tests.deploy.charts import changed, example, rendered

NONE = {"name": "", "key": ""}

UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "several replicas of sqlite": (
        changed(example("sqlite"), {"replicas": 2}),
        "replicas: SQLite is one replica's",
    ),
    "no digest": (changed(example("sqlite"), {"image": {"digest": ""}}), "image.digest: write the digest"),
    "no image": (changed(example("sqlite"), {"image": {"repository": ""}}), "image.repository"),
    "no audit key": (changed(example("postgresql"), {"audit": {"keySecret": NONE}}), "audit.keySecret.name"),
    "no database": (
        changed(example("postgresql"), {"ledger": {"postgresql": {"host": ""}}}),
        "postgresql.host",
    ),
    "nowhere to find it": (
        changed(example("postgresql"), {"ledger": {"postgresql": {"to": []}}}),
        "postgresql.to",
    ),
    "no login": (
        changed(example("postgresql"), {"auth": {"secret": NONE}}),
        "auth.secret.name: certificate needs one",
    ),
    "a login too many": (
        changed(example("postgresql"), {"auth": {"kind": "workloadIdentity"}}),
        "auth.secret.name: workloadIdentity needs none",
    ),
    "no client": (changed(example("sqlite"), {"auth": {"clientId": ""}}), "auth.clientId"),
    "no tenant": (changed(example("sqlite"), {"settings": {"tenant": {"id": ""}}}), "settings.tenant.id"),
    "a tenant too many": (
        changed(example("tenants"), {"settings": {"tenant": {"id": "x"}}}),
        "settings.tenant: each file",
    ),
    "no policies": (changed(example("sqlite"), {"policies": {"configMaps": []}}), "policies: name one place"),
    "two places of policies": (
        changed(example("sqlite"), {"policies": {"claim": {"name": "p"}}}),
        "policies: name one place",
    ),
    "git-sync by a tag": (
        changed(example("postgresql"), {"policies": {"git": {"image": "git-sync:v4"}}}),
        "policies.git.image: name git-sync by its digest",
    ),
    "pages nowhere": (changed(example("sqlite"), {"pages": {"url": ""}}), "pages.url"),
    "pages without sign-in": (
        changed(example("sqlite"), {"pages": {"clientSecret": NONE}}),
        "pages.clientSecret.name",
    ),
    "pages of no tenant of many": (
        changed(
            example("tenants"),
            {
                "pages": {
                    "enabled": True,
                    "url": "https://a.example",
                    "clientSecret": {"name": "p", "key": "k"},
                }
            },
        ),
        "pages.tenant: name the tenant",
    ),
    "pages of a tenant of one": (
        changed(example("sqlite"), {"pages": {"tenant": "x"}}),
        "pages.tenant: there is one",
    ),
    "a setting that the chart sets": (
        changed(example("sqlite"), {"settings": {"ledger": {"url": "sqlite:///x.db"}}}),
        "settings.ledger.url: the chart sets it",
    ),
    "a name for all replicas": (
        changed(example("postgresql"), {"settings": {"replica": "a"}}),
        "settings.replica",
    ),
}

MISSPELT: dict[str, tuple[dict[str, Any], str]] = {
    "unknown value": (changed(example("sqlite"), {"replica": 2}), "replica"),
    "a tag for a digest": (changed(example("sqlite"), {"image": {"digest": "latest"}}), "digest"),
    "http": (changed(example("sqlite"), {"pages": {"url": "http://air.contoso.example"}}), "url"),
    "a database without TLS": (
        changed(example("postgresql"), {"ledger": {"postgresql": {"sslmode": "prefer"}}}),
        "sslmode",
    ),
    "a secret in a variable": (
        changed(example("sqlite"), {"env": [{"name": "AIR_AGENT_CLIENT_SECRET", "value": "x"}]}),
        "env",
    ),
    "a secret without its key": (
        changed(example("postgresql"), {"audit": {"keySecret": {"name": "air-agent-audit", "key": ""}}}),
        "keySecret",
    ),
    "policies above their folder": (
        changed(example("sqlite"), {"policies": {"configMaps": [{"name": "p", "folder": "../etc"}]}}),
        "folder",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_values_that_do_not_fit_are_refused_in_words(case: str) -> None:
    values, words = UNFIT[case]

    with pytest.raises(helm.HelmRenderError, match=words):
        rendered(values)


@pytest.mark.parametrize("case", MISSPELT)
def test_values_of_another_shape_are_refused_by_the_schema(case: str) -> None:
    values, words = MISSPELT[case]

    with pytest.raises(helm.HelmError, match=words):
        rendered(values)
