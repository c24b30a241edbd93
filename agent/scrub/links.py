"""Where Graph was asked: paths, options and links to further pages, so that they still lead to each other."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from agent.scrub.queries import is_moment, of_filter
from agent.scrub.shapes import Shapes

PLACE = "https://graph.recording.example"
"""Stands for Graph's own address in a recording; who replays it puts theirs."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


SEGMENTS = _set(
    "v1.0 beta security incidents alerts_v2 collaboration analyzedEmails runHuntingQuery comments remediate "
    "microsoft.graph.security.runHuntingQuery microsoft.graph.security.remediate groups members transitiveMembers users "
    "microsoft.graph.user microsoft.graph.device $count identities identityAccounts domains mailFolders inbox "
    "messageRules transitiveMemberOf microsoft.graph.directoryRole . .."
)
_OPTIONS = _set(
    "$top $skip $count $filter $expand $select $orderby $search $skiptoken $deltatoken startTime endTime"
)
_COUNTED = frozenset({"$top", "$skip", "$count"})
_WORDED = frozenset({"$filter", "$expand", "$select", "$orderby"})
_COUNT = re.compile(r"\d{1,9}|true|false", re.ASCII)
_MOST_OPTIONS = 200


class Links:
    """Replaces what addresses of Graph say. `graph` is where Graph is, without a slash at the end."""

    def __init__(self, graph: str, shapes: Shapes) -> None:
        self._graph = urlsplit(graph)
        self._shapes = shapes

    def link(self, url: str) -> str:
        """Return a link to a page: at `PLACE` where it leads to Graph, at a made-up host where it leads elsewhere."""
        try:
            parts = urlsplit(url)
            is_ours = _place(parts) == _place(self._graph) and "@" not in parts.netloc
        except ValueError:
            return self._shapes.like(url)
        if not is_ours:
            return self._shapes.like(url)
        return PLACE + self.target(f"{parts.path}?{parts.query}" if parts.query else parts.path)

    def target(self, target: str) -> str:
        """Return a path with its options."""
        path, _, query = target.partition("?")
        shown = "/".join(self._segment(unquote(part)) for part in path.split("/"))
        return f"{shown}?{self._query(query)}" if query else shown

    def _segment(self, segment: str) -> str:
        return segment if not segment or segment in SEGMENTS else quote(self._shapes.like(segment), safe="")

    def _query(self, query: str) -> str:
        try:
            options = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_OPTIONS)
        except ValueError:
            return quote(self._shapes.like(query), safe="")
        return urlencode(list(self._scrubbed(options)), quote_via=quote, safe="$")

    def _scrubbed(self, options: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
        for name, value in options:
            if name not in _OPTIONS:
                yield self._shapes.token(name), self._shapes.like(value)
            elif name in _COUNTED and _COUNT.fullmatch(value):
                yield name, value
            elif name in _WORDED:
                yield name, of_filter(value, self._shapes)
            elif is_moment(name.lower(), value):
                yield name, value
            else:
                yield name, self._shapes.opaque(value)


def _place(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port; the usual port of a scheme is the same as none."""
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port
