"""The demo's set of policies: a copy in which everybody on call is told on the console, and sooner.

A demo must wake nobody, so that no channel of the set that is shown is ever used: each chain keeps its name and whom it
asks, and tells the console alone.
"""

from collections.abc import Mapping
from pathlib import Path

from agent.adapters.host import PolicyFiles
from agent.judge.layout import CHAINS, CHANNELS, within
from agent.judge.parse import parse_set
from agent.simulator.names import APPROVER

CONSOLE = f"""\
channel: console
kind: console
description: The agent's own standard error.
owner: {APPROVER}
"""

USUAL = "default"
"""The chain of a set that has none."""

CHAIN = """\
chain: {name}
description: As its own file says whom it asks, but faster, and told on the console alone.
owner: {approver}
steps:
  - notify: [console]
  - after: 5m
    notify: [console]
    urgency: high
  - after: 30m
    notify: [console]
    urgency: high
approvers: {{need: 1, from: ["role:{approver}"]}}
lastChance: {{before: 1h, decide: escalate}}
"""


def rehearsed(policies: Path) -> Mapping[str, bytes]:
    """Return the files of the set in this folder, by their paths inside it, with the chains and channels of the demo.

    Raises:
        PolicyError: the set does not load.
    """
    written = PolicyFiles(policies).files()
    chains = [chain.name for chain in parse_set(written).chains] or [USUAL]
    kept = {
        path: data for path, data in within(written) if not path.startswith((f"{CHAINS}/", f"{CHANNELS}/"))
    }
    ours = {f"{CHAINS}/{name}.yaml": CHAIN.format(name=name, approver=APPROVER).encode() for name in chains}
    return kept | ours | {f"{CHANNELS}/console.yaml": CONSOLE.encode()}


def lay_out(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files into a new folder."""
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
