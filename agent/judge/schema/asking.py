"""What can be asked of a fact, by its type: the operators, and what each takes."""

from collections.abc import Iterable

from agent.judge.document import fact_in_words
from agent.judge.operators import OPERATORS, Operand, Operator, of_type
from agent.judge.schema.values import (
    DURATION,
    LIST,
    NETWORK,
    NO_REFERENCE,
    NUMBER,
    YESNO,
    Schema,
    closed,
    described,
    plain,
    reference,
    some_of,
    value,
    when,
)
from agent.judge.vocabulary import SETS, WORDS, Fact
from agent.model.facts import FactType


def test_of(fact: Fact) -> Schema:
    """Return the schema of what stands after the fact: a plain value, or operators that must all hold."""
    return reference(_name(fact), fact_in_words(fact))


def tests(facts: Iterable[Fact]) -> dict[str, Schema]:
    """Return the definitions that tests of these facts refer to: one for each type, and for each set of words."""
    return {_name(fact): _tests(fact) for fact in facts}


def _name(fact: Fact) -> str:
    """Return the name of the definition: facts of the same words, or of the same type, share one."""
    known, of = WORDS.get(fact.name), fact.type.replace(" ", "-")
    if known is None:
        return f"test-of-{of}"
    return f"test-of-{of}-as-{next(name for name, words in WORDS.items() if words == known)}"


def _tests(fact: Fact) -> Schema:
    operators = closed(
        {
            name: described(_operand(fact, OPERATORS[name]), OPERATORS[name].meaning)
            for name in of_type(fact.type)
        },
        minProperties=1,
    )
    if fact.type in SETS or fact.type is FactType.MOMENT:
        return operators
    # Were the operators one of `anyOf`, editors would say of a wrong one that it is no plain value; were the
    # plain value an `else`, they would offer no words.
    is_object: Schema = {"type": "object"}
    return {"anyOf": [value(fact, in_condition=True), is_object], **when(is_object, operators)}


def _operand(fact: Fact, operator: Operator) -> Schema:
    one = value(fact, in_condition=True)
    match operator.operand:
        case Operand.ONE:
            return one
        case Operand.MANY:
            return listed(one)
        case Operand.NUMBER:
            return NUMBER
        case Operand.PAIR:
            return {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
        case Operand.PART:
            return one if fact.type in SETS else {"type": "string", "pattern": rf"^{NO_REFERENCE}[\s\S]*\S"}
        case Operand.PATTERN:
            return {"type": "string", "minLength": 1, "maxLength": 1_000}
        case Operand.DOMAINS:
            domain = plain(FactType.DOMAIN, in_condition=True)
            return {"anyOf": [domain, *listed(domain)["anyOf"]]}
        case Operand.NETWORKS:
            return {"anyOf": [NETWORK, *listed(NETWORK)["anyOf"]]}
        case Operand.DURATION:
            return DURATION
        case Operand.YESNO:
            return YESNO


def listed(one: Schema) -> Schema:
    """Return the schema of several of these, or of a list's name; lists may stand among the values."""
    return {"anyOf": [LIST, some_of({"anyOf": [one, LIST]})]}
