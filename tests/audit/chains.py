"""Chains in memory: a ledger's audit as one could have written it, to be checked or spoilt."""

from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from agent.audit import chain
from agent.audit.key import Key
from agent.model.audit import Carried, Decided, Detail, Entry, Event, Given, Head, Kept, Link

KEY = Key("0123456789abcdef0123456789abcdef")
TENANT = "11111111-2222-3333-4444-555555555555"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SALT = b"0123456789abcdef"


def an_entry(
    event: Event = Event.NOTE,
    *,
    at: datetime = NOW,
    action: str | None = None,
    personal: dict[str, str] | None = None,
    **detail: Detail,
) -> Entry:
    return Entry(
        event=event, at=at, actor="agent a", action_id=action, detail=detail, personal=personal or {}
    )


class Books:
    """Fulfils `verify.Told`; `tell` continues a chain as the ledger does."""

    def __init__(self, key: Key = KEY) -> None:
        self.key = key
        self.chains: dict[str, list[Link]] = defaultdict(list)
        self.kept: dict[str, list[Kept]] = defaultdict(list)
        self.ends: dict[str, Head] = {}
        self.decisions: list[Decided] = []
        self.answers: list[Given] = []
        self.effects: list[Carried] = []

    def tell(self, *entries: Entry, replica: str = "a") -> None:
        chain_key, values_key = self.key.of_chain(TENANT, replica), self.key.of_values(TENANT)
        for entry in entries:
            before = self.ends.get(replica) or Head(replica=replica, number=0, mac=chain.genesis(chain_key))
            number = before.number + 1
            digests = {
                name: chain.value_digest(values_key, SALT, name, value)
                for name, value in entry.personal.items()
            }
            body = chain.body(entry, digests)
            mac = chain.mac(chain_key, before.mac, number, body)
            at = chain.micros(entry.at)
            self.chains[replica].append(
                Link(
                    replica=replica,
                    number=number,
                    at=at,
                    event=str(entry.event),
                    action_id=entry.action_id,
                    body=body,
                    mac=mac,
                )
            )
            self.kept[replica] += [
                Kept(replica=replica, number=number, name=name, at=at, salt=SALT, value=value)
                for name, value in sorted(entry.personal.items())
            ]
            self.ends[replica] = replace(before, number=number, mac=mac)

    def decide(self, action: str, number: int = 1, content: bytes = b"approve", replica: str = "a") -> None:
        binding = chain.binding(self.key.of_values(TENANT), content)
        self.tell(an_entry(Event.DECISION, action=action, number=number, content=binding), replica=replica)
        self.decisions.append(Decided(action_id=action, number=number, content=content))

    def answer(self, action: str, number: int = 1, content: bytes = b"approve", replica: str = "a") -> None:
        binding = chain.binding(self.key.of_values(TENANT), content)
        self.tell(an_entry(Event.ANSWER, action=action, number=number, content=binding), replica=replica)
        self.answers.append(Given(action_id=action, number=number, content=content))

    def intend(self, effect: str, content: bytes = b"targets", replica: str = "a") -> None:
        binding = chain.binding(self.key.of_values(TENANT), content)
        self.tell(an_entry(Event.INTENT, effect=effect, content=binding), replica=replica)

    def carry(self, effect: str, went: str, attempts: int, content: bytes = b"targets") -> None:
        self.effects.append(
            Carried(id=effect, action_id="action", went=went, attempts=attempts, content=content)
        )

    def heads(self) -> Sequence[Head]:
        return list(self.ends.values())

    def replicas(self) -> Sequence[str]:
        return sorted({*self.chains, *self.kept})

    def erasures(self) -> Iterator[bytes]:
        return (link.body for links in self.chains.values() for link in links if link.event == "erasure")

    def restores(self) -> Iterator[bytes]:
        return (link.body for links in self.chains.values() for link in links if link.event == "restored")

    def links(self, replica: str) -> "Generator[Link]":
        yield from self.chains[replica]

    def values(self, replica: str) -> "Generator[Kept]":
        yield from self.kept[replica]

    def decided(self) -> Iterator[Decided]:
        return iter(self.decisions)

    def given(self) -> Iterator[Given]:
        return iter(self.answers)

    def carried(self) -> Iterator[Carried]:
        return iter(self.effects)


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)
