"""Ids and names from evidence, which an attacker may have written: their shapes, and how they become part of a request.

Anything of another shape could lead to another path, so that it is turned away unsent. What passes is still
percent-encoded as one segment of a path, and its quotes are doubled in a filter.
"""

import re
from urllib.parse import quote

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_INCIDENT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ALERT = re.compile(r"[A-Za-z0-9_-]{1,256}")
_RULE = re.compile(r"[A-Za-z0-9+/=_-]{1,512}")
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SID = re.compile(r"S-1(-[0-9]{1,20}){1,16}")
_PERSON = re.compile(r"[A-Za-z0-9.!#&'*+=^_`{}~-]{1,128}@[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def is_guid(text: str) -> bool:
    """Return whether this can be an object's id in Entra ID."""
    return GUID.fullmatch(text) is not None


def is_incident_id(text: str) -> bool:
    """Return whether this can be an incident's id."""
    return _INCIDENT.fullmatch(text) is not None


def is_alert_id(text: str) -> bool:
    """Return whether this can be an alert's id."""
    return _ALERT.fullmatch(text) is not None


def is_rule_id(text: str) -> bool:
    """Return whether this can be the id of an inbox rule: base64, in either alphabet."""
    return _RULE.fullmatch(text) is not None


def is_account_id(text: str) -> bool:
    """Return whether this can be an id among `identityAccounts`, or of one of their accounts."""
    return _ACCOUNT.fullmatch(text) is not None


def is_sid(text: str) -> bool:
    """Return whether this can be a security identifier."""
    return _SID.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Return whether this can be a user principal name, or an address that may be one."""
    return _PERSON.fullmatch(text) is not None and ".." not in text


def segment(text: str) -> str:
    """Return the text as one segment of a path, whatever is in it."""
    return quote(text, safe="")


def literal(text: str) -> str:
    """Return the text as a string in a filter."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
