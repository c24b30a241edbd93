"""One made-up thing for each real one, within one recording.

Everything is numbered in the order in which it appears, and nothing is worked out from what it stands for, so that
no pseudonym can be turned back, with or without guesses: what connects the two is in memory only, and is gone
when the recording ends. The same thing gets the same pseudonym, another gets another. Addresses, domains, ids,
hashes and parts of paths are the same in any case, as Defender and the agent compare them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import chain

FIRST_NUMBER = 1_900_000_000
"""Made-up numbers begin above it: they look like no incident's, and fit into 32 bits with a sign."""

_IPV4 = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "240.0.0.0/4")
"""Documentation, then benchmarking, then what nobody may have. Source: RFC 5737, RFC 2544, RFC 1112."""

_IPV6 = "2001:db8::/32"
"""Documentation. Source: RFC 3849."""


class Pseudonyms:
    """Gives pseudonyms, and remembers which."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        self._ipv4 = chain.from_iterable(_hosts(IPv4Network(block)) for block in _IPV4)
        self._ipv6 = iter(IPv6Network(_IPV6).hosts())

    @property
    def counts(self) -> Mapping[str, int]:
        """How many different things of each kind were replaced."""
        return dict(sorted(Counter(kind for kind, _ in self._given).items()))

    def guid(self, text: str) -> str:
        """Return a GUID."""
        return self._once("guids", text.lower(), lambda n: f"00000000-0000-4000-8000-{n:012d}")

    def digits(self, text: str) -> str:
        """Return digits, as many as it takes."""
        return self._once("numbers", text, lambda n: str(FIRST_NUMBER + n))

    def sid(self, text: str) -> str:
        """Return a Windows security identifier."""
        return self._once("sids", text.upper(), lambda n: f"S-1-5-21-0-0-0-{n}")

    def hexadecimal(self, text: str) -> str:
        """Return a hash of the same length."""
        return self._once("hashes", text.lower(), lambda n: f"{n:0{len(text)}d}")

    def ip(self, address: IPv4Address | IPv6Address) -> str:
        """Return a network address that nobody has."""
        pool: Iterator[IPv4Address | IPv6Address] = self._ipv4 if address.version == 4 else self._ipv6
        return self._once("ip addresses", address.compressed, lambda _: str(next(pool)))

    def address(self, local: str, domain: str) -> str:
        """Return a mailbox at the domain's pseudonym."""
        whole = f"{local}@{domain}".lower()
        found = self._once("addresses", whole, lambda n: f"user{n}")
        return f"{found}@{self.domain(domain)}"

    def domain(self, domain: str) -> str:
        """Return a domain: one of the same depth below another has a pseudonym of the same depth below its.

        The last two labels stand for themselves, so that `b.co.uk` lies below `co.uk` here as well.
        """
        labels = domain.lower().strip(".").split(".")
        top = ".".join(labels[-2:])
        found = self._once("domains", top, lambda n: f"domain{n}.example")
        return ".".join([*(self.label(label) for label in labels[:-2]), found])

    def label(self, label: str) -> str:
        """Return a part of a domain, or the name of a device, which is the first part of its domain."""
        return self._once("names of hosts", label.lower(), lambda n: f"sub{n}")

    def url_path(self, url: str) -> str:
        """Return a path that stands for everything behind the host."""
        return self._once("urls", url, lambda n: f"/path{n}")

    def file(self, name: str, extension: str) -> str:
        """Return the name of a file with this extension."""
        return self._once("files", name.lower(), lambda n: f"file{n}{extension.lower()}")

    def part(self, name: str) -> str:
        """Return a part of a path."""
        return self._once("parts of paths", name.lower(), lambda n: f"part{n}")

    def text(self, text: str) -> str:
        """Return words that say nothing."""
        return self._once("texts", text, lambda n: f"text {n}")

    def moment(self, text: str) -> str:
        """Return a moment that was not."""
        return self._once(
            "moments",
            text,
            lambda n: f"1970-01-01T{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}.{n:07d}Z",
        )

    def token(self, text: str) -> str:
        """Return one word without a space, for where a space would mean something."""
        return self._once("tokens", text, lambda n: f"token{n}")

    def _once(self, kind: str, key: str, make: Callable[[int], str]) -> str:
        found = self._given.get((kind, key))
        if found is None:
            self._numbers[kind] += 1
            found = self._given[kind, key] = make(self._numbers[kind])
        return found


def _hosts(network: IPv4Network) -> Iterator[IPv4Address]:
    return iter(network.hosts())
