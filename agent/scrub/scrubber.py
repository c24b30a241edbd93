"""An exchange with Graph -> the exchange as it may be given away."""

import re

import msgspec

from agent.model.recording import Exchange
from agent.scrub.documents import Documents
from agent.scrub.links import Links
from agent.scrub.pseudonyms import Pseudonyms
from agent.scrub.shapes import Shapes

_MEDIA = re.compile(r"(application/json|text/html|text/plain)(;\s*[a-z0-9.=;\s-]{0,120})?", re.IGNORECASE)
_CHARSET = re.compile(r";\s*charset=utf-8", re.IGNORECASE)
_SECONDS = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)


class Scrubber:
    """Replaces everything that could name somebody, in the same way throughout one recording.

    `graph` is where Graph is, without a slash at the end.
    """

    def __init__(self, graph: str, tenant_id: str) -> None:
        self.names = Pseudonyms()
        self.shapes = Shapes(self.names)
        self._links = Links(graph, self.shapes)
        self._documents = Documents(self.shapes, self._links)
        self.tenant = self.names.guid(tenant_id)
        """The tenant's pseudonym."""

    def exchange(self, one: Exchange) -> Exchange:
        """Return the exchange with everything replaced that is not known to name nobody."""
        return msgspec.structs.replace(
            one,
            target=self._links.target(one.target),
            asked=self._documents.asked(one.asked.encode()).decode() if one.asked else "",
            headers=_headers(one),
            body=self._documents.body(one.body),
        )


def _headers(one: Exchange) -> dict[str, str]:
    """Return the headers by which the agent goes, with values that can be nothing else."""
    kept: dict[str, str] = {}
    for name, value in one.headers.items():
        match name.lower():
            case "content-type" if found := _MEDIA.fullmatch(value.strip()):
                charset = "; charset=utf-8" if _CHARSET.search(value) else ""
                kept["content-type"] = f"{found[1].lower()}{charset}"
            case "retry-after" if _SECONDS.fullmatch(value.strip()) or _DATE.fullmatch(value.strip()):
                kept["retry-after"] = value.strip()
            case _:
                continue
    return kept
