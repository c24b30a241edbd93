"""YAML means what it looks like, or is an error at its place."""

from time import thread_time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from agent.judge.strict_yaml import Mapping_, Node, Scalar, Sequence, read
from agent.model.errors import PolicyError


def wrong(data: bytes) -> str:
    with pytest.raises(PolicyError) as caught:
        read("f.yaml", data)
    assert len(caught.value.problems) == 1
    return str(caught.value.problems[0])


def plain(node: Node) -> object:
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping_():
            return {key.text: plain(value) for key, value in node.entries}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a: &x 1\nb: 2\n", "f.yaml:1:4: the anchor `&x`"),
        (b"b: *x\n", "f.yaml:1:4: the alias `*x`"),
        (b"a: !!str 1\n", "f.yaml:1:4: the tag `tag:yaml.org,2002:str`"),
        (b"a: ! 1\n", "f.yaml:1:4: the tag `!`"),
        (b"a: !!python/object/apply:os.system [x]\n", "f.yaml:1:4: the tag"),
        (b"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key `a` is there already, on line 1"),
        (b"a: 1\n'a': 3\n", "f.yaml:2:1: the key `a` is there already"),
        (b"<<: {a: 1}\n", "f.yaml:1:1: a merge key"),
        (b"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document"),
        (b"%YAML 1.1\n---\na: 1\n", "f.yaml:1:1: a directive"),
        (b"\xef\xbb\xbfa: 1\n", "f.yaml:1:1: a byte order mark"),
        (b"a:\n\t- b\n", "f.yaml:2:1: a tab"),
        (b"a: 'x\ty'\n", "f.yaml:1:6: a tab"),
        (b"a: 1\rb: 2\n", "f.yaml:1:5: a carriage return"),
        (b"a: \xff\n", "f.yaml:1:4: not UTF-8"),
        (b"a: x\x00y\n", "f.yaml:1:5: the character U+0000"),
        ("a: x\u202ey\n".encode(), "f.yaml:1:5: the character U+202E"),
        ("ok: 1\na: x\u200by\n".encode(), "f.yaml:2:5: the character U+200B"),
        ("a: x\u2028b: 2\n".encode(), "f.yaml:1:5: the character U+2028"),
        (b"? [a]\n: b\n", "f.yaml:1:3: a key that is not text"),
        (b"", "f.yaml:1:1: the file is empty"),
        (b"# nothing\n", "f.yaml:1:1: the file is empty"),
        (b"a: 'b' c\n", "f.yaml:1:8: not YAML:"),
        (b"a: [1\n", "f.yaml:2:1: not YAML:"),
        (b"a: b: c\n", "f.yaml:1:5: not YAML:"),
    ],
)
def test_what_could_mean_something_else_is_refused_at_its_place(data: bytes, problem: str) -> None:
    assert wrong(data).startswith(problem)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[" * 300_000, "deeper than 100"),
        (b"{a: " * 50_000, "deeper than 100"),
        (b"- " * 50_000, "deeper than 100"),
        (b"a: " + b"9" * 20_000, "longer than 10,000 characters"),
        (b"a: " + b"x" * (1 << 20), "larger than 1,048,576 bytes"),
        (b"a: &a [x]\n" + b"b: [*a,*a]\n", "the anchor"),
    ],
)
def test_files_that_attack_the_reader_are_refused_at_once(data: bytes, words: str) -> None:
    start = thread_time()

    assert words in wrong(data)

    assert thread_time() - start < 1


def test_a_hundred_levels_are_read_and_one_more_is_not() -> None:
    assert isinstance(read("f", b"[" * 100 + b"]" * 100), Sequence)
    assert "deeper" in wrong(b"[" * 101 + b"]" * 101)


def test_nodes_know_their_place_and_whether_they_were_quoted() -> None:
    root = read("f", b"a: 1\nb:\n  - 'x'\n  - y\n")

    assert isinstance(root, Mapping_)
    listed = root.get("b")
    assert isinstance(listed, Sequence)
    quoted, bare = listed.items
    assert (quoted.mark.line, quoted.mark.column) == (3, 5)
    assert isinstance(quoted, Scalar)
    assert isinstance(bare, Scalar)
    assert (quoted.is_plain, bare.is_plain) == (False, True)


def test_columns_count_characters_and_not_bytes() -> None:
    assert wrong("é: ü\ré".encode()).startswith("f.yaml:1:5:")


def test_line_feeds_of_windows_are_read() -> None:
    assert plain(read("f", b"a: 1\r\nb: 2\r\n")) == {"a": "1", "b": "2"}


@given(
    st.recursive(
        st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1, max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_what_is_written_is_what_is_read(tree: object) -> None:
    assert plain(read("f", yaml.safe_dump(tree, default_style='"').encode())) == tree


def marks(data: bytes) -> list[tuple[int, int]]:
    """Return the place of the document, or of what is wrong with it."""
    try:
        node = read("f", data)
    except PolicyError as error:
        return [(problem.line, problem.column) for problem in error.problems]
    return [(node.mark.line, node.mark.column)]


@given(st.binary(max_size=200))
@example(b"\xed\xa0\x80")
@example(b"a: |\n  x\n y")
def test_no_bytes_raise_anything_but_one_problem_with_a_place(data: bytes) -> None:
    [(line, column)] = marks(data)

    assert line >= 1
    assert column >= 1


@given(st.text("ab:-[]{}&*!|>'\"#%@?, \n0.~<", max_size=60))
def test_no_text_raises_anything_but_one_problem_with_a_place(text: str) -> None:
    [(line, column)] = marks(text.encode())

    assert line >= 1
    assert column >= 1
