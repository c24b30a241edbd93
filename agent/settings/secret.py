"""A secret: text that prints as `***` wherever it is shown."""


class Secret:
    """Text that is used and never shown.

    Neither printing, formatting, logging nor a traceback's locals show it; only `reveal` does, and it is
    called where the secret leaves for the system that it belongs to.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")
