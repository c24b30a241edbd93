"""A place in a file that an author wrote."""

import msgspec


class Mark(msgspec.Struct, frozen=True):
    """A place in a file; both count from 1."""

    line: int
    column: int
