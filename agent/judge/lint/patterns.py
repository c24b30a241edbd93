r"""Patterns that a plain operator says better, and patterns that do not say what they seem to.

Only the plain parts of a pattern are read: letters, escapes such as `\.`, the dot, and `.*`. Where there is
anything else in it, all that is said is of letters that every match must have, and of names of domains.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from agent.judge.lint.rules import Code, remark
from agent.judge.seen import fact_of
from agent.judge.strict_yaml import shown
from agent.judge.vocabulary import Fact
from agent.judge.walk import walk_policy
from agent.model.facts import FactType
from agent.model.policy import Policy, Test
from agent.model.remark import Remark

EITHER_CASE = "(?i)"
_FLAGS = re.compile(r"\(\?(?!:|P<)")
_BARE = re.compile(r"[A-Za-z][A-Za-z0-9._@/-]*")
_NAME = re.compile(r"[A-Za-z0-9.-]")
_PLAIN_ESCAPES = frozenset(r".\+*?()|[]{}^$-/@_:%&#~=!<>,;'\" ")
_ONE_LETTER_ESCAPES = frozenset("dDsSwWbBAzaftnrv")
_BEFORE_REPEATS = frozenset("*+?{")
_OPTIONAL = frozenset("*?{")


class Piece(msgspec.Struct, frozen=True):
    """One piece of a pattern: a letter as it is, a dot for any, or something else; and what repeats it.

    `depth` counts the groups that it is in.
    """

    letter: str
    is_dot: bool = False
    is_other: bool = False
    repeat: str = ""
    depth: int = 0


def patterns(policy: Policy) -> Iterator[Remark]:
    """Give every remark on the patterns of the policy."""
    for test, scope in walk_policy(policy):
        if isinstance(test, Test) and test.operator == "matches":
            yield from _of_pattern(policy, test, fact_of(test.fact, scope))


def _of_pattern(policy: Policy, test: Test, fact: Fact) -> Iterator[Remark]:
    pattern = str(test.operand)
    found = pieces(pattern.removeprefix(EITHER_CASE))
    told = f"`{fact.name}: {{matches: {shown(pattern)}}}`"
    folded = {FactType.ADDRESS: "addresses", FactType.DOMAIN: "domains"}.get(fact.type)
    if folded and _FLAGS.search(pattern) is None and (letter := upper(found)):
        message = f"{told} can never match: it asks for `{shown(letter)}`, and {folded} are lower case"
        yield remark(Code.PATTERN_CASE, policy.file, test.mark, message)
        return
    plain = plainly(found, fact)
    if plain is not None:
        yield remark(
            Code.MATCHES_WITHOUT_NEED, policy.file, test.mark, f"{told} needs no pattern", f"write {plain}"
        )
        return
    name = _dotted(found)
    if name is not None:
        message = f"in {told} the dot in `{shown(name)}` stands for any character"
        mend = f"write `{shown(name.replace('.', chr(92) + '.'))}`"
        yield remark(Code.PATTERN_DOT, policy.file, test.mark, message, mend)


def pieces(pattern: str) -> tuple[Piece, ...]:
    r"""Return the pieces of a pattern; a class is one, and so is all that follows an escape such as `\x41`."""
    # The whole of a value has to match, so that anchors around the pattern say nothing.
    pattern = pattern.removeprefix("^")
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        pattern = pattern[:-1]
    found: list[Piece] = []
    at = depth = 0
    while at < len(pattern):
        piece, at = _piece(pattern, at)
        opens, closes = piece.is_other and piece.letter == "(", piece.is_other and piece.letter == ")"
        depth -= closes
        if not opens and at < len(pattern) and pattern[at] in _BEFORE_REPEATS:
            end = pattern.find("}", at) if pattern[at] == "{" else at
            piece = replace(piece, repeat=pattern[at])
            at = (end if end >= 0 else len(pattern) - 1) + 1
            at += pattern[at : at + 1] == "?"
        found.append(replace(piece, depth=depth))
        depth += opens
    return tuple(found)


def _piece(pattern: str, at: int) -> tuple[Piece, int]:
    letter = pattern[at]
    match letter:
        case "\\" if pattern[at + 1 : at + 2] in _PLAIN_ESCAPES:
            return Piece(pattern[at + 1 : at + 2]), at + 2
        case "\\" if pattern[at + 1 : at + 2] in _ONE_LETTER_ESCAPES:
            return Piece(pattern[at : at + 2], is_other=True), at + 2
        case "\\":
            return Piece(pattern[at:], is_other=True), len(pattern)
        case ".":
            return Piece(letter, is_dot=True), at + 1
        case "[":
            return Piece("[", is_other=True), _after_class(pattern, at)
        case "(" | ")" | "|" | "^" | "$" | "*" | "+" | "?" | "{":
            return Piece(letter, is_other=True), at + 1
        case _:
            return Piece(letter), at + 1


def _after_class(pattern: str, at: int) -> int:
    """Return the place after the class that begins here; one that is not understood takes all that is left."""
    at += 2 if pattern[at + 1 : at + 2] == "^" else 1
    at += pattern[at : at + 1] == "]"
    while at < len(pattern) and pattern[at] != "]":
        if pattern.startswith("[:", at):
            end = pattern.find(":]", at)
            at = len(pattern) if end < 0 else end + 2
        else:
            at += 2 if pattern[at] == "\\" else 1
    return at + 1


def upper(found: Sequence[Piece]) -> str:
    """Return a letter that every match has and that lower-case text does not; nothing where there is none."""
    whole = [piece for piece in found if piece.depth == 0]
    if any(piece.is_other and (piece.letter == "|" or len(piece.letter) > 2) for piece in whole):
        return ""
    needed = (
        piece.letter
        for piece in whole
        if not piece.is_other and not piece.is_dot and piece.repeat not in _OPTIONAL
    )
    return next((letter for letter in needed if letter != letter.lower()), "")


def plainly(found: Sequence[Piece], fact: Fact) -> str | None:
    """Return the operator that says what the pattern says; None where none does."""
    starts_open, ends_open = _is_anything(found[:1]), _is_anything(found[-1:])
    middle = found[1 if starts_open else 0 : len(found) - 1 if ends_open else len(found)]
    if any(piece.is_other or piece.is_dot or piece.repeat for piece in middle) or not found:
        return None
    text = "".join(piece.letter for piece in middle)
    if not text:
        return f"`{fact.name}: {{exists: true}}`" if starts_open else None
    domain = text.removeprefix(".").removeprefix("@")
    match starts_open, ends_open:
        case False, False:
            return f"`{fact.name}: {_quoted(text)}`"
        case False, True if fact.type in (FactType.TEXT, FactType.ADDRESS):
            return f"`{fact.name}: {{startsWith: {_quoted(text)}}}`"
        case True, False if fact.type is FactType.TEXT:
            return f"`{fact.name}: {{endsWith: {_quoted(text)}}}`"
        case True, False if "." in domain and "@" not in domain:
            return f"`{fact.name}: {{domainIn: [{_quoted(domain)}]}}`, which takes its subdomains and no longer name"
        case True, True if fact.type is FactType.TEXT:
            return f"`{fact.name}: {{contains: {_quoted(text)}}}`"
        case _:
            return None


def _quoted(text: str) -> str:
    """Return a text as it can be written into a policy."""
    told = shown(f"${text}" if text.startswith("$") else text)
    return told if _BARE.fullmatch(told) else "'" + told.replace("'", "''") + "'"


def _is_anything(found: Sequence[Piece]) -> bool:
    return bool(found) and found[0].is_dot and found[0].repeat == "*"


def _dotted(found: Sequence[Piece]) -> str | None:
    """Return a stretch that looks like the name of a domain and has a dot that is not escaped."""
    run: list[Piece] = []
    for piece in (*found, Piece("", is_other=True)):
        if not piece.is_other and not piece.repeat and _NAME.fullmatch(piece.letter):
            run.append(piece)
            continue
        while run and run[0].letter == ".":
            run.pop(0)
        name = "".join(one.letter for one in run)
        if any(one.is_dot for one in run) and _looks_like_a_domain(name):
            return name
        run = []
    return None


def _looks_like_a_domain(name: str) -> bool:
    labels = name.split(".")
    return len(labels) > 1 and all(labels) and len(labels[-1]) > 1 and labels[-1].isalpha()
