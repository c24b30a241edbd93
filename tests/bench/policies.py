"""100 policies x 10,000 pending actions, against the same conditions in C++ CEL, with identical answers.

Every policy is for the kind that every action is of, so that each pair has to be settled, and what the
policies say together is settled too. A twentieth of the actions lack a fact. CEL judges the conditions only.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from time import perf_counter

from cel_expr_python import cel

from agent.judge.compile import Judge, compile_set
from agent.judge.decide import combine
from agent.judge.parse import parse_set
from agent.model.decision import Verb
from agent.model.facts import Facts, Value
from agent.model.pending import ActionKind

POLICIES = 100
ACTIONS = 10_000
SEED = 20260824
NOW = datetime(2026, 8, 24, 9, tzinfo=UTC)
TENANT = "contoso"
KIND = ActionKind.SOFT_DELETE_CLUSTER

SECONDS_GOAL = 0.6
RATIO_GOAL = 8.0

Row = tuple[str, str, str]

DOMAINS = [f"{name}.example" for name in ("partner", "fabrikam", "evil", "adatum", "northwind", "proseware")]
NAMES = [f"user{number}@contoso.example" for number in range(200)]
TITLES = [
    "Email messages containing malicious URL removed after delivery",
    "Email messages containing malicious file removed after delivery",
    "Email reported by user as malware or phish",
    "A potentially malicious URL click was detected",
]

Clause = tuple[str, str]
"""The same condition twice: as a line of YAML, and in CEL."""


def _equality(chance: Random) -> Clause:
    fact, words = chance.choice(
        [
            ("evidence.verdict", ["malicious", "suspicious", "noThreatsFound"]),
            ("alert.severity", ["informational", "low", "medium", "high"]),
            ("cluster.by", ["url", "file", "similarity"]),
        ]
    )
    word = chance.choice(words)
    return f"{fact}: {word}", f"{_variable(fact)} == '{word}'"


def _one_of(chance: Random) -> Clause:
    fact, words = chance.choice(
        [
            ("cluster.by", ["url", "file", "similarity"]),
            ("alert.severity", ["informational", "low", "medium", "high"]),
            ("incident.status", ["active", "inProgress", "resolved", "redirected"]),
        ]
    )
    some = chance.sample(words, 2)
    return f"{fact}: {{in: [{', '.join(some)}]}}", f"{_variable(fact)} in {_cel_list(some)}"


def _number(chance: Random) -> Clause:
    fact = chance.choice(["cluster.mailboxCount", "cluster.emailCount", "recipients.count"])
    bound = chance.choice([5, 50, 200, 1_000, 5_000])
    operator, sign = chance.choice([("atMost", "<="), ("above", ">"), ("atLeast", ">="), ("below", "<")])
    return f"{fact}: {{{operator}: {bound}}}", f"{_variable(fact)} {sign} {bound}"


def _domain(chance: Random) -> Clause:
    some = chance.sample(DOMAINS, 2)
    return (
        f"senders.domains: {{noneIn: [{', '.join(some)}]}}",
        f"!senders_domains.exists(one, one in {_cel_list(some)})",
    )


def _members(chance: Random) -> Clause:
    operator, negation = chance.choice([("anyIn", ""), ("noneIn", "!")])
    which, listed = chance.choice([("$vip", VIP), ("$staff", STAFF)])
    return (
        f"recipients: {{{operator}: {which}}}",
        f"{negation}recipients.exists(one, one in {_cel_list(listed)})",
    )


def _pattern(chance: Random) -> Clause:
    part = chance.choice(["malicious URL", "malicious file", "reported by user", "click was"])
    return f"alert.title: {{matches: '.*{part}.*'}}", f"alert_title.matches('^(?:.*{part}.*)$')"


VIP = NAMES[:10]
STAFF = NAMES[10:60]
CLAUSES: Sequence[Callable[[Random], Clause]] = (_one_of, _number, _domain, _members, _pattern)


def _variable(fact: str) -> str:
    return fact.replace(".", "_")


def _cel_list(words: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{word}'" for word in words) + "]"


def some_policies(chance: Random) -> tuple[dict[str, bytes], list[str]]:
    """Return policy files, and for each the same conditions as one CEL expression."""
    files = {
        f"policies/lists/{name}.yaml": f"list: {name}\nentries: [{', '.join(entries)}]\n".encode()
        for name, entries in (("vip", VIP), ("staff", STAFF))
    }
    expressions = []
    for number in range(POLICIES):
        clauses = dict(
            [_equality(chance)] + [make(chance) for make in chance.sample(list(CLAUSES), 3 + number % 2)]
        )
        unique = {line.split(":")[0]: (line, expression) for line, expression in clauses.items()}
        lines = "".join(f"  {line}\n" for line, _ in unique.values())
        verb = chance.choice(list(Verb))
        text = (
            f"policy: p{number:03}\ndescription: one of many\nowner: bench\nfor: [{KIND}]\nmode: enforce\n"
            f"priority: {chance.choice([0, 0, 0, 10])}\nmatch:\n{lines}decide: {verb}\n"
        )
        files[f"policies/p{number:03}.yaml"] = text.encode()
        expressions.append(" && ".join(expression for _, expression in unique.values()))
    return files, expressions


def some_facts(chance: Random) -> Iterator[Facts]:
    """Give the facts of pending actions, one in twenty with a fact missing."""
    for _ in range(ACTIONS):
        recipients = frozenset(chance.sample(NAMES, chance.randint(1, 12)))
        values: dict[str, Value] = {
            "evidence.verdict": chance.choice(["malicious", "malicious", "suspicious", "noThreatsFound"]),
            "alert.severity": chance.choice(["informational", "low", "medium", "high"]),
            "alert.title": chance.choice(TITLES),
            "incident.status": chance.choice(["active", "inProgress", "resolved"]),
            "cluster.by": chance.choice(["url", "file", "similarity"]),
            "cluster.emailCount": chance.randint(1, 12_000),
            "cluster.mailboxCount": chance.randint(1, 12_000),
            "recipients": recipients,
            "recipients.count": len(recipients),
            "senders.domains": frozenset(chance.sample(DOMAINS, chance.randint(1, 2))),
        }
        if chance.random() < 0.05:
            del values[chance.choice(sorted(values))]
        yield Facts(now=NOW, values=values)


def _by_closures(
    judge: Judge, actions: Sequence[Facts]
) -> tuple[float, list[Verb], list[dict[str, bool | None]]]:
    """Return the seconds to decide every action, the verbs, and each policy's answer where it is not false."""
    answers = []
    verbs = []
    start = perf_counter()
    for facts in actions:
        found = judge.evaluate(KIND, TENANT, facts)
        verbs.append(combine(found.matched, found.undecided).verb)
        answers.append(found)
    seconds = perf_counter() - start
    named = [
        {one.policy.name: True for one in found.matched} | {one.policy.name: None for one in found.undecided}
        for found in answers
    ]
    return seconds, verbs, named


def _by_cel(
    expressions: Sequence[str], actions: Sequence[Facts]
) -> tuple[float, list[dict[str, bool | None]]]:
    string, number, strings = cel.Type.STRING, cel.Type.INT, cel.Type.List(cel.Type.STRING)
    types = {
        "evidence_verdict": string,
        "alert_severity": string,
        "alert_title": string,
        "incident_status": string,
        "cluster_by": string,
        "cluster_emailCount": number,
        "cluster_mailboxCount": number,
        "recipients": strings,
        "recipients_count": number,
        "senders_domains": strings,
    }
    env = cel.NewEnv(variables=types)
    compiled = [(f"p{at:03}", env.compile(expression)) for at, expression in enumerate(expressions)]
    data = [
        {
            _variable(name): sorted(value) if isinstance(value, frozenset) else value
            for name, value in facts.values.items()
        }
        for facts in actions
    ]
    raw = []
    start = perf_counter()
    for values in data:
        activation = env.Activation(values)
        raw.append([(name, expression.eval(activation).value()) for name, expression in compiled])
    seconds = perf_counter() - start
    told = [
        {name: True if value is True else None for name, value in each if value is not False} for each in raw
    ]
    return seconds, told


def run() -> list[Row]:
    """Measure, assert that both give the same answers, and return the rows: what, measured, goal."""
    chance = Random(SEED)
    files, expressions = some_policies(chance)
    judge = compile_set(parse_set(files))
    actions = list(some_facts(chance))
    seconds, verbs, ours = min((_by_closures(judge, actions) for _ in range(3)), key=lambda one: one[0])
    cel_seconds, theirs = _by_cel(expressions, actions)
    if ours != theirs:
        differ = sum(mine != other for mine, other in zip(ours, theirs, strict=True))
        raise AssertionError(f"closures and CEL differ on {differ} of {len(actions)} actions")
    decided = {verb: verbs.count(verb) for verb in Verb}
    counts = ", ".join(f"{count} {verb}" for verb, count in decided.items())
    return [
        (
            f"{POLICIES} policies x {ACTIONS:,} actions, decided ({counts})",
            f"{seconds:.2f} s",
            f"under {SECONDS_GOAL} s",
        ),
        ("the same conditions in C++ CEL, identical answers", f"{cel_seconds:.2f} s", ""),
        ("times faster than CEL", f"{cel_seconds / seconds:.1f}", f"at least {RATIO_GOAL:g}"),
    ]


def main() -> None:
    """Print the table."""
    for row in run():
        print("  ".join(row))


if __name__ == "__main__":
    main()
