"""The parts of deploy/README.md that take minutes, root and registries of packages: `python -m tests.deploy systemd`, or `image`."""

import sys
import tempfile
from pathlib import Path

from tests.deploy import image, machine

PARTS = {"systemd": machine.run, "image": image.run}


def main(arguments: list[str]) -> int:
    """Run the parts that are named, or all; return 1 where one of them went wrong."""
    went = {}
    for name in arguments or list(PARTS):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            went[name] = PARTS[name](Path(folder))
    for name, is_well in went.items():
        print(f"{name}: {'as it should be' if is_well else 'WRONG'}")
    return 0 if all(went.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
