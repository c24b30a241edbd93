"""The key of what a pending action acts on: one form, for evidence and for AIR's own rows.

What is the same has the same key in every sighting. Some things have several names, of which one sighting may know
fewer than another; the strongest stands first.
"""

from collections.abc import Sequence
from hashlib import sha256


def cluster_key(query: str | None, network_message_ids: Sequence[str]) -> str | None:
    """Name a cluster by its query; by its messages where there is none; None where it has neither.

    Defender tells clusters apart by query and source [SEN]; Graph has no source. That its deduplication is
    keyed on the query's text is UNCONFIRMED.
    """
    words = " ".join((query or "").split())
    if words:
        return f"cluster:{words}"
    if not network_message_ids:
        return None
    messages = "\x1f".join(sorted(message.lower() for message in network_message_ids))
    return f"cluster:messages:{sha256(messages.encode(errors='replace')).hexdigest()}"


def message_key(network_message_id: str | None, recipient: str | None) -> str | None:
    """Name one message in one mailbox."""
    if not network_message_id or not recipient:
        return None
    return f"message:{network_message_id}:{recipient}".lower()


def file_key(name: str, device: str | None) -> str:
    """Name a file by its hash or name, on a device where one is known."""
    return (f"file:{name}:{device}" if device else f"file:{name}").lower()


def url_key(url: str) -> str:
    """Name a URL."""
    return f"url:{url}"


def user_keys(object_id: str | None, sid: str | None, principal_name: str | None) -> tuple[str, ...]:
    """Name an account by everything that is known of it: object id, SID, user principal name."""
    return tuple(f"user:{name}".lower() for name in (object_id, sid, principal_name) if name)


def mailbox_keys(address: str | None, upn: str | None, object_id: str | None) -> tuple[str, ...]:
    """Name a mailbox by everything that is known of it."""
    found = (f"mailbox:{name}".lower() for name in (address, upn, object_id) if name)
    return tuple(dict.fromkeys(found))


def setting_key(mailbox: str, setting: str | None, rule: str | None) -> str:
    """Name one setting of a mailbox: the setting's type, and the rule where it is one."""
    return f"mailbox:{mailbox}:{setting}:{rule}".lower()
