"""What a mail cluster is built on, as Defender names it."""

CLUSTERS: tuple[tuple[str, str], ...] = (
    ("fileshash", "file"),
    ("filehash", "file"),
    ("attachment", "file"),
    ("sha256", "file"),
    ("malwarefile", "file"),
    ("urls", "url"),
    ("url", "url"),
    ("bodyfingerprint", "similarity"),
    ("subject", "similarity"),
    ("p2senderdomain", "similarity"),
    ("p1senderdomain", "similarity"),
    ("senderip", "similarity"),
    ("contenttype", "similarity"),
)
"""What a cluster is built on, by the names of fields in `clusterBy` and `query`, first match first.

`Subject;P2SenderDomain;ContentType`, `Subject;SenderIp;ContentType`,
`BodyFingerprintBin1;P2SenderDomain;ContentType` and `BodyFingerprintBin1;SenderIp;ContentType` are
Microsoft's own [XDRS]; the spellings for URL and file clusters are UNCONFIRMED. What is in no row is
unknown, and unknown never approves.
"""


def cluster_by(named: str | None, query: str | None) -> str | None:
    """Return `url`, `file` or `similarity`; None where neither text says so.

    `clusterBy` decides where it says anything; only without it is the query read. A query may hold an
    attacker's text within quotes, so that only what stands before a colon and outside quotes counts.
    """
    for text in (named, _fields(query) if not named else None):
        folded = (text or "").replace(" ", "").lower()
        for word, meaning in CLUSTERS:
            if word in folded:
                return meaning
    return None


def _fields(query: str | None) -> str:
    """Return the names of fields in a query: words right before a colon, outside quotes."""
    outside = "".join((query or "").replace('\\"', "").split('"')[::2])
    return ";".join(
        part.replace("(", " ").split()[-1] for part in outside.split(":")[:-1] if part.strip("( ")
    )
