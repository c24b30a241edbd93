r"""Where somebody goes on after signing in: back to a page of this site, and to nothing else.

What a browser takes for the address of another host (`//evil.example`, `/\evil.example`), what it would cut or put on a
line of its own (blanks, line breaks, control characters), and the sign-in itself is no place to go on to.
"""

import re

HOME = "/"

SIGN_IN = "/sign-in"
"""The page on which people sign in; what belongs to it lies below."""

START = f"{SIGN_IN}/start"
"""Where a sign-in begins."""

LONGEST = 2_000
"""Characters of an address: a list with all its filters has a tenth of that."""

_LOCAL = re.compile(r"/(?!/)[!-\[\]-~]*")
"""A slash, no second one, and printable ASCII without backslashes: everything else is percent-encoded in an address."""


def local(to: str) -> str:
    """Return the page that is asked for, where it is one of this site; the first page else."""
    path = re.split(r"[?#]", to, maxsplit=1)[0]
    is_here = len(to) <= LONGEST and _LOCAL.fullmatch(to) is not None and "//" not in path
    is_sign_in = path == SIGN_IN or path.startswith(f"{SIGN_IN}/")
    return to if is_here and not is_sign_in else HOME
