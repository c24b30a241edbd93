"""The Helm chart lints, renders, and is what Kubernetes takes, in each way that an example shows."""

import json
from functools import cache
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

from tests.deploy.charts import (
    CHART,
    DIGEST,
    Manifest,
    changed,
    containers,
    example,
    one,
    pods,
    rendered,
    secrets_of,
)

EXAMPLES = ("sqlite", "postgresql", "tenants")
RELEASES = ("1.29", "1.37")
"""The oldest release that the chart names, and the newest whose schemas are known here."""
OF_OTHERS = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, whose schemas Kubernetes does not have."""
PVC = {"name": "air-agent-policies", "folder": "policies"}
LOGIN = {"name": "air-agent-login", "key": "certificate.pem"}

WAYS: dict[str, dict[str, Any]] = {
    **{name: example(name) for name in EXAMPLES},
    "certificate": changed(
        example("sqlite"),
        {
            "auth": {
                "kind": "certificate",
                "secret": LOGIN,
                "passwordSecret": {"name": "login", "key": "word"},
            }
        },
    ),
    "client secret": changed(example("sqlite"), {"auth": {"kind": "clientSecret", "secret": LOGIN}}),
    "managed identity": changed(example("sqlite"), {"auth": {"kind": "managedIdentity"}}),
    "policies of a claim": changed(example("sqlite"), {"policies": {"configMaps": [], "claim": PVC}}),
    "own certificate": changed(example("postgresql"), {"pages": {"certificateSecret": "air-tls"}}),
    "no pages": changed(example("sqlite"), {"pages": {"enabled": False}}),
    "everything else": changed(
        example("postgresql"),
        {
            "nodeSelector": {"pool": "soc"},
            "tolerations": [{"key": "soc", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
            "priorityClassName": "soc",
            "podLabels": {"team": "soc"},
            "podAnnotations": {"team": "soc"},
            "serviceAccount": {"annotations": {"team": "soc"}},
            "image": {"pullSecrets": ["registry"]},
            "storage": {"className": "disk", "keep": False},
            "audit": {"anchorClaim": "anchors"},
            "ledger": {"postgresql": {"caSecret": {"name": "ca", "key": "ca.crt"}}},
            "heartbeat": {"secret": {"name": "heartbeat", "key": "url"}},
            "telemetry": {"headersSecret": {"name": "collector", "key": "headers"}},
            "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
            "networkPolicy": {"moreEgress": [{"to": [{"ipBlock": {"cidr": "10.1.0.9/32"}}]}]},
        },
    ),
}


def workloads(way: str) -> list[tuple[Manifest, Manifest]]:
    """Return each pod with each of its containers."""
    return [(pod, each) for pod in pods(rendered(WAYS[way])).values() for each in containers(pod).values()]


@cache
def validated(manifest: str, release: str) -> None:
    """Hold a manifest to the schemas of a release; the same one of several ways once."""
    kubernetes_validate.validate(json.loads(manifest), release, strict=True)


@pytest.mark.parametrize("way", WAYS)
def test_helm_finds_nothing_in_the_chart(way: str) -> None:
    found = helm.lint(str(CHART), WAYS[way], strict=True)

    assert found["errors"] == []
    assert {each["error"] for each in found["messages"]} == {"icon is recommended"}


@pytest.mark.parametrize("way", WAYS)
def test_every_manifest_is_what_kubernetes_takes(way: str) -> None:
    manifests = rendered(WAYS[way])

    for manifest in manifests:
        for release in (
            (RELEASES if way in EXAMPLES else RELEASES[:1]) if manifest["kind"] not in OF_OTHERS else ()
        ):
            validated(json.dumps(manifest), release)
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests]
    assert len(names) == len(set(names))
    assert "StatefulSet" in {kind for kind, _ in names}


def test_a_wrong_manifest_is_none_that_kubernetes_takes() -> None:
    agent = one(rendered(WAYS["sqlite"]), "StatefulSet")
    agent["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}

    with pytest.raises(kubernetes_validate.ValidationError, match="livenessProb"):
        kubernetes_validate.validate(agent, "1.33", strict=True)


@pytest.mark.parametrize("way", WAYS)
def test_pods_are_restricted(way: str) -> None:
    """As Kubernetes' pod security standard of that name asks, and the root file system is read only besides."""
    for pod, container in workloads(way):
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        assert all(
            {"configMap", "secret", "emptyDir", "persistentVolumeClaim", "name"} >= set(each)
            for each in pod["volumes"]
        )
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 65532
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["privileged"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not any("hostPort" in port for port in container.get("ports", ()))


@pytest.mark.parametrize("way", WAYS)
def test_no_pod_has_a_token_for_kubernetes_or_variables_of_services(way: str) -> None:
    """A variable such as AIR_AGENT_PAGES_SERVICE_HOST would be an unknown setting, which stops the start."""
    for pod, _ in workloads(way):
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False


@pytest.mark.parametrize("way", WAYS)
def test_every_mount_has_its_volume_and_every_volume_its_mount(way: str) -> None:
    manifests = rendered(WAYS[way])

    for name, pod in pods(manifests).items():
        workload = next(
            each for each in manifests if each["metadata"]["name"] == name and "template" in each["spec"]
        )
        there = {each["name"] for each in pod["volumes"]}
        there |= {each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", ())}
        used = {each["name"] for one in containers(pod).values() for each in one["volumeMounts"]}
        assert used == there


@pytest.mark.parametrize("way", WAYS)
def test_images_are_named_by_digest(way: str) -> None:
    for _, container in workloads(way):
        assert "@sha256:" in container["image"]


@pytest.mark.parametrize("way", WAYS)
def test_selectors_meet_their_pods_and_no_others(way: str) -> None:
    manifests = rendered(WAYS[way])
    labels = {
        each["metadata"]["name"]: set(each["spec"]["template"]["metadata"]["labels"].items())
        for each in manifests
        if each["kind"] in {"StatefulSet", "Deployment"}
    }

    for manifest in manifests:
        chosen = manifest.get("spec", {}).get("podSelector", manifest.get("spec", {}).get("selector"))
        if chosen is None or manifest["kind"] == "ServiceMonitor":
            continue
        wanted = set(chosen.get("matchLabels", chosen).items())
        assert len([name for name, has in labels.items() if wanted <= has]) == 1, manifest


def test_a_ledger_of_sqlite_is_never_opened_by_two_pods() -> None:
    manifests = rendered(WAYS["sqlite"])

    agent = one(manifests, "StatefulSet")
    assert agent["spec"]["replicas"] == 1
    assert agent["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert set(containers(agent["spec"]["template"]["spec"])) == {"agent", "pages"}
    assert "Deployment" not in {each["kind"] for each in manifests}


def test_replicas_have_a_name_and_a_volume_each_and_stand_apart() -> None:
    agent = one(rendered(WAYS["postgresql"]), "StatefulSet")["spec"]

    pod = agent["template"]["spec"]
    assert agent["replicas"] == 3
    assert {"name": "AIR_AGENT_REPLICA", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in pod[
        "containers"
    ][0]["env"]
    assert [each["metadata"]["name"] for each in agent["volumeClaimTemplates"]] == ["data"]
    assert [each["topologyKey"] for each in pod["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]


@pytest.mark.parametrize("way", WAYS)
def test_the_pages_have_no_login_to_graph_and_no_channels(way: str) -> None:
    for pod, container in workloads(way):
        if container["name"] == "pages":
            assert secrets_of(pod, container) <= {
                "air-agent-pages",
                "air-agent-audit",
                "air-agent-ledger",
                "air-tls",
                "ca",
                "collector",
                "heartbeat",
            }


def test_the_agent_has_no_secret_of_the_pages() -> None:
    pod = pods(rendered(WAYS["postgresql"]))["air-agent"]

    assert secrets_of(pod, containers(pod)["agent"]) == {
        "air-agent-audit",
        "air-agent-channels",
        "air-agent-ledger",
        "air-agent-login",
    }


def test_workload_identity_is_the_agents_alone() -> None:
    manifests = rendered(
        changed(WAYS["postgresql"], {"auth": {"kind": "workloadIdentity", "secret": {"name": "", "key": ""}}})
    )

    agent = one(manifests, "StatefulSet")["spec"]["template"]
    pages = one(manifests, "Deployment", "air-agent-pages")["spec"]["template"]
    assert agent["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    beside = set(containers(agent["spec"])) - {"agent"}
    assert beside <= set(
        agent["metadata"]["annotations"]["azure.workload.identity/skip-containers"].split(";")
    )
    assert "azure.workload.identity/use" not in pages["metadata"]["labels"]
    assert pages["spec"]["serviceAccountName"] != agent["spec"]["serviceAccountName"]
    annotations = one(manifests, "ServiceAccount")["metadata"]["annotations"]
    assert annotations["azure.workload.identity/client-id"] == WAYS["postgresql"]["auth"]["clientId"]


def test_the_agent_and_the_pages_are_asked_how_their_work_goes() -> None:
    found = pods(rendered(WAYS["sqlite"]))["air-agent"]

    agent, pages = containers(found)["agent"], containers(found)["pages"]
    assert agent["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}
    assert agent["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
    assert pages["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "pages", "scheme": "HTTP"}
    assert pages["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "pages", "scheme": "HTTP"}
    assert found["terminationGracePeriodSeconds"] >= 150


def test_other_settings_are_other_pods_and_other_policies_are_not() -> None:
    def annotation(values: dict[str, Any]) -> str:
        template = one(rendered(values), "StatefulSet")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/settings"])

    before = annotation(WAYS["sqlite"])

    assert annotation(changed(WAYS["sqlite"], {"settings": {"mode": "enforce"}})) != before
    assert annotation(changed(WAYS["sqlite"], {"image": {"digest": DIGEST}})) == before


def test_a_single_agent_can_be_moved_and_several_only_one_at_a_time() -> None:
    for way in ("sqlite", "postgresql"):
        budget = one(rendered(WAYS[way]), "PodDisruptionBudget")["spec"]
        assert budget["maxUnavailable"] == 1
        assert "minAvailable" not in budget


def test_the_alert_rules_are_those_that_promtool_was_asked_about() -> None:
    rules = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))
    elsewhere = changed(
        WAYS["postgresql"], {"prometheusRule": {"runbooks": "https://wiki.contoso.example/air-agent/"}}
    )

    assert one(rendered(WAYS["postgresql"]), "PrometheusRule")["spec"] == rules
    assert rules["groups"]
    urls = [
        rule["annotations"]["runbook_url"]
        for group in one(rendered(elsewhere), "PrometheusRule")["spec"]["groups"]
        for rule in group["rules"]
    ]
    assert urls
    assert all(url.startswith("https://wiki.contoso.example/air-agent/runbooks.md#") for url in urls)


def test_pages_of_many_tenants_are_about_one() -> None:
    values = changed(
        WAYS["tenants"],
        {
            "pages": {
                "enabled": True,
                "url": "https://air.contoso.example",
                "tenant": "contoso",
                "clientSecret": {"name": "air-agent-pages", "key": "client-secret"},
            }
        },
    )

    pod = pods(rendered(values))["air-agent-pages"]

    assert containers(pod)["pages"]["args"] == ["serve", "--tenant", "contoso"]


def test_a_name_of_the_release_leads_every_name() -> None:
    manifests = rendered(WAYS["postgresql"], name="night")

    assert {each["metadata"]["name"] for each in manifests} == {"night-air-agent", "night-air-agent-pages"}
