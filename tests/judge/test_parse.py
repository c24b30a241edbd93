"""A set of files is a set of policies, or everything that is wrong with them."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.judge.parse import parse_set
from agent.model.decision import Classification, Verb
from agent.model.errors import PolicyError
from agent.model.pending import ActionKind
from agent.model.policy import INFORMS_ONLY, Mode
from tests.judge.writing import list_file, parsed, policy_file, problems


def failure(files: dict[str, bytes]) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_set(files)
    return [str(problem) for problem in caught.value.problems]


def test_a_policy_is_what_its_author_wrote() -> None:
    policy = parsed(
        policy_file(
            name="small-clusters",
            kinds="softDeleteCluster, softDeleteMessage",
            more="""
priority: 7
tenants: [AAAAAAAA-2222-3333-4444-555555555555, bbbbbbbb-2222-3333-4444-555555555555]
expires: 2026-12-31T18:00:00+01:00
reason: because
classification: {classification: truePositive, determination: phishing}
limits: {actions: 20/h, messages: 5000/2d}
escalation: desk
inform: lead
""",
        )
    )

    assert (policy.name, policy.verb, policy.mode) == ("small-clusters", Verb.APPROVE, Mode.ENFORCE)
    assert policy.kinds == {ActionKind.SOFT_DELETE_CLUSTER, ActionKind.SOFT_DELETE_MESSAGE}
    assert policy.priority == 7
    assert policy.tenants == frozenset(
        {"aaaaaaaa-2222-3333-4444-555555555555", "bbbbbbbb-2222-3333-4444-555555555555"}
    )
    assert policy.expires == datetime(2026, 12, 31, 17, tzinfo=UTC)
    assert policy.classification == Classification(classification="truePositive", determination="phishing")
    assert policy.limits.actions is not None
    assert (policy.limits.actions.count, policy.limits.actions.window) == (20, timedelta(hours=1))
    assert policy.limits.messages is not None
    assert (policy.limits.messages.count, policy.limits.messages.window) == (5000, timedelta(days=2))
    assert (policy.reason, policy.escalation, policy.inform) == ("because", "desk", "lead")


def test_a_policy_observes_unless_it_says_otherwise() -> None:
    assert parsed(policy_file().replace(b"mode: enforce\n", b"")).mode is Mode.OBSERVE


def test_a_date_lasts_to_its_end() -> None:
    assert parsed(policy_file(more="expires: 2026-12-31")).expires == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("limit: {actions: 1/h}", "9:1: unknown key `limit`: did you mean `limits`?"),
        ("priority: high", "9:11: `high` is not a number"),
        ("priority: 1001", "9:11: a whole number from -1,000 to 1,000 is asked for"),
        ("priority: 1.5", "9:11: a whole number from -1,000 to 1,000 is asked for"),
        (
            "expires: soon",
            "9:10: `soon` is not a date or moment: write `2026-12-31` or `2026-12-31T18:00:00Z`",
        ),
        ("expires: 2026-02-30", "9:10: `2026-02-30` is not a date or moment"),
        ("expires: 2026-12-31T18:00:00", "9:10: `2026-12-31T18:00:00` is not a date or moment"),
        ("tenants: []", "9:10: a list of tenant ids is asked for"),
        ("tenants: all", "9:10: a list of tenant ids is asked for"),
        (
            "tenants: [not-a-guid]",
            "9:11: `not-a-guid` is not a tenant id: write the GUID, such as `00000000-",
        ),
        (
            "tenants: [11111111-2222-3333-4444-555555555555, contoso.example]",
            "9:49: `contoso.example` is not",
        ),
        ("tenants: [11111111-2222-3333-4444-5555555555555]", "9:11: `11111111-2222-"),
        ("limits: 20/h", "9:9: write `limits: {actions: 20/h, messages: 5000/d}`"),
        ("limits: {actions: 20}", "9:19: `20` is not a limit: write it like `20/h`, `5000/d` or `10/30m`"),
        ("limits: {actions: 0/h}", "9:19: `0/h` is not a limit"),
        ("limits: {action: 2/h}", "9:10: unknown key `action`: did you mean `actions`?"),
        ("classification: phishing", "9:17: write `classification: {classification: falsePositive,"),
        (
            "classification: {classification: falsepositive}",
            "9:34: `falsepositive` is not a classification: did you mean `falsePositive`?",
        ),
        ("inform:", "9:8: nothing is written here: the name of a chain is asked for"),
        ("reason: ''", "9:9: a reason is asked for, and this is empty"),
    ],
)
def test_parts_of_a_policy_are_checked_at_their_place(more: str, problem: str) -> None:
    found = problems(policy_file(more=more))

    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize("key", ["policy", "description", "owner", "for", "match", "decide"])
def test_what_a_policy_must_say(key: str) -> None:
    lines = policy_file("{evidence.verdict: malicious}").decode().splitlines()
    text = "\n".join(
        line for line in lines if not line.startswith((f"{key}:", "  {") if key == "match" else f"{key}:")
    )

    (found,) = problems(text.encode())
    assert found.startswith(f"1:1: `{key}` is missing: ")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (policy_file(decide="aprove"), "8:9: `aprove` is not a decision: did you mean `approve`?"),
        (
            policy_file(kinds="softDeleteClusters"),
            "4:7: `softDeleteClusters` is not a kind of pending action: did",
        ),
        (policy_file(mode="on"), "5:7: `on` is not a mode: one of `enforce`, `observe`"),
        (policy_file(name="a b"), "1:9: `a b` is not a name: use letters, digits, `-`, `_` and `.`"),
        (policy_file(decide="reject", more="limits: {actions: 1/h}"), "9:9: limits hold approvals back"),
        (
            policy_file(decide="escalate", more="classification: {classification: falsePositive}"),
            "9:17: a policy that escalates concludes nothing",
        ),
        (
            policy_file(kinds="blockUrl", more="limits: {messages: 1/h}"),
            "9:10: a limit of messages has no meaning",
        ),
        (policy_file("{}"), "7:3: no condition: name at least one fact"),
        (b"- a\n", "1:1: a policy is a mapping with the keys"),
        (b"just text\n", "1:1: a policy is a mapping with the keys"),
    ],
)
def test_wrong_policies_are_refused(data: bytes, problem: str) -> None:
    found = problems(data)

    assert len(found) == 1
    assert found[0].startswith(problem)


def test_everything_wrong_in_all_files_is_told_at_once_in_their_order() -> None:
    found = failure(
        {
            "b.yaml": policy_file("evidence.verdikt: malicious\ncluster.by: {inn: [url]}", decide="aprove"),
            "a.yaml": b"a: [\n",
            "lists/vip.yaml": b"list: vip\nentry: []\n",
        }
    )

    assert [problem.split(" ", 1)[0] for problem in found] == [
        "a.yaml:2:1:",
        "b.yaml:7:3:",
        "b.yaml:8:16:",
        "b.yaml:9:9:",
        "lists/vip.yaml:2:1:",
    ]


def test_no_policy_at_all_is_refused() -> None:
    assert failure({}) == [
        "policies:1:1: there is no policy in this folder: an agent without any decides nothing"
    ]
    assert "there is no policy" in failure({"policies/lists/vip.yaml": b"list: vip\nentries: []\n"})[0]


def test_two_policies_cannot_have_one_name() -> None:
    found = failure({"a.yaml": policy_file(), "b.yaml": policy_file()})

    assert found == ["b.yaml:1:1: the policy `p` is in `a.yaml` already"]


def test_cases_and_other_files_are_passed_over() -> None:
    files = {"p.yaml": policy_file(), "p.cases.yaml": b"[", "README.md": b"\xff"}

    assert [policy.name for policy in parse_set(files).policies] == ["p"]


def test_the_revision_changes_with_any_byte_and_not_with_the_order_or_the_cases() -> None:
    files = {"a.yaml": policy_file(name="a"), "b.yaml": policy_file(name="b"), **list_file("vip")}
    revision = parse_set(files).revision

    assert len(revision) == 12
    assert parse_set(dict(reversed(files.items()))).revision == revision
    assert parse_set({**files, "a.cases.yaml": b"x"}).revision == revision
    assert parse_set({**files, "a.yaml": files["a.yaml"] + b"# x\n"}).revision != revision
    assert parse_set({**files, **list_file("vip", "ceo@contoso.example")}).revision != revision


@pytest.mark.parametrize("folder", ["policies/", "", "/srv/air/policies/", "lists/", "C:\\air\\"])
def test_the_revision_is_the_same_wherever_the_folder_lies_and_however_it_is_named(folder: str) -> None:
    files = {
        "a.yaml": policy_file("recipients: {anyIn: $vip}"),
        "team/lists/vip.yaml": b"list: vip\nentries: []\n",
    }
    revision = parse_set({f"x/{name}": data for name, data in files.items()}).revision

    moved = parse_set(
        {f"{folder}{name}": data for name, data in files.items()} if folder != "lists/" else files
    )

    assert moved.revision == revision


def test_the_revision_changes_with_the_name_of_a_file_inside_the_folder() -> None:
    one, other = policy_file(name="a"), policy_file(name="b")

    assert (
        parse_set({"p/a.yaml": one, "p/b.yaml": other}).revision
        != parse_set({"p/a.yaml": one, "p/c.yaml": other}).revision
    )


def test_a_list_that_cannot_be_read_is_told_once_and_not_where_it_is_named() -> None:
    both = b"list: vip\ntype: users\nentries: []\nsource: {group: 99999999-8888-7777-6666-555555555555}\n"
    named = policy_file("recipients: {anyIn: $vip}\nevidence.verdict: {in: $nosuch}")

    found = failure({"a.yaml": named, "lists/vip.yaml": both})

    assert [line.partition(": ")[0] for line in found] == ["a.yaml:8:26", "lists/vip.yaml:3:10"]
    assert "unknown list `$nosuch`" in found[0]


def test_a_list_that_is_not_even_yaml_is_known_by_the_name_of_its_file() -> None:
    found = failure({"a.yaml": policy_file("recipients: {anyIn: $vip}"), "lists/vip.yaml": b"\t"})

    assert len(found) == 1
    assert found[0].startswith("lists/vip.yaml:1:1: ")


@pytest.mark.parametrize("folder", ["lists", "situations"])
def test_a_file_in_a_folder_below_lists_or_situations_is_one_error_with_where_it_belongs(folder: str) -> None:
    files = {
        "p/a.yaml": policy_file("recipients: {anyIn: $vip}"),
        f"p/{folder}/sub/vip.yaml": b"list: vip\nentries: []\n",
    }

    assert failure(files) == [
        f"p/{folder}/sub/vip.yaml:1:1: {folder} lie directly in `{folder}`, and in no folder below it: move the file there"
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            b"tenant: {id: x}\nauth: {kind: azureCli}\n",
            "is no policy, which begins with `policy: NAME`: move it out",
        ),
        (b"list: vip\nentries: []\n", "is a list, and no policy: lists lie directly in the folder `lists`"),
        (b"kind: blockUrl\nfacts: {}\n", "is a situation, and no policy"),
        (b"proofs: all\n", "holds proofs, and no policy: end its name in `.proofs.yaml`"),
        (b"base: x\ncases: []\n", "holds cases, and no policy: end its name in `.cases.yaml`"),
    ],
)
def test_another_file_among_policies_is_one_error_and_never_passed_over(data: bytes, words: str) -> None:
    (found,) = failure({"p/a.yaml": policy_file(), "p/sub/x.yaml": data})

    assert found.startswith(f"p/sub/x.yaml:1:1: {words}")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["p/situations/url.yaml", "p/lists/vip.yaml"], "p:1:1: there is no policy in this folder"),
        (
            ["p/situations/url.yaml"],
            "p/situations:1:1: there is no policy in `situations`: the folder of policies is",
        ),
        (["/p.cases.yaml"], "/:1:1: there is no policy in this folder"),
    ],
)
def test_that_there_is_no_policy_is_said_of_the_folder_and_of_no_file(files: list[str], told: str) -> None:
    (found,) = failure(dict.fromkeys(files, b"list: vip\nentries: []\n"))

    assert found.startswith(told)


def test_a_policy_s_digest_covers_the_lists_that_it_names() -> None:
    data = policy_file("recipients: {anyIn: $vip}")

    def digest(**lists: str) -> str:
        files = {file: body for name, entry in lists.items() for file, body in list_file(name, entry).items()}
        return parsed(data, files).digest

    first = digest(vip="ceo@contoso.example", other="x")
    assert digest(vip="ceo@contoso.example", other="y") == first
    assert digest(vip="cfo@contoso.example", other="x") != first


def test_a_policy_without_a_decision_informs_and_decides_nothing() -> None:
    policy = parsed(policy_file(decide="", more="inform: soc-lead"))

    assert (policy.inform, policy.priority) == ("soc-lead", INFORMS_ONLY)


def test_a_policy_that_only_informs_has_no_priority() -> None:
    found = problems(policy_file(decide="", more="inform: soc-lead\npriority: 5\nlimits: {actions: 1/h}"))

    assert found[0] == "9:1: `priority` belongs to a policy that decides: this one only informs"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"list: vip\nentries: x\n", "2:10: `entries` is missing, or is not a list"),
        (b"entries: []\n", "1:1: `list` is missing: it names the list"),
        (b"list: a b\nentries: []\n", "1:7: `a b` is not a name"),
        (b"[a]\n", "1:1: a list file has the keys"),
        (b"list: vip\nentrys: []\n", "2:1: unknown key `entrys`: did you mean `entries`?"),
    ],
)
def test_list_files_are_checked(data: bytes, problem: str) -> None:
    found = failure({"p.yaml": policy_file(), "lists/vip.yaml": data})

    assert found[0].startswith(f"lists/vip.yaml:{problem}")


def test_two_lists_cannot_have_one_name() -> None:
    data = b"list: vip\nentries: []\n"

    found = failure({"p.yaml": policy_file(), "lists/a.yaml": data, "lists/b.yaml": data})

    assert found == ["lists/b.yaml:1:1: the list `vip` is in `lists/a.yaml` already"]


def test_an_entry_that_does_not_fit_the_fact_is_told_in_the_list_s_own_file() -> None:
    found = problems(
        policy_file("recipients: {anyIn: $vip}", unless="- recipients: {anyIn: $vip}"),
        list_file("vip", "ceo@contoso.example", "nobody"),
    )

    assert found == [
        "policies/lists/vip.yaml:4:5: `nobody` is not an address: write it like `name@contoso.example`"
    ]
