"""The kinds of file that people write, which editors can check by a schema."""

from enum import StrEnum


class Document(StrEnum):
    """What a file holds."""

    POLICY = "policy"
    LIST = "list"
    CHAIN = "chain"
    CHANNEL = "channel"
    CASES = "cases"
    SITUATION = "situation"
    PROOFS = "proofs"
