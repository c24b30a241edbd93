"""Parts -> an id that follows from them: what is worked out again, after a crash or in another process, has the same."""

from hashlib import sha256


def derived(*parts: object, length: int = 32) -> str:
    """Return so many characters that are the same for the same parts in the same order."""
    whole = "\x1f".join(str(part) for part in parts)
    return sha256(whole.encode(errors="backslashreplace")).hexdigest()[:length]
