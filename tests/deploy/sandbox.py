"""What a unit's hardening does to a process, done to one here: the same system calls, sockets and memory are refused.

systemd itself is not asked to run anything: that needs it as the first process of a machine. Its own lists of system calls are
taken from `systemd-analyze`, and are put into the kernel by the same library that it uses.
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Sequence

ALLOW, REFUSE_EPERM = 0x7FFF0000, 0x00050001
NO_NEW_PRIVILEGES, REFUSE_EXECUTABLE_MEMORY = 38, 65
EQUAL = 4


class Comparison(ctypes.Structure):
    """One argument of a system call, and what it is compared with."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def members(group: str) -> set[str]:
    """Return the system calls of one of systemd's groups, those of the groups in it too."""
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", group], capture_output=True, text=True, check=True
    )
    names = {
        line.strip()
        for line in listed.stdout.splitlines()[1:]
        if line.strip() and not line.strip().startswith("#")
    }
    return {each for name in names for each in (members(name) if name.startswith("@") else {name})}


def confine(allowed: set[str], families: Sequence[int]) -> None:
    """Confine this process and all that it starts: calls that are not allowed fail with EPERM."""
    libc = ctypes.CDLL(None, use_errno=True)
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_void_p,
    ]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    _must(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _must(libc.prctl(REFUSE_EXECUTABLE_MEMORY, 1, 0, 0, 0))
    rules = library.seccomp_init(REFUSE_EPERM)
    for name in sorted(allowed - {"socket"}):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            _must(library.seccomp_rule_add_array(rules, ALLOW, number, 0, None))
    socket = library.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        compared = Comparison(0, EQUAL, family, 0)
        _must(library.seccomp_rule_add_array(rules, ALLOW, socket, 1, ctypes.byref(compared)))
    _must(library.seccomp_load(rules))


def _must(code: int) -> None:
    if code != 0:
        raise OSError(ctypes.get_errno(), f"the sandbox was refused: {code}")


def main(arguments: Sequence[str]) -> None:
    """Confine this process, and become the command: CALLS FAMILIES COMMAND…, the first two with commas between."""
    calls, families, *command = arguments
    confine(set(calls.split(",")), [int(one) for one in families.split(",")])
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
