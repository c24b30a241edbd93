"""One line of a policy's file is written, and everything else stays as it is, byte for byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.judge.enforcing import written
from agent.judge.parse import parse_set
from agent.judge.promotion.line import content, with_mode
from agent.model.errors import PolicyError
from agent.model.pending import ActionKind
from agent.model.policy import Mode, Part, Policy
from tests.judge.writing import TENANT, policy_file

MESSAGE = ActionKind.SOFT_DELETE_MESSAGE
OBSERVE, ENFORCE = Mode.OBSERVE, Mode.ENFORCE
NARROW = Part(kinds=frozenset({MESSAGE}))


def the_policy(data: bytes) -> Policy:
    (policy,) = parse_set({"p.yaml": data}).policies
    return policy


def changed(data: bytes, mode: Mode = ENFORCE, part: Part = Part()) -> bytes:  # noqa: B008  a frozen noun
    return with_mode("p.yaml", data, mode, part)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mode: observe", "mode: enforce"),
        ("mode:   observe   # until we trust it", "mode:   enforce   # until we trust it"),
        ("mode: 'observe'", "mode: 'enforce'"),
        ('mode: "observe" #x', 'mode: "enforce" #x'),
        ('"mode": observe', '"mode": enforce'),
        ("mode: {enforce: {kinds: [softDeleteMessage]}}  # one kind", "mode: enforce  # one kind"),
        ("mode:\n  observe", "mode:\n  enforce"),
    ],
)
def test_what_stands_there_is_written_over(before: str, after: str) -> None:
    data = policy_file(kinds="softDeleteCluster, softDeleteMessage").replace(
        b"mode: enforce", before.encode()
    )

    assert changed(data) == data.replace(before.encode(), after.encode())


def test_a_narrowed_mode_takes_no_quotes_over() -> None:
    data = policy_file(kinds="softDeleteMessage").replace(b"mode: enforce", b"mode: 'observe' # so")

    after = changed(data, ENFORCE, NARROW)

    assert b"\nmode: {enforce: {kinds: [softDeleteMessage]}} # so\n" in after


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"policy: p\nfor: [softDeleteCluster]\nmatch: {evidence.verdict: malicious}\n", 3),
        (
            b"policy: p\nfor:\n  - softDeleteCluster\n\n# what it is about\nmatch: {evidence.verdict: malicious}\n",
            4,
        ),
        (b"policy: p\nmatch: {evidence.verdict: malicious}\nfor: [softDeleteCluster]", 3),
        (b"---\nfor: [softDeleteCluster]\nmatch: {evidence.verdict: malicious}\npolicy: p\n...\n", 3),
    ],
)
def test_where_there_is_no_mode_one_line_is_added(data: bytes, line: int) -> None:
    lines = data.split(b"\n")

    after = changed(data).split(b"\n")

    assert after == [*lines[: line - 1], b"mode: enforce", *lines[line - 1 :]]


@pytest.mark.parametrize(
    "data",
    [
        b"policy: p\nfor: [softDeleteCluster]\nmode:\n  enforce:\n    kinds: [softDeleteCluster]\nmatch: {}\n",
        b"policy: p\nfor: [softDeleteCluster]\nmode: {enforce: {\n  kinds: [softDeleteCluster]}}\nmatch: {}\n",
        b"policy: p\nfor: [softDeleteCluster]\nmode: >-\n  observe\nmatch: {}\n",
        b"{policy: p, for: [softDeleteCluster], match: {}}\n",
    ],
)
def test_what_one_line_cannot_say_is_left_to_its_author(data: bytes) -> None:
    mode = OBSERVE if b"enforce" in data else ENFORCE

    with pytest.raises(PolicyError, match=f"write `mode: {mode}` here: .* write it yourself"):
        changed(data, mode)


def test_a_file_that_is_one_mapping_in_braces_is_written_too() -> None:
    data = b"{policy: p, for: [softDeleteCluster], mode: observe, match: {}}\n"

    assert changed(data) == data.replace(b"observe", b"enforce")


def test_what_says_so_already_stays() -> None:
    data = policy_file(mode="'enforce'")

    assert changed(data) is data


def test_content_is_all_but_mode_comments_and_places() -> None:
    one = policy_file(mode="observe", more="reason: so")
    other = b"# why\n" + policy_file(mode="enforce", more="reason:    so  # indeed")

    assert content("p.yaml", one) == content("p.yaml", other)
    assert content("p.yaml", one) != content("p.yaml", policy_file(more="reason: thus"))


MODES = st.sampled_from(
    [
        (OBSERVE, Part()),
        (ENFORCE, Part()),
        (ENFORCE, NARROW),
        (ENFORCE, Part(tenants=frozenset({TENANT}))),
        (ENFORCE, Part(kinds=frozenset({MESSAGE}), tenants=frozenset({TENANT}))),
    ]
)
COMMENTS = st.sampled_from(["", " # it: {is} so", " #", "  # 'mode: observe'", " # größer ☂"])
HEADS = st.sampled_from(["", "# mode: observe\n", "---\n", "\n\n# größer ☂\n"])
FORS = st.sampled_from(
    ["for: [softDeleteMessage]", "for:\n- softDeleteMessage", "for:\n    - softDeleteMessage  # one"]
)
RESTS = [
    "description: 'mode: observe'",
    'owner: "soc@contoso.example"',
    "match:\n  evidence.verdict: malicious  # mode",
    "unless:\n  - evidence.verdict: {in: [suspicious]}",
    "decide: approve",
    "reason: >-\n  mode\n\n  observe",
]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    mode, part = draw(MODES)
    word = written(mode, part)
    quote = draw(st.sampled_from(["", "'", '"'])) if word == mode else ""
    line = f"mode:{draw(st.sampled_from([' ', '   ']))}{quote}{word}{quote}{draw(COMMENTS)}"
    keys = ["policy: p", draw(FORS), *RESTS, *([line] if mode is ENFORCE or draw(st.booleans()) else [])]
    blanks = st.sampled_from(["", "\n", "# one\n", "\n  # two\n\n"])
    body = "".join(f"{draw(blanks)}{key}\n" for key in draw(st.permutations(keys)))
    text = draw(HEADS) + body
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()


@settings(max_examples=150, deadline=None)
@given(data=files(), wanted=MODES)
def test_only_one_line_differs_and_the_policy_is_the_same_but_for_its_mode(
    data: bytes, wanted: tuple[Mode, Part]
) -> None:
    mode, part = wanted

    after = changed(data, mode, part)

    old, new = the_policy(data), the_policy(after)
    assert (new.mode, new.part) == (mode, part)
    assert content("p.yaml", after) == content("p.yaml", data)
    bare = {"marks": {}, "digest": "", "mode": OBSERVE, "part": Part()}
    if len(after.splitlines()) == len(data.splitlines()):
        assert replace(new, **bare) == replace(old, **bare)
    before_lines, after_lines = data.split(b"\n"), after.split(b"\n")
    if len(before_lines) == len(after_lines):
        assert sum(one != other for one, other in zip(before_lines, after_lines, strict=True)) <= 1
    else:
        at = next(
            at for at, line in enumerate(after_lines) if at >= len(before_lines) or line != before_lines[at]
        )
        assert [*after_lines[:at], *after_lines[at + 1 :]] == before_lines
        assert (b"\r" in after_lines[at]) is (b"\r" in data)
