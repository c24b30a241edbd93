"""Conditions as authors write them -> conditions as the model has them, typed and checked."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from agent.judge import fold
from agent.judge.calendar import moment
from agent.judge.list_kinds import NETWORK, ROW, SINGLE_TEXTS, Asked
from agent.judge.lists import Found, reference, unescaped, wording
from agent.judge.literals import Wrong, duration, line, literal, nearest, network, number, pattern, yes_no
from agent.judge.operand import expiries
from agent.judge.operators import OF_LISTS, ONE_OF, OPERATORS, Operand, Operator, Rows, of_type
from agent.judge.shelf import Shelf
from agent.judge.strict_yaml import Mapping_, Node, Scalar, Sequence, shown
from agent.judge.vocabulary import (
    FACTS,
    MEMBER,
    MESSAGE_FACTS,
    SETS,
    WORDS,
    Fact,
    Scope,
    fact_named,
    list_of,
    refreshed,
)
from agent.model.facts import FactType
from agent.model.mark import Mark
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.policy import All, AnyOf, Condition, Messages, Not, Test

WORDS_OF_LOGIC = frozenset({"all", "any", "not", "messages", "moment", ONE_OF})
QUANTIFIERS = frozenset({"any", "all", "none", "share"})


class ConditionReader:
    """Reads the conditions of one policy file; what is wrong is reported, and reading goes on."""

    def __init__(
        self, file: str, kinds: frozenset[ActionKind], shelf: Shelf, report: Callable[[Wrong], None]
    ) -> None:
        self.file = file
        self.kinds = kinds
        self.shelf = shelf
        self.report = report

    def conjunction(self, node: Node, scope: Scope = Scope.ACTION) -> tuple[Condition, ...]:
        """Return the conditions of a mapping, all of which must hold."""
        if not isinstance(node, Mapping_):
            raise Wrong(node.mark, "conditions are a mapping: `fact: value` or `fact: {operator: value}`")
        if not node.entries:
            raise Wrong(node.mark, "no condition: name at least one fact")
        found: list[Condition] = []
        for key, value in node.entries:
            try:
                found.extend(self._entry(key, value, scope))
            except Wrong as wrong:
                self.report(wrong)
        return tuple(found)

    def one(self, node: Node, scope: Scope = Scope.ACTION) -> Condition:
        """Return the conditions of a mapping as one condition."""
        conditions = self.conjunction(node, scope)
        return conditions[0] if len(conditions) == 1 else All(conditions=conditions, mark=node.mark)

    def several(self, node: Node, scope: Scope = Scope.ACTION) -> tuple[Condition, ...]:
        """Return one condition for each item of a sequence."""
        if not isinstance(node, Sequence) or not node.items:
            raise Wrong(node.mark, "a list of conditions is asked for: begin each with `- `")
        found: list[Condition] = []
        for item in node.items:
            try:
                found.append(self.one(item, scope))
            except Wrong as wrong:
                self.report(wrong)
        return tuple(found)

    def _entry(self, key: Scalar, node: Node, scope: Scope) -> tuple[Condition, ...]:
        match key.text:
            case "all":
                return (All(conditions=self.several(node, scope), mark=key.mark),)
            case "any":
                return (AnyOf(conditions=self.several(node, scope), mark=key.mark),)
            case "not":
                return (Not(condition=self.one(node, scope), mark=key.mark),)
            case "oneOf":
                return (self._one_of(key.mark, node, scope),)
            case "messages" | "moment" if scope is Scope.MESSAGE:
                raise Wrong(key.mark, f"`{key.text}` cannot stand inside `messages`")
            case "messages":
                return self._messages(key.mark, node)
            case "moment":
                return (moment(key.mark, node, self.shelf, self.file, self.report),)
            case _:
                return self._tests(key, node, scope)

    def _messages(self, mark: Mark, node: Node) -> tuple[Condition, ...]:
        if not self.kinds <= MAIL_KINDS:
            others = ", ".join(f"`{kind}`" for kind in sorted(self.kinds - MAIL_KINDS))
            raise Wrong(mark, f"there are no messages for {others}")
        if not isinstance(node, Mapping_) or not node.entries:
            raise Wrong(node.mark, "write `messages: {any: {…}}`, or with `all`, `none` or `share`")
        found = []
        for key, value in node.entries:
            if key.text not in QUANTIFIERS:
                raise Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, QUANTIFIERS)}")
            if key.text == "share":
                found.append(self._share(key.mark, value))
                continue
            condition = self.one(value, Scope.MESSAGE)
            found.append(Messages(quantifier=key.text, condition=condition, mark=key.mark))
        return tuple(found)

    def _share(self, mark: Mark, node: Node) -> Messages:
        bounds = {"atLeast": 0.0, "atMost": 1.0}
        of = node.get("of") if isinstance(node, Mapping_) else None
        if not isinstance(node, Mapping_) or of is None or len(node.entries) < 2:
            raise Wrong(node.mark, "write `share: {of: {…}, atLeast: 0.9}`, or with `atMost`")
        for key, value in node.entries:
            if key.text == "of":
                continue
            if key.text not in bounds:
                raise Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, {'of', *bounds})}")
            part = number(value)
            if not 0 <= part <= 1:
                raise Wrong(value.mark, f"a share is from 0 to 1, not {part}")
            bounds[key.text] = float(part)
        if bounds["atLeast"] > bounds["atMost"]:
            raise Wrong(node.mark, "`atLeast` is above `atMost`: no share is both")
        return Messages(
            quantifier="share",
            condition=self.one(of, Scope.MESSAGE),
            at_least=bounds["atLeast"],
            at_most=bounds["atMost"],
            mark=mark,
        )

    def _fact(self, key: Scalar, scope: Scope) -> Fact:
        """Return the row of the fact, which every kind of the policy must have."""
        here, there = (FACTS, Scope.MESSAGE) if scope is Scope.ACTION else (MESSAGE_FACTS, Scope.ACTION)
        fact = fact_named(key.text, scope)
        name = shown(key.text)
        if fact is None and fact_named(key.text, there) is not None:
            where = "only inside `messages`" if scope is Scope.ACTION else "only outside `messages`"
            raise Wrong(key.mark, f"`{name}` can be tested {where}")
        if fact is None:
            fitting = {row.name for row in here.values() if self.kinds <= row.kinds}
            fitting |= self._of_lists() if scope is Scope.ACTION else set()
            logic = WORDS_OF_LOGIC if scope is Scope.ACTION else WORDS_OF_LOGIC - {"messages", "moment"}
            raise Wrong(key.mark, f"unknown fact `{name}`{nearest(key.text, fitting | logic)}")
        self._check_list(key, fact)
        lacking = self.kinds - fact.kinds
        if lacking:
            kinds = ", ".join(f"`{kind}`" for kind in sorted(lacking))
            raise Wrong(key.mark, f"`{name}` does not exist for {kinds}: leave the kind or the condition out")
        return fact

    def _of_lists(self) -> set[str]:
        return {refreshed(name) for name in self.shelf.fed}

    def _check_list(self, key: Scalar, fact: Fact) -> None:
        """See to it that a fact of a list is one of a list that is fed, and count the list as named."""
        name = list_of(fact.name)
        if name is None:
            return
        if name not in self.shelf.lists:
            near = nearest(fact.name, self._of_lists())
            raise Wrong(
                key.mark, f"unknown fact `{shown(fact.name)}`: there is no list `{shown(name)}`{near}"
            )
        if name not in self.shelf.fed:
            raise Wrong(key.mark, f"`${name}` is never fetched: its entries stand in its file")
        self.shelf.named.add(name)

    def _tests(self, key: Scalar, node: Node, scope: Scope) -> tuple[Condition, ...]:
        fact = self._fact(key, scope)
        match node:
            case Scalar():
                self._check_plain(fact, node)
                return (self._test(fact, OPERATORS["equals"], node, key.mark),)
            case Sequence():
                operator = "anyIn" if fact.type in SETS else "in"
                raise Wrong(node.mark, f"a list needs an operator: write `{fact.name}: {{{operator}: […]}}`")
            case Mapping_(entries=()):
                raise Wrong(node.mark, f"no operator: one of {_names(of_type(fact.type))}")
            case Mapping_():
                return tuple(
                    self._test(fact, self._operator(fact, name), value, key.mark)
                    for name, value in node.entries
                )

    def _check_plain(self, fact: Fact, node: Scalar) -> None:
        if fact.type in SETS:
            raise Wrong(
                node.mark, f"`{fact.name}` is a {fact.type.value}: write `{{contains: {shown(node.text)}}}`"
            )
        if fact.type is FactType.MOMENT:
            raise Wrong(
                node.mark, f"`{fact.name}` is a moment: write `{{olderThan: 2h}}` or `{{newerThan: 3d}}`"
            )
        if reference(node) is not None:
            raise Wrong(node.mark, f"`{shown(node.text)}` is a list: write `{{in: {shown(node.text)}}}`")

    def _operator(self, fact: Fact, key: Scalar) -> Operator:
        operator = OPERATORS.get(key.text)
        fitting = of_type(fact.type)
        if operator is None:
            raise Wrong(key.mark, f"unknown operator `{shown(key.text)}`{nearest(key.text, fitting)}")
        if fact.type in operator.types:
            return operator
        if key.text == "endsWith" and "domainIn" in fitting:
            hint = "use `domainIn`, which is not fooled by a longer name"
        else:
            hint = f"use {_names(fitting)}"
        raise Wrong(key.mark, f"`{key.text}` does not go with `{fact.name}`, a {fact.type.value}: {hint}")

    def _test(self, fact: Fact, operator: Operator, node: Node, mark: Mark) -> Test:
        if operator.operand is not Operand.MANY and isinstance(node, Mapping_):
            raise Wrong(node.mark, f"`{operator.name}` takes {operator.operand.value}")
        if operator.operand not in OF_LISTS:
            operand = self._operand(fact, operator, node)
            return Test(
                fact=fact.name, operator=operator.name, operand=operand, wording=wording(node), mark=mark
            )
        found = self._listed(fact, operator, node)
        is_networks = operator.operand is Operand.NETWORKS
        return Test(
            fact=fact.name,
            operator=operator.name,
            operand=found.own if is_networks else found.operand,
            wording=wording(node),
            mark=mark,
            fresh=found.fresh,
            expiries=found.expiries,
        )

    def _operand(self, fact: Fact, operator: Operator, node: Node) -> object:
        kind, known = MEMBER.get(fact.type, fact.type), WORDS.get(fact.name)
        match operator.operand:
            case Operand.ONE:
                return literal(unescaped(node), kind, known)
            case Operand.NUMBER:
                return number(node)
            case Operand.PAIR:
                return _pair(node)
            case Operand.PART:
                return _part(unescaped(node), fact, known)
            case Operand.PATTERN:
                return pattern(node)
            case Operand.DURATION:
                return duration(node)
            case Operand.YESNO:
                return yes_no(node)
            case Operand.MANY | Operand.DOMAINS | Operand.NETWORKS:
                return self._listed(fact, operator, node)

    def _listed(self, fact: Fact, operator: Operator, node: Node) -> Found:
        """Return what the operand of an operator that takes lists stands for."""
        asked = asked_for(fact, operator)
        if operator.operand is Operand.NETWORKS:
            return self.shelf.read(node, self.file, asked, network, self.report)
        is_list = isinstance(node, Sequence) or reference(node) is not None
        if not is_list and operator.operand is Operand.MANY:
            raise Wrong(
                node.mark, f"`{operator.name}` takes a list: write `[{shown(wording(node))}]` or `$name`"
            )
        kind = FactType(asked.kind)
        known = None if operator.operand is Operand.DOMAINS else WORDS.get(fact.name)
        return self.shelf.read(
            node, self.file, asked, lambda item: literal(unescaped(item), kind, known), self.report
        )

    def _one_of(self, mark: Mark, node: Node, scope: Scope) -> Test:
        """Return a test on entries with several members, which must all name the same facts."""
        if not isinstance(node, Sequence) and reference(node) is None:
            raise Wrong(node.mark, "`oneOf` takes a list of entries, or `$name`")
        entries = self.shelf.nodes(node, self.file, Asked(kind=ROW, words=f"`{ONE_OF}` takes {ROW}"))
        if not entries:
            raise Wrong(node.mark, "the list has no entries, so that its members are not known")
        facts: tuple[Fact, ...] = ()
        ends: list[tuple[tuple[str, ...], datetime | None]] = []
        for listed in entries:
            try:
                facts = facts or self._members(listed.node, scope)
                ends.append((_row(listed.node, facts), listed.expires))
            except Wrong as wrong:
                self.report(Wrong(wrong.mark, wrong.message, wrong.file or listed.file))
                if not facts:
                    break
        names = tuple(fact.name for fact in facts) or ("?",)
        return Test(
            fact=names[0],
            operator=ONE_OF,
            operand=Rows(facts=names, rows=frozenset(row for row, _ in ends)),
            wording=wording(node),
            mark=mark,
            expiries=expiries(ends),
        )

    def _members(self, node: Node, scope: Scope) -> tuple[Fact, ...]:
        if not isinstance(node, Mapping_) or not node.entries:
            raise Wrong(node.mark, "an entry for `oneOf` is a mapping: `{sender.domain: …, auth.dmarc: …}`")
        facts = tuple(self._fact(key, scope) for key, _ in node.entries)
        for (key, _), fact in zip(node.entries, facts, strict=True):
            if fact.type not in SINGLE_TEXTS:
                raise Wrong(
                    key.mark, f"`{fact.name}` is a {fact.type.value}: `oneOf` compares single texts only"
                )
        return facts


def _row(node: Node, facts: tuple[Fact, ...]) -> tuple[str, ...]:
    names = {fact.name for fact in facts}
    if not isinstance(node, Mapping_) or {key.text for key, _ in node.entries} != names:
        raise Wrong(
            node.mark, f"this entry needs the members {_names(sorted(names))}, as the first entry has"
        )
    given: Mapping[str, Node] = {key.text: value for key, value in node.entries}
    return tuple(str(literal(unescaped(given[fact.name]), fact.type, WORDS.get(fact.name))) for fact in facts)


def _names(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def asked_for(fact: Fact, operator: Operator) -> Asked:
    """Return what the operator asks of the entries of a list that the fact is compared with."""
    match operator.operand:
        case Operand.NETWORKS:
            return Asked(kind=NETWORK, fact=fact.name, words=f"`{operator.name}` takes networks")
        case Operand.DOMAINS:
            return Asked(kind=FactType.DOMAIN, fact=fact.name, words=f"`{operator.name}` takes domains")
        case _:
            article = "an" if fact.type.value[0] in "aio" else "a"
            words = f"`{fact.name}` is {article} {fact.type.value}"
            return Asked(kind=MEMBER.get(fact.type, fact.type), fact=fact.name, words=words)


def _pair(node: Node) -> tuple[int | float, int | float]:
    if not isinstance(node, Sequence) or len(node.items) != 2:
        raise Wrong(node.mark, "`between` takes two numbers: `[10, 200]`")
    low, high = number(node.items[0]), number(node.items[1])
    if low > high:
        raise Wrong(node.mark, f"no number lies between {low} and {high}: write the lower one first")
    return low, high


def _part(node: Node, fact: Fact, known: Collection[str] | None) -> object:
    """Return what a text is to have in it, or which member a set."""
    if fact.type in SETS:
        return literal(node, MEMBER[fact.type], known)
    part = line(node)
    return part.lower() if fact.type is FactType.ADDRESS else fold.text(part)
