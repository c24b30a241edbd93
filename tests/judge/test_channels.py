"""Channels: each kind has its own keys, URLs are encrypted, and a secret in a file is refused and never repeated."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.channels import OF_KIND
from agent.judge.links import host_is_here
from agent.judge.parse import parse_set
from agent.model.channel import Channel, ChannelKind, SecretPlace, Security, Smtp
from agent.model.errors import PolicyError
from agent.model.mark import Mark
from tests.judge.writing import policy_file

K = ChannelKind
FILE = "p/channels/duty.yaml"
POLICY = {"p/p.yaml": policy_file()}
EXAMPLES = sorted((Path(__file__).parents[2] / "policies" / "channels").glob("*.yaml.example"))

LEAST = {
    K.PAGER_DUTY: "routingKey: {env: ROUTING_KEY}",
    K.TEAMS: "url: {env: TEAMS_URL}",
    K.SLACK: "token: {file: /run/secrets/slack}\nto: C0123456789",
    K.EMAIL: "from: air-agent@contoso.example\nto: [soc@contoso.example]",
    K.WEBHOOK: "url: https://alerts.contoso.example/air\nsecret: {env: WEBHOOK_SECRET}",
    K.CONSOLE: "",
    K.FILE: "path: pages.jsonl",
}
SMTP = "from: a@contoso.example\nto: [b@contoso.example]\nsmtp: "


def of(kind: ChannelKind, body: str) -> str:
    return f"channel: duty\nkind: {kind}\n{body}\n"


def read(kind: ChannelKind, body: str) -> Channel:
    return parse_set({**POLICY, FILE: of(kind, body).encode()}).channels[0]


def whole(text: str | bytes) -> list[str]:
    """Return what is wrong with the channel, without the name of its file."""
    data = text if isinstance(text, bytes) else text.encode()
    try:
        parse_set({**POLICY, FILE: data})
    except PolicyError as error:
        return [str(one).removeprefix(f"{FILE}:") for one in error.problems]
    return []


def told(kind: ChannelKind, body: str) -> list[str]:
    return whole(of(kind, body))


def a_channel(kind: ChannelKind, **more: Any) -> Channel:
    return Channel(name="duty", kind=kind, file=FILE, mark=Mark(1, 1), **more)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            LEAST[K.PAGER_DUTY],
            a_channel(K.PAGER_DUTY, secret=SecretPlace(env="ROUTING_KEY")),
        ),
        (
            (
                "description: On call.\nowner: soc@contoso.example\nroutingKey: {file: /run/secrets/key}\n"
                "apiToken: {env: TOKEN}\nurl: https://events.eu.pagerduty.com/v2/enqueue\n"
                "apiUrl: http://localhost:8080"
            ),
            a_channel(
                K.PAGER_DUTY,
                description="On call.",
                owner="soc@contoso.example",
                secret=SecretPlace(file="/run/secrets/key"),
                api_token=SecretPlace(env="TOKEN"),
                url="https://events.eu.pagerduty.com/v2/enqueue",
                api_url="http://localhost:8080",
            ),
        ),
        (LEAST[K.TEAMS], a_channel(K.TEAMS, secret=SecretPlace(env="TEAMS_URL"))),
        (
            LEAST[K.SLACK],
            a_channel(K.SLACK, secret=SecretPlace(file="/run/secrets/slack"), to=("C0123456789",)),
        ),
        (
            LEAST[K.EMAIL],
            a_channel(K.EMAIL, sender="air-agent@contoso.example", to=("soc@contoso.example",)),
        ),
        (
            f"{SMTP}{{host: smtp.contoso.example, port: 2525, security: tls, user: u, password: {{env: P}}}}",
            a_channel(
                K.EMAIL,
                sender="a@contoso.example",
                to=("b@contoso.example",),
                smtp=Smtp(
                    host="smtp.contoso.example",
                    port=2525,
                    security=Security.TLS,
                    user="u",
                    password=SecretPlace(env="P"),
                ),
            ),
        ),
        (
            LEAST[K.WEBHOOK],
            a_channel(
                K.WEBHOOK,
                url="https://alerts.contoso.example/air",
                secret=SecretPlace(env="WEBHOOK_SECRET"),
            ),
        ),
        (LEAST[K.CONSOLE], a_channel(K.CONSOLE)),
        (LEAST[K.FILE], a_channel(K.FILE, path="pages.jsonl")),
    ],
)
def test_a_channel_is_what_its_author_wrote(body: str, expected: Channel) -> None:
    assert read(expected.kind, body) == expected


@pytest.mark.parametrize(("security", "port"), [("tls", 465), ("startTls", 587), ("none", 25), (None, 587)])
def test_each_way_to_a_mail_server_has_its_usual_port(security: str | None, port: int) -> None:
    said = f", security: {security}" if security else ""

    smtp = read(K.EMAIL, f"{SMTP}{{host: localhost{said}}}").smtp

    assert smtp is not None
    assert smtp.port == port


@pytest.mark.parametrize("kind", ChannelKind)
def test_every_key_that_a_kind_needs_is_asked_for(kind: ChannelKind) -> None:
    needed = OF_KIND[kind].needed

    assert told(kind, "") == [f"1:1: `{key}` is missing: {mend}" for key, mend in sorted(needed.items())]


@pytest.mark.parametrize("kind", ChannelKind)
def test_a_key_of_another_kind_is_refused(kind: ChannelKind) -> None:
    every = {key for keys in OF_KIND.values() for key in keys.known}

    for key in every - OF_KIND[kind].known:
        (found,) = told(kind, f"{LEAST[kind]}\n{key}: x".strip())
        assert f": unknown key `{key}` of a channel of kind `{kind}`" in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- channel: a\n", "1:1: a channel file has the keys `channel` and `kind`"),
        ("", "1:1: the file is empty"),
        (
            "channel: a\n",
            "1:1: `kind` is missing: write one of `console`, `email`, `file`, `pagerDuty`, `slack`, `teams`, `webhook`",
        ),
        ("channel: a\nkind: pagerduty\n", "2:7: `pagerduty` is not a kind of channel: did you mean `pagerDuty`?"),
        ("kind: console\n", "1:1: `channel` is missing: it names the channel"),
        ("channel: a b\nkind: console\n", "1:10: `a b` is not a name: use letters, digits, `-` and `_`"),
        (
            "channel: a\nkind: pagerDuty\nroutingkey: {env: X}\n",
            "1:1: `routingKey` is missing: write `routingKey: {env: PAGERDUTY_ROUTING_KEY}`",
        ),
    ],
)  # fmt: skip
def test_what_is_no_channel_is_refused(text: str, problem: str) -> None:
    assert whole(text)[0] == problem


def test_an_unknown_key_is_told_with_one_of_the_kind_that_is_near() -> None:
    assert told(K.PAGER_DUTY, "routingKey: {env: X}\napitoken: {env: Y}") == [
        "4:1: unknown key `apitoken` of a channel of kind `pagerDuty`: did you mean `apiToken`?"
    ]


@pytest.mark.parametrize(
    ("kind", "body", "problem"),
    [
        (K.SLACK, "token: {env: T}\nto: '#secops'", "is not the id of a channel in Slack"),
        (K.SLACK, "token: {env: T}\nto: C012", "is not the id of a channel in Slack"),
        (K.SLACK, "token: {env: T}\nto: [C0123456789]", "4:5: the id of a channel in Slack is asked for here"),
        (K.EMAIL, "from: SOC <a@b.example>\nto: [c@d.example]", "3:7: `SOC <a@b.example>` is not an address alone"),
        (K.EMAIL, "from: a@b.example\nto: c@d.example", "4:5: a list is asked for: write `to: [soc@contoso.example]`"),
        (K.EMAIL, "from: a@b.example\nto: []", "4:5: this is empty: write `to: [soc@contoso.example]`"),
        (K.EMAIL, "from: a@b.example\nto: [c@d.example, C@d.example]", "4:19: `C@d.example` is there already"),
        (K.EMAIL, "from: a@b.example\nto: ['c@d.example\\nBcc']", "is not an address alone"),
        (K.EMAIL, "from: a@b\nto: [c@d.example]", "3:7: `a@b` is not an address alone"),
        (K.EMAIL, SMTP + "{port: 25}", "5:7: `host` is missing"),
        (K.TEAMS, "url: {env: AIR_AGENT_AUTH_CLIENT_SECRET}", "what the agent itself logs in with is no channel's"),
        (K.TEAMS, "url: {env: azure_client_secret}", "what the agent itself logs in with is no channel's"),
        (K.EMAIL, SMTP + "{host: 'a b'}", "5:14: `a b` is not the name of a server"),
        (K.EMAIL, SMTP + "{host: a.example, port: 0}", "5:31: a whole number from 1 to 65,535 is asked for"),
        (K.EMAIL, SMTP + "{host: a.example, port: 65536}", "5:31: a whole number from 1 to 65,535 is asked for"),
        (K.EMAIL, SMTP + "{host: a.example, security: ssl}", "`ssl` is not how the connection is protected: one of `none`, `startTls`, `tls`"),
        (K.EMAIL, SMTP + "{host: a.example, security: none}", "5:35: mail would go over the network for all to read"),
        (K.EMAIL, SMTP + "{host: a.example, user: u}", "5:31: `user` without `password`: write both, or neither"),
        (K.EMAIL, SMTP + "{host: a.example, password: {env: P}}", "5:35: `password` without `user`: write both, or neither"),
        (K.EMAIL, SMTP + "a.example", "5:7: write `smtp: {host:"),
        (K.WEBHOOK, "secret: {env: S}\nurl: http://alerts.contoso.example", "4:6: this URL is not encrypted: write `https`"),
        (K.WEBHOOK, "secret: {env: S}\nurl: http://169.254.169.254/", "4:6: this URL is not encrypted: write `https`"),
        (K.WEBHOOK, "secret: {env: S}\nurl: ftp://a.example", "4:6: this is not a URL"),
        (K.WEBHOOK, "secret: {env: S}\nurl: alerts.contoso.example", "4:6: this is not a URL"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://", "4:6: this is not a URL"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://a.example:0/", "4:6: this is not a URL"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://a.example:99999/", "4:6: this is not a URL"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://[::1", "4:6: this is not a URL"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://a.example\\@b.example/", "4:6: this is not a URL"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://contoso.exämple/", "4:6: this is not a URL"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://a.example/#x", "4:6: what stands after the `#` of a URL is never sent"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://a.example/" + "x" * 2000, "4:6: a URL has at most 2,000 characters"),
        (K.FILE, "path: ''", "3:7: the path of a file is asked for, and this is empty"),
        (K.FILE, f"path: {'x' * 1001}", "3:7: this is not the path of a file"),
        (K.FILE, 'path: "a\\u0007b"', "3:7: this is not the path of a file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_where_it_is(kind: ChannelKind, body: str, problem: str) -> None:
    (found,) = told(kind, body)

    assert problem in found


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (K.SLACK, "token: {env: T}\nto: G0123ABC"),
        (K.EMAIL, SMTP + "{host: 127.0.0.1, security: none}"),
        (K.EMAIL, SMTP + "{host: '::1', security: none, port: 65535}"),
        (K.WEBHOOK, "secret: {env: S}\nurl: http://127.0.0.1:9000/x"),
        (K.WEBHOOK, "secret: {env: S}\nurl: http://[::1]:9000/x?y=z"),
        (K.WEBHOOK, "secret: {env: S}\nurl: http://LOCALHOST./"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://a.example:65535/"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://a.example/" + "x" * 1980),
        (K.FILE, f"path: {'x' * 1000}"),
    ],
)
def test_up_to_the_edge_it_is_taken(kind: ChannelKind, body: str) -> None:
    assert told(kind, body) == []


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost.contoso.example", False),
        ("127.0.0.1.nip.io", False),
        ("10.0.0.1", False),
        ("0x7f000001", False),
        ("0.0.0.0", False),
    ],
)
def test_only_this_machine_is_here(host: str, is_here: bool) -> None:
    assert host_is_here(host) is is_here


SECRET = "R03ABCDEFSECRETKEY42"

PLACES = [
    (K.PAGER_DUTY, "routingKey: @"),
    (K.PAGER_DUTY, "routingKey: {env: X}\napiToken: @"),
    (K.TEAMS, "url: @"),
    (K.SLACK, "token: @\nto: C0123456789"),
    (K.WEBHOOK, "url: https://a.example\nsecret: @"),
    (K.EMAIL, f"{SMTP}{{host: a.example, user: u, password: @}}"),
]


@pytest.mark.parametrize(("kind", "body"), PLACES)
@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        f"'{SECRET}'",
        f"https://user:{SECRET}@a.example/{SECRET}",
        f"[{SECRET}]",
        f"{{{SECRET}}}",
        f"{{value: {SECRET}}}",
        f"{{env: A, {SECRET}: B}}",
        f"{{env: '{SECRET} x'}}",
        f"{{env: 1{SECRET}}}",
        f"{{env: [{SECRET}]}}",
        f"{{file: {SECRET}}}",
        f"{{file: ./{SECRET}}}",
        f"{{file: /{'x' * 1000}{SECRET}}}",
        f"&{SECRET} x",
        f"*{SECRET}",
        f"!{SECRET} x",
        f"{SECRET}: {SECRET}: x",
        f'"{SECRET}',
        f"%{SECRET}",
        f"@{SECRET}",
        f"`{SECRET}`",
    ],
)
def test_a_secret_in_a_file_is_refused_and_not_repeated(kind: ChannelKind, body: str, form: str) -> None:
    found = told(
        kind, body.replace("@", form, 1) if "@contoso" not in body else body.replace(": @}", f": {form}}}")
    )

    assert found
    assert SECRET not in " ".join(found)


@pytest.mark.parametrize(("kind", "body"), PLACES)
def test_it_is_said_where_a_secret_goes(kind: ChannelKind, body: str) -> None:
    (found,) = told(kind, body.replace(": @", f": {SECRET}"))

    assert found.endswith(
        ": a secret never stands in a file: put it into a variable of the agent's environment or into a file of its "
        "own, and write `{env: NAME}` or `{file: /PATH}` here"
    )


def test_a_login_in_a_url_is_refused_and_not_repeated() -> None:
    found = told(K.WEBHOOK, f"secret: {{env: S}}\nurl: https://user:{SECRET}@a.example/")

    assert found == ["4:6: there is a login in this URL: leave out what stands before the `@`"]


@pytest.mark.parametrize(
    "url", [f"http://a.example/{SECRET}", f"https://a.example/{SECRET} x", f"ftp:{SECRET}"]
)
def test_a_url_that_is_refused_is_not_repeated(url: str) -> None:
    (found,) = told(K.WEBHOOK, f"secret: {{env: S}}\nurl: {url}")

    assert SECRET not in found


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(ChannelKind),
    data=st.binary(max_size=50) | st.text(max_size=50).map(lambda text: text.encode("utf-8", "replace")),
)
def test_whatever_a_file_holds_is_told_and_never_an_accident(kind: ChannelKind, data: bytes) -> None:
    for start in (
        b"",
        of(kind, LEAST[kind]).encode(),
        of(kind, "url: ").encode(),
        of(kind, "smtp: ").encode(),
    ):
        whole(start + data)


@settings(max_examples=100, deadline=None)
@given(
    value=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40),
    place=st.sampled_from([one for one in PLACES if "smtp" not in one[1]]),
)
def test_no_plain_secret_is_ever_repeated(value: str, place: tuple[ChannelKind, str]) -> None:
    kind, body = place
    mark = "Zq7" + value + "Zq7"

    found = told(kind, body.replace(": @", ": " + mark))

    assert found
    assert mark not in " ".join(found)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_shipped_example_loads_once_it_has_its_name(path: Path) -> None:
    name = path.name.removesuffix(".yaml.example")

    found = parse_set({**POLICY, f"p/channels/{name}.yaml": path.read_bytes()}).channels

    assert [one.name for one in found] == [name]


def test_there_is_an_example_of_every_kind_that_reaches_people() -> None:
    kinds = {
        parse_set({**POLICY, "p/channels/x.yaml": path.read_bytes()}).channels[0].kind for path in EXAMPLES
    }

    assert kinds == set(ChannelKind) - {K.CONSOLE, K.FILE}
