"""What the demo tenant's directory holds."""

from agent.simulator.directory import DEVICE, USER, Directory, device, user
from agent.simulator.lots import guid, lots
from agent.simulator.making import person
from agent.simulator.names import DOMAIN, EVERYONE, EXECUTIVES, KIOSKS, VIPS

STAFF = 1_600
"""People with plain names: two pages of them."""


def furnish(directory: Directory, seed: int) -> None:
    """Let the demo tenant's groups appear: executives with the board in them, everybody, and the kiosks."""
    draw = lots(seed, "directory")
    board = guid(draw)
    chief, finance = (user(guid(draw), vip, f"{vip.partition('@')[0]}.office@{DOMAIN}") for vip in VIPS)
    directory.join(EXECUTIVES, directory.admit(USER, chief), board)
    directory.join(board, directory.admit(USER, finance), EXECUTIVES)
    everybody = [directory.admit(USER, user(guid(draw), person(number))) for number in range(STAFF)]
    directory.join(EVERYONE, *everybody, EXECUTIVES)
    for name in ("KIOSK-1", "KIOSK-2", "LAPTOP-17"):
        directory.join(KIOSKS, directory.admit(DEVICE, device(guid(draw), name, guid(draw))))
