"""What attackers write where people on call read it: subjects, names of files and devices, senders.

Every channel is held to it. `HOSTILE` are the strings; `notices` puts one into every text of a notice at once.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from agent.model.chain import Urgency
from agent.model.escalation import Item, Need, Notice, Occasion

AT = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)

_SCHEMES = (
    "http", "https", "HTTP", "hxxp", "ftp", "ftps", "sftp", "file", "smb", "ldap", "ldaps", "ssh", "telnet", "gopher",
    "ws", "wss", "jar", "dict", "tftp", "rdp", "vnc", "chrome", "about", "view-source", "ms-word", "ms-excel",
    "ms-settings", "search-ms", "msteams", "slack", "tg", "zoommtg", "intent", "market", "blob", "filesystem",
)  # fmt: skip
_BARE_SCHEMES = (
    "mailto:victim@evil.example", "tel:+15551234", "sms:+15551234", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "vbscript:msgbox(1)", "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=",
    "callto:evil", "skype:evil?call", "xmpp:evil@evil.example", "magnet:?xt=urn:btih:aaaa", "urn:isbn:1", "cid:image1",
    "facetime:evil@evil.example", "sip:evil@evil.example", "geo:1,2", "news:alt.evil", "bitcoin:1abc", "steam:run",
)  # fmt: skip
_AUTOLINKS = (
    "evil.com", "www.evil.com", "evil.com/path?a=b#c", "sub.evil.co.uk", "evil.zip", "invoice.mov", "EVIL.COM",
    "user@evil.com", "first.last+tag@evil.example", "//evil.com/x", "evil.com:8080", "10.0.0.1", "http://10.0.0.1/",
    "[2001:db8::1]", "http://[::1]/", "\\\\evil.example\\share", "\\\\10.0.0.1\\c$\\x.exe", "localhost:8080",
    "http://user:pass@evil.com/", "https://contoso.com@evil.com/", "https:/\\evil.com", "https:\\\\evil.com",
    "http://evil。com", "http://evil．com", "evil｡com", "аррӏе.com", "xn--80ak6aa92e.com", "ｅｖｉｌ．ｃｏｍ", "evil.рф",
    "t.me/evil", "bit.ly/x", "<https://evil.com>", "(https://evil.com)", "https://evil.com/\u202egpj.exe",
    "evil\u200b.com", "evil\u2060.com", "ev\u00adil.com", "https://evil.com\u0000.contoso.com",
)  # fmt: skip
_SLACK = (
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S012345>", "<!subteam^S012345|@secops>", "<@U012345>",
    "<@W012345|boss>", "<#C012345>", "<#C012345|general>", "<https://evil.com|Open>", "<mailto:a@evil.com|mail>",
    "<!date^1392734382^{date}^https://evil.com/|now>", "&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;", "&#60;!here&#62;",
    "@channel", "@here", "@everyone", "#general", ":rotating_light:", "*bold*", "_italic_", "~strike~", "`code`",
    "```fence```", "``` \n<!channel>", "> quote", ">>> quote", "*_~`all`~_*", "|", "<|>", "<>", "<!>", "\u003c!here>",
)  # fmt: skip
_MARKDOWN = (
    "[Open](https://evil.com)", "![x](https://evil.com/pixel.png)", "[x]: https://evil.com", "[Open][x]",
    "[![x](https://evil.com/a.png)](https://evil.com)", "# Approved by the CISO", "## Heading", "Heading\n=======",
    "- item", "* item", "+ item", "1. item", "1) item", "- [ ] todo", "---", "***", "___", "| a | b |\n|---|---|\n| c | d |",
    "~~~\nfence\n~~~", "```\nfence", "    indented", "**bold**", "__bold__", "*i*", "_i_", "~~gone~~", "\\*not\\*",
    "\\[x\\](https://evil.com)", "<https://evil.com>", "footnote[^1]", "$$x$$", "==mark==", "H~2~O", "x^2^", "a  \nb",
)  # fmt: skip
_CARDS = (
    "<at>Boss</at>", "<at id='0'>Everyone</at>", "{{DATE(2026-08-20T12:00:00Z, SHORT)}}", "{{TIME(2026-08-20T12:00:00Z)}}",
    "${title}", "@{triggerBody()}", "@{outputs('x')}", "@@{x}", '{"type":"Action.OpenUrl","url":"https://evil.com"}',
    '"}],"actions":[{"type":"Action.OpenUrl","title":"Approve","url":"https://evil.com"}],"x":[{"y":"',
    '{"type":"TextBlock","text":"Approved"}', '"},{"type":"TextBlock","text":"fake', "\\u003cat\\u003eBoss\\u003c/at\\u003e",
    "\\", "\\\\", '\\"', '"', "'", "''", '""', "`", "``", "```", "{", "}", "{{", "}}", "[", "]", "]]>", "<![CDATA[x]]>",
)  # fmt: skip
_HTML = (
    "<script>alert(1)</script>", "<img src=https://evil.com/p.png>", "<img src=x onerror=alert(1)>", "<a href=https://evil.com>Open</a>",
    "<b>bold</b>", "<h1>Approved</h1>", "<br><br>Approved: yes", "<!-- comment", "-->", "</td></tr></table>", "</style>",
    "<style>*{display:none}</style>", "<meta http-equiv=refresh content='0;url=https://evil.com'>", "<form action=//evil.com>",
    "<iframe src=//evil.com>", "<svg onload=alert(1)>", "<base href=//evil.com>", "<link rel=stylesheet href=//evil.com>",
    "<input type=submit value=Approve>", "<button>Approve</button>", "&nbsp;", "&#x3c;b&#x3e;", "&lt;b&gt;", "<![if mso]>",
    "</p><p>Approved by boss", "<div style='position:fixed;top:0'>x</div>", "x\" onmouseover=\"alert(1)", "expression(alert(1))",
    "url(https://evil.com/x.css)", "@import url(//evil.com)", "}</style><h1>x", "<title>x</title>", "<plaintext>", "<noscript>",
)  # fmt: skip
_LINES = (
    "a\nb", "a\r\nb", "a\rb", "a\n\nApproved by: CISO", "a\r\nBcc: evil@evil.com", "a\r\n\r\n<html>", "a\r\n.\r\nMAIL FROM:<x>",
    "%0d%0aSet-Cookie: x", "a\u2028b", "a\u2029b", "a\x0bb", "a\x0cb", "a\x1cb", "a\x85b", "a\tb", "\n", "\r\n", " ", "",
    "Subject: x\r\nTo: evil@evil.com", "│ Decide before: never", "Nobody is needed any more", "2. soft delete of nothing",
    "=?utf-8?q?x?=", "=?utf-8?b?PGI+?=", "From nobody", "--boundary--", "Content-Type: text/html",
)  # fmt: skip
_HIDDEN = (
    "\u202eevil\u202c", "\u202a\u202b\u202d", "\u2066x\u2067y\u2068z\u2069", "\u200e\u200f\u061c", "a\u200bb\u200cc\u200dd",
    "\ufeffx", "a\u00adb", "\U000e0041\U000e0042", "a\ufe0fb\ufe0e", "\U000e0100x", "\u180ex", "\u034fx", "\u2800\u3164\uffa0x",
    "\x00", "a\x00b", "\x07", "\x08\x08\x08fake", "\x7f", "\x80\x9b31m", "\x1b[31mred\x1b[0m", "\x1b]8;;https://evil.com\x07Open\x1b]8;;\x07",
    "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b[1A\x1b[2Kfake", "\x9d0;x\x9c", "\ud800", "\udfff", "a\udc80b", "\ud83d", "\ue000",
    "\uffff", "\U0010ffff", "\ufffe", "Z̷̢͎a̸l̶g̵o̷" + "\u0301" * 40, "e" + "\u0301" * 500, "שלום evil", "مرحبا http://evil.com",
    "مرحبا", "abc אבג 123",
)  # fmt: skip
_OTHERS = (
    "%s%s%s%n", "%(name)s", "{0}", "{name.__class__}", "{self}", "$(reboot)", "`reboot`", "; rm -rf /", "' OR 1=1 --",
    "=cmd|'/c calc'!A1", "+1+1", "-1", "@SUM(1)", "../../etc/passwd", "C:\\Windows\\x.exe", "CON", "x" * 200, "x" * 5_000,
    "é" * 3_000, "日本語" * 1_000, "😀" * 2_000, "👨‍👩‍👧‍👦" * 300, "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇪🇸" * 100, "<" * 3_000, "&" * 3_000, '"' * 3_000, "\\" * 3_000,
    "\n" * 3_000, "\x00" * 3_000, "http://evil.com/" + "a" * 4_000, "evil.com " * 800, "a." * 2_000, ":" * 500, "@" * 500,
    "<!channel> " * 400, "\u202e" * 2_000, "null", "undefined", "NaN", "true", "[object Object]", "xn--", "ﬃ", "İ", "ß", "ſ",
)  # fmt: skip

HOSTILE: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *(f"{scheme}://evil.example/path" for scheme in _SCHEMES),
            *_BARE_SCHEMES,
            *_AUTOLINKS,
            *_SLACK,
            *_MARKDOWN,
            *_CARDS,
            *_HTML,
            *_LINES,
            *_HIDDEN,
            *_OTHERS,
        )
    )
)


def item(text: str = "", *, number: int = 0, incident_url: str | None = None) -> Item:
    """Return an item whose every free text is this one."""
    return Item(
        action_id=f"action-{number}",
        kind=text or "soft delete of a mail cluster",
        what=text or "12 messages, subject “invoice”",
        why=text or "no policy settles it",
        need=Need.ANSWER,
        incident_id=text or f"4{number}",
        incident_url=incident_url if incident_url is not None else text or None,
        deadline=AT + timedelta(days=5),
        amount=12,
    )


def notice(
    text: str = "", *, occasion: Occasion = Occasion.PAGE, items: int = 3, total: int | None = None
) -> Notice:
    """Return a notice in which everything that an attacker may have written is this text."""
    return Notice(
        id="notice-1",
        page_id="page-1",
        key="page-1:1",
        channel="here",
        chain="secops",
        event="event-1",
        occasion=occasion,
        urgency=Urgency.HIGH,
        at=AT,
        title=text or "3 actions of incident 42 wait for people",
        words=text or "No policy settles them.",
        items=tuple(item(text, number=number) for number in range(items)),
        total=items if total is None else total,
        amount=items * 12,
        deadline=AT + timedelta(days=5),
        link="https://security.microsoft.com/incidents/42?tid=00000000-0000-0000-0000-000000000000",
        step=1,
    )


def notices() -> Iterator[tuple[str, Notice]]:
    """Give every hostile string with the notice that carries it everywhere."""
    for text in HOSTILE:
        found = notice(text)
        yield text, found
        yield text, msgspec.structs.replace(found, link=text)
