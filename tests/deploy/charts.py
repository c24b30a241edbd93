"""The Helm chart, rendered by Helm's own engine, and its manifests taken apart."""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import helm_python as helm
import yaml

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
CHART = DEPLOY / "helm" / "air-agent"
DIGEST = "sha256:" + "ab" * 32

Manifest = dict[str, Any]


def example(name: str) -> dict[str, Any]:
    """Return the values of an example."""
    found = yaml.safe_load((DEPLOY / "helm" / f"{name}.example.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def changed(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with others on top, as `helm --values A --values B` takes them."""
    both = dict(values)
    for key, value in changes.items():
        below = both.get(key)
        both[key] = changed(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return both


def rendered(values: Mapping[str, Any], *, name: str = "air-agent") -> list[Manifest]:
    """Return every manifest that `helm install` would create."""
    return deepcopy(_rendered(json.dumps(values), name))


@cache
def _rendered(values: str, name: str) -> list[Manifest]:
    with helm.Chart.load(str(CHART)) as chart:
        chart.validate_schema(json.loads(values))
        files = chart.render(json.loads(values), name=name, namespace="soc")
    texts = [text for file, text in files.items() if not file.endswith("NOTES.txt")]
    return [document for text in texts for document in yaml.load_all(text, yaml.CSafeLoader) if document]


def one(manifests: list[Manifest], kind: str, name: str = "air-agent") -> Manifest:
    """Return the one manifest of this kind and name."""
    (found,) = (each for each in manifests if each["kind"] == kind and each["metadata"]["name"] == name)
    return found


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Return the pod's specification of each workload, by the workload's name."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in manifests
        if each["kind"] in {"StatefulSet", "Deployment"}
    }


def containers(pod: Manifest) -> dict[str, Manifest]:
    """Return every container of a pod, those that start it too, by name."""
    return {each["name"]: each for each in (*pod.get("initContainers", ()), *pod["containers"])}


def secrets_of(pod: Manifest, container: Manifest) -> set[str]:
    """Return the names of the Secrets that a container can read."""
    volumes = {each["name"]: each.get("secret", {}).get("secretName") for each in pod["volumes"]}
    found = [volumes.get(each["name"]) for each in container["volumeMounts"]]
    found += [each["secretRef"]["name"] for each in container.get("envFrom", ())]
    found += [
        each.get("valueFrom", {}).get("secretKeyRef", {}).get("name") for each in container.get("env", ())
    ]
    return {str(name) for name in found if name is not None}


def settings_file(manifests: list[Manifest]) -> str:
    """Return the settings file that the agent reads."""
    text = one(manifests, "ConfigMap")["data"]["air-agent.yaml"]
    assert isinstance(text, str)
    return text
