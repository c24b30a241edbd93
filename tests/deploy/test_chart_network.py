"""The chart's network policies let the agent and the pages go where they need to, and nowhere else."""

from typing import Any

import pytest

from tests.deploy.charts import Manifest, changed, example, one, rendered

INGRESS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}]
PROMETHEUS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def policy(values: dict[str, Any], name: str = "air-agent") -> Manifest:
    found = one(rendered(values), "NetworkPolicy", name)["spec"]
    assert found["policyTypes"] == ["Ingress", "Egress"]
    return dict(found)


def ports(rules: list[Manifest]) -> list[tuple[int, str]]:
    return [(each["port"], each["protocol"]) for rule in rules for each in rule["ports"]]


def test_an_agent_with_sqlite_reaches_names_and_port_443_outside_only() -> None:
    rules = policy(example("sqlite"))["egress"]

    assert ports(rules) == [(53, "UDP"), (53, "TCP"), (443, "TCP")]
    (outside,) = rules[1]["to"]
    assert outside["ipBlock"]["cidr"] == "0.0.0.0/0"
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} <= set(
        outside["ipBlock"]["except"]
    )


@pytest.mark.parametrize("name", ["air-agent", "air-agent-pages"])
def test_only_the_database_that_was_named_is_reached(name: str) -> None:
    rules = policy(example("postgresql"), name)["egress"]

    assert ports(rules) == [(53, "UDP"), (53, "TCP"), (443, "TCP"), (5432, "TCP")]
    assert rules[2]["to"] == [{"ipBlock": {"cidr": "10.20.0.4/32"}}]


def test_only_a_managed_identity_is_asked_of_the_machine() -> None:
    rules = policy(changed(example("sqlite"), {"auth": {"kind": "managedIdentity"}}))["egress"]

    assert rules[-1] == {
        "to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}],
        "ports": [{"port": 80, "protocol": "TCP"}],
    }


def test_metrics_and_pages_are_open_to_whom_they_were_opened() -> None:
    apart = example("postgresql")
    beside = changed(example("sqlite"), {"networkPolicy": {"metricsFrom": PROMETHEUS}})

    assert [(rule["from"], ports([rule])) for rule in policy(apart)["ingress"]] == [
        (PROMETHEUS, [(8421, "TCP")])
    ]
    assert [(rule["from"], ports([rule])) for rule in policy(apart, "air-agent-pages")["ingress"]] == [
        (INGRESS, [(8420, "TCP")])
    ]
    assert [(rule["from"], ports([rule])) for rule in policy(beside)["ingress"]] == [
        (PROMETHEUS, [(8421, "TCP")]),
        (INGRESS, [(8420, "TCP")]),
    ]


def test_where_nobody_was_named_nobody_comes_in() -> None:
    closed = changed(example("postgresql"), {"networkPolicy": {"pagesFrom": [], "metricsFrom": []}})

    assert "ingress" not in policy(closed)
    assert "ingress" not in policy(closed, "air-agent-pages")


def test_further_rules_are_the_agents_alone() -> None:
    relay = {"to": [{"ipBlock": {"cidr": "10.1.0.25/32"}}], "ports": [{"port": 587, "protocol": "TCP"}]}
    values = changed(example("postgresql"), {"networkPolicy": {"moreEgress": [relay]}})

    assert relay in policy(values)["egress"]
    assert relay not in policy(values, "air-agent-pages")["egress"]


def test_the_ingress_hands_on_the_host_and_keeps_no_stream_back() -> None:
    found = one(rendered(example("sqlite")), "Ingress", "air-agent-pages")

    annotations = found["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    assert found["spec"]["rules"][0]["host"] == "air.contoso.example"
    assert found["spec"]["tls"] == [
        {"hosts": ["air.contoso.example"], "secretName": "air-contoso-example-tls"}
    ]
