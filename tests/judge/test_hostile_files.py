"""No policy, list or case file, whatever it holds, crashes or hangs the loader: each is one clear error, at once."""

from pathlib import Path
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.adapters.host import PolicyFiles
from agent.judge.cases import parse_cases
from agent.judge.compile import compile_set
from agent.judge.parse import parse_set
from agent.judge.situations import parse_situation
from agent.model.errors import PolicyError
from tests.judge.writing import policy_file

GOOD = policy_file(
    "evidence.verdict: malicious\nrecipients: {anyIn: $vip}", unless="- subjects: {contains: x}"
)
LIST = b"list: vip\nentries:\n  - ceo@contoso.example\n"
BOMB = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 123))
HOSTILE = {
    "an alias bomb": (BOMB, "the anchor `&a`"),
    "a hundred thousand levels of lists": (b"[" * 100_000, "nested deeper than 100 levels"),
    "a hundred thousand levels of mappings": (b"{a: " * 100_000, "nested deeper than 100 levels"),
    "a hundred thousand levels of dashes": (b"- " * 100_000, "nested deeper than 100 levels"),
    "a duplicate key": (GOOD + b"mode: observe\n", "the key `mode` is there already, on line 5"),
    "two documents": (GOOD + b"---\n" + GOOD, "a second document"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, "a byte order mark"),
    "a tag": (GOOD.replace(b"malicious", b"!!str malicious"), "the tag"),
    "a tag that would run code": (b"!!python/object/apply:os.system [id]\n", "the tag"),
    "a merge key": (b"<<: {mode: enforce}\n" + GOOD, "a merge key"),
    "a number of 5,000 digits": (GOOD + b"priority: " + b"9" * 5_000 + b"\n", "is longer than 15 digits"),
    "ten megabytes": (b"# x\n" * 2_621_440, "the file is larger than 1,048,576 bytes"),
    "NO for an owner": (GOOD.replace(b"soc@contoso.example", b"NO\nreason: 0123"), "`0123` reads as a number"),
    "an octal number": (GOOD + b"priority: 0123\n", "`0123` begins with a zero"),
    "a number with underscores": (GOOD + b"priority: 1_0\n", "`1_0` is not a number: write it without `_`"),
    "infinity": (GOOD + b"priority: .inf\n", "`.inf` is not a number"),
    "nothing": (b"", "the file is empty"),
    "only a comment": (b"# mode: enforce\n", "the file is empty"),
    "bytes that are no text": (b"\xff\xfe\x00", "not UTF-8"),
    "a lone surrogate": (b"policy: \xed\xa0\x80\n", "not UTF-8"),
    "an escaped surrogate": (b'policy: "\\ud800"\n', "p.yaml:1:"),
    "text that turns round": ("policy: \u202ep\n".encode(), "U+202E"),
    "a hundred thousand keys": (b"".join(b"k%d: 1\n" % n for n in range(100_000)), "a mapping of more than 1,000 keys"),
    "a thousand unknown keys": (b"policy: p\n" + b"".join(b"k%d: 1\n" % n for n in range(999)), "unknown key `k0`"),
    "a thousand unknown facts": (
        policy_file("\n".join(f"fact.{n}: 1" for n in range(1_000))), "unknown fact `fact.0`",
    ),
}  # fmt: skip


def told(file: str, data: bytes) -> str:
    """Return what is wrong with a set in which one file is this one."""
    files = {"policies/good.yaml": policy_file(name="good"), "policies/lists/vip.yaml": LIST} | {file: data}
    try:
        compile_set(parse_set(files))
    except PolicyError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_clear_error_within_a_second(name: str) -> None:
    data, words = HOSTILE[name]
    began = process_time()

    found = told("policies/p.yaml", data)

    assert process_time() - began < 1
    assert words in found
    assert found.startswith("policies/p.yaml:")


@pytest.mark.parametrize("name", HOSTILE)
def test_as_a_list_or_as_cases_or_as_a_situation_it_is_an_error_as_well(name: str) -> None:
    data, _ = HOSTILE[name]
    began = process_time()

    assert told("policies/lists/p.yaml", data).startswith("policies/lists/p.yaml:")
    for parse in (parse_cases, parse_situation):
        with pytest.raises(PolicyError) as caught:
            parse("p.cases.yaml", data)
        assert str(caught.value).startswith("p.cases.yaml:")

    assert process_time() - began < 3


def test_a_file_of_ten_megabytes_is_not_even_read_whole(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes(b"# x\n" * 2_621_440)
    began = process_time()

    with pytest.raises(PolicyError, match="larger than 1 MiB: split it"):
        PolicyFiles(tmp_path).files()

    assert process_time() - began < 1


PIECES = sorted({*GOOD.decode().split(), *LIST.decode().split(), "{", "}", "[", "]", "- ", ": ", "\n", "  ", "'", '"', "|", ">", "%", "@", "`", "$vip", "$", "$$", "not:", "any:", "all:", "messages:", "share:", "moment:", "oneOf:", "between:", "matches: '('", "0x1f", "1e400", "-0", "~", "null"})  # fmt: skip


def spoiled(chance: Random, data: bytes) -> bytes:
    """Return the file with a few bytes changed, pieces moved, or words of the language put in."""
    text = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(4):
            case 0:
                text[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                text[at:at] = chance.choice(PIECES).encode()
            case 2:
                del text[at : at + chance.randrange(12)]
            case _:
                start = chance.randrange(len(text) + 1)
                text[at:at] = text[start : start + chance.randrange(40)]
    return bytes(text)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["policies/p.yaml", "policies/lists/vip.yaml"]))
def test_a_spoiled_file_is_read_or_is_an_error_with_its_place(seed: int, file: str) -> None:
    data = spoiled(Random(seed), GOOD if file.endswith("p.yaml") else LIST)

    for line in told(file, data).splitlines():
        assert line.startswith(("policies/p.yaml:", "policies/lists/vip.yaml:", "policies/good.yaml:")), line


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_words_of_the_language_in_any_order_are_read_or_are_an_error(pieces: list[str]) -> None:
    for line in told("policies/p.yaml", "".join(pieces).encode()).splitlines():
        assert line.startswith("policies/p.yaml:"), line
