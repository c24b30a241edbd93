"""A text -> its pseudonym, which has the same shape. What the text is, is told by the text alone.

So a sender's address is the same in an alert, in a row of hunting and within the query of a cluster, and what
the agent joins by it still fits together.
"""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from agent.scrub.pseudonyms import Pseudonyms

_GUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PREFIXED = re.compile(rf"(|fa|da|ed|ar|ma|dl|ad|ri|ss|ca|cm|ra|aa|rm)({_GUID})", re.IGNORECASE | re.ASCII)
"""A GUID, or an alert's id: the two letters before it say which product raised it."""

_DIGITS = re.compile(r"\d+", re.ASCII)
_SID = re.compile(r"S-1(-\d+)+", re.IGNORECASE | re.ASCII)
_HEXADECIMAL = re.compile("[0-9a-f]+", re.IGNORECASE)
_HASHES = frozenset({32, 40, 56, 64, 96, 128})
"""Digits of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512."""

_ADDRESS = re.compile(r"([^\s@<>]+)@([^\s@<>/\\:]+)")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"(?:[\w-]{{1,63}}\.)+(?:[^\W\d_]{{2,63}}|xn--{_LABEL})\.?")
_URL = re.compile(r"([a-z][a-z0-9+.-]{1,14})://(.*)", re.IGNORECASE | re.DOTALL | re.ASCII)
_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "hxxp", "hxxps", "file", "ldap", "smb"})
_FILE = re.compile(r"[^\\/:*?\"<>|\r\n]{1,255}(\.[a-z0-9]{1,10})", re.IGNORECASE | re.ASCII)
_ROUTED = re.compile(r"(smtp|sip|mailto):(.+)", re.IGNORECASE | re.DOTALL | re.ASCII)
"""An address with the way to it before, as directories list them."""

_HOST = re.compile(r"(?=.*[a-z])(?=.*\d)[a-z0-9][a-z0-9-]{0,62}", re.IGNORECASE | re.ASCII)
"""The name of a device: one word of letters and digits, as it stands before a domain too."""

_DRIVE = re.compile("[A-Z]:", re.IGNORECASE | re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


EXTENSIONS = _set(
    ".exe .dll .sys .scr .msi .msp .cpl .ocx .drv .bat .cmd .ps1 .psm1 .vbs .vbe .js .jse .wsf .wsh .hta .lnk .url .reg "
    ".inf .jar .class .apk .ipa .dmg .pkg .deb .rpm .doc .docx .docm .dot .dotm .xls .xlsx .xlsm .xlsb .xlam .xll .csv "
    ".ppt .pptx .pptm .pps .ppsx .one .pdf .rtf .txt .log .htm .html .mht .mhtml .shtml .svg .xml .json .yaml .eml .msg "
    ".ics .vcf .zip .rar .7z .gz .tar .tgz .bz2 .xz .iso .img .vhd .vhdx .ace .arj .lzh .png .jpg .jpeg .gif .bmp .tif "
    ".tiff .webp .mp3 .mp4 .wav .avi .tmp .dat .bin .bak .py .sh .php .asp .aspx .jsp .elf .so .dylib"
)
"""Ends of names that are kinds of files; any other end may be a part of the name."""


class Shapes:
    """Replaces texts by pseudonyms of their shape."""

    def __init__(self, names: Pseudonyms) -> None:
        self._names = names

    def like(self, text: str) -> str:
        """Return the pseudonym; white space around it stays, and so does a text of nothing else."""
        inner = text.strip()
        if not inner:
            return text
        at = text.index(inner)
        return f"{text[:at]}{self._like(inner)}{text[at + len(inner) :]}"

    def number(self, number: str) -> str:
        """Return a made-up number for one of JSON: whole where it was whole, and the same as of its digits as text."""
        if _DIGITS.fullmatch(number):
            return self._names.digits(number)
        made_up = self._names.digits(number)
        return made_up if _DIGITS.fullmatch(number.removeprefix("-")) else f"{made_up}.5"

    def token(self, text: str) -> str:
        """Return a pseudonym without spaces, quotes or brackets."""
        return self._shaped(text) or self._names.token(text)

    def opaque(self, text: str) -> str:
        """Return a pseudonym without spaces that has no shape, for what nobody is to take apart."""
        return self._names.token(text)

    def _like(self, text: str) -> str:
        return self._shaped(text) or self._names.text(text)

    def _shaped(self, text: str) -> str | None:
        """Return the pseudonym of a text that has a shape of its own; None for words."""
        names = self._names
        if found := _PREFIXED.fullmatch(text):
            return found[1] + names.guid(found[2])
        if _DIGITS.fullmatch(text):
            return names.digits(text)
        if _MOMENT.fullmatch(text):
            return names.moment(text)
        if _SID.fullmatch(text):
            return names.sid(text)
        if len(text) in _HASHES and _HEXADECIMAL.fullmatch(text):
            return names.hexadecimal(text)
        return self._network(text) or self._place(text)

    def _network(self, text: str) -> str | None:
        """Return the pseudonym of an address, a URL or a host; None where it is none."""
        if found := _URL.fullmatch(text):
            return self._url(text, found[1].lower())
        if (found := _ROUTED.fullmatch(text)) and _ADDRESS.fullmatch(found[2]):
            return f"{found[1]}:{self._like(found[2])}"
        if found := _ADDRESS.fullmatch(text):
            return self._names.address(found[1], found[2])
        return self._host(text)

    def _host(self, text: str) -> str | None:
        try:
            return self._names.ip(ip_address(text))
        except ValueError:
            pass
        if _HOST.fullmatch(text):
            return self._names.label(text)
        return self._names.domain(text) if _DOMAIN.fullmatch(text) and not _kind_of_file(text) else None

    def _url(self, url: str, scheme: str) -> str | None:
        """Return a URL of the same scheme at the host's pseudonym; None where no host can be read."""
        try:
            host = urlsplit(url).hostname
        except ValueError:
            return None
        if not host:
            return None
        shown = self._host(host) or self._names.domain(f"{host}.invalid")
        behind = url[len(scheme) + 3 :].lower()
        if scheme in _SCHEMES and behind in {host, f"{host}/"}:
            path = behind.removeprefix(host)
        else:
            path = self._names.url_path(url)
        return (
            f"{scheme if scheme in _SCHEMES else 'other'}://{f'[{shown}]' if ':' in shown else shown}{path}"
        )

    def _place(self, text: str) -> str | None:
        """Return the pseudonym of a path or the name of a file; None where it is neither."""
        if "\n" in text:
            return None
        for mark in ("\\", "/"):
            if mark in text and (mark == "\\" or text.startswith("/")):
                return mark.join(self._part(part) for part in text.split(mark))
        return self._names.file(text, _kind_of_file(text)) if _kind_of_file(text) else None

    def _part(self, part: str) -> str:
        if not part or part == ".":
            return part
        extension = _kind_of_file(part)
        if extension:
            return self._names.file(part, extension)
        return part if _DRIVE.fullmatch(part) else self._names.part(part)


def _kind_of_file(text: str) -> str:
    """Return the extension of a file's name; nothing where it has none that says what kind of file it is."""
    found = _FILE.fullmatch(text)
    return found[1].lower() if found and found[1].lower() in EXTENSIONS else ""
