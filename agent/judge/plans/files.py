"""How a file is stopped and quarantined on one device, through Defender for Endpoint.

Source: the machine actions of Defender for Endpoint; the API takes the file's SHA-1 alone.
"""

import re

from agent.judge.plans.means import (
    Means,
    Present,
    Problem,
    Step,
    claimed,
    done_already,
    effects,
    hand_off,
    is_own,
)
from agent.judge.quote import quote
from agent.model.decision import Decision
from agent.model.defender import FileEvidence
from agent.model.enactment import EffectKind, Plan, Way
from agent.model.pending import PendingAction
from agent.model.targets import Device

_SHA1 = re.compile(r"[0-9a-f]{40}")


def quarantine(decision: Decision, action: PendingAction, present: Present, means: Means) -> Plan:
    """Return how the file is quarantined."""
    evidence, found = action.evidence, present.found
    if lack := means.lacks(EffectKind.QUARANTINE_FILE):
        return hand_off(lack)
    if not isinstance(evidence, FileEvidence) or evidence.file_details is None:
        return hand_off("Defender does not say which file it is: a person approves it in Defender")
    sha1 = (evidence.file_details.sha1 or "").lower()
    if not _SHA1.fullmatch(sha1):
        return hand_off("Defender does not give the file's SHA-1, which its API asks for")
    if isinstance(found, Problem):
        return hand_off(found.words, may_pass=found.may_pass)
    if not isinstance(found, Device):
        return hand_off("the device is not there any more, or not for this app to see")
    target = (sha1, found.id)
    cover = present.cover(EffectKind.QUARANTINE_FILE, target, action)
    if cover is not None and is_own(cover, action):
        return done_already("it was sent before and is not sent again")
    if cover is not None:
        return claimed(
            cover, "this file was quarantined on this device before: a person has to look what became of it"
        )
    name = evidence.file_details.file_name or sha1
    return Plan(
        way=Way.REMEDIATE,
        why=f"stops and quarantines {quote(name)} on {quote(found.name or found.id)}",
        effects=effects(
            decision,
            action,
            [Step(kind=EffectKind.QUARANTINE_FILE, targets=(target,))],
            means.went,
        ),
    )
