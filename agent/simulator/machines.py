"""Devices of Defender for Endpoint, the files on them, and what was asked of them (`machineAction`)."""

from dataclasses import dataclass, field
from datetime import datetime

from agent.simulator.moments import text
from agent.simulator.names import CLIENT_ID
from agent.simulator.shapes import Json

QUARANTINE = "StopAndQuarantineFile"
RUNNING = frozenset({"Pending", "InProgress"})
WINDOWS = frozenset(
    {
        *("Windows10", "Windows11", "WindowsServer2012R2", "WindowsServer2016"),
        *("WindowsServer2019", "WindowsServer2022", "WindowsServer2025"),
    }
)
"""Platforms on which a file can be stopped and quarantined. Source: the page on `stopAndQuarantineFile` says Windows;
which of its words for them are taken is UNCONFIRMED."""


@dataclass(slots=True)
class Machines:
    """The devices by their ids, and the files that lie on them by (device, SHA-1), lower case."""

    known: dict[str, Json] = field(default_factory=dict)
    actions: dict[str, Json] = field(default_factory=dict)
    lying: set[tuple[str, str]] = field(default_factory=set)
    quarantined: set[tuple[str, str]] = field(default_factory=set)

    def admit(self, machine: Json, *sha1s: str) -> Json:
        """Let a device appear, with files on it."""
        self.known[machine["id"]] = machine
        self.lying.update((machine["id"], sha1.lower()) for sha1 in sha1s)
        return machine

    def running(self, machine_id: str, sha1: str) -> Json | None:
        """Return the action that is at work on this file on this device."""
        for action in self.actions.values():
            file = action["relatedFileInfo"]["fileIdentifier"]
            if (action["machineId"], file) == (machine_id, sha1.lower()) and action["status"] in RUNNING:
                return action
        return None

    def quarantine(self, machine_id: str, sha1: str) -> bool:
        """Take a file away, and return whether it was there or had been taken before."""
        place = (machine_id, sha1.lower())
        if place not in self.lying and place not in self.quarantined:
            return False
        self.lying.discard(place)
        self.quarantined.add(place)
        return True


def machine(
    machine_id: str,
    name: str,
    seen: datetime,
    *,
    platform: str = "Windows11",
    health: str = "Active",
    device_id: str | None = None,
    tags: tuple[str, ...] = (),
) -> Json:
    """Return a `machine`."""
    return {
        "id": machine_id,
        "computerDnsName": name,
        "firstSeen": text(seen),
        "lastSeen": text(seen),
        "osPlatform": platform,
        "osVersion": None,
        "osProcessor": "x64",
        "version": "24H2",
        "lastIpAddress": "10.0.0.17",
        "lastExternalIpAddress": "203.0.113.17",
        "agentVersion": "10.8798.26100.1",
        "osBuild": 26100,
        "healthStatus": health,
        "deviceValue": "Normal",
        "rbacGroupId": 12,
        "rbacGroupName": "Clients",
        "riskScore": "High",
        "exposureLevel": "Medium",
        "aadDeviceId": device_id,
        "machineTags": list(tags),
        "onboardingStatus": "Onboarded",
    }


def action(action_id: str, machine: Json, sha1: str, comment: str, now: datetime) -> Json:
    """Return a `machineAction` that has just been asked for. That `requestor` is the app's id is UNCONFIRMED."""
    return {
        "id": action_id,
        "type": QUARANTINE,
        "scope": None,
        "requestor": CLIENT_ID,
        "requestorComment": comment,
        "status": "Pending",
        "machineId": machine["id"],
        "computerDnsName": machine["computerDnsName"],
        "creationDateTimeUtc": text(now),
        "lastUpdateDateTimeUtc": text(now),
        "relatedFileInfo": {"fileIdentifier": sha1.lower(), "fileIdentifierType": "Sha1"},
    }
