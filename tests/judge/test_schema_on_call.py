"""What the loader takes as a chain or a channel, the schemas take; and what is plainly wrong, they refuse."""

import pytest
from hypothesis import given, settings

from agent.judge.channels import OF_KIND
from agent.model.chain import Chain
from agent.model.channel import ChannelKind
from agent.model.document import Document
from tests.judge.test_chains import LEAST, WHOLE, chains, written
from tests.judge.test_chains import told as chain_problems
from tests.judge.test_channels import EXAMPLES, SMTP, of
from tests.judge.test_channels import LEAST as LEAST_OF
from tests.judge.test_channels import told as channel_problems
from tests.judge.test_schema import wrong

K = ChannelKind


@pytest.mark.parametrize(
    "text", [WHOLE, LEAST, f"{LEAST}wait: 0m\nhours: {{quiet: 22:00-24:00, zone: UTC, unless: []}}"]
)
def test_a_chain_is_as_its_schema_has_it(text: str) -> None:
    assert chain_problems(text) == []
    assert wrong(Document.CHAIN, text) == []


@settings(max_examples=40, deadline=None)
@given(chain=chains())
def test_every_chain_that_can_be_written_is_as_its_schema_has_it(chain: Chain) -> None:
    assert wrong(Document.CHAIN, written(chain)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("chain: secops", "chain: sec ops"),
        ("chain: secops\n", ""),
        ("group: campaign", "group: alert"),
        ("wait: 5m", "wait: soon"),
        ("description: Day and night.", "descripton: Day and night."),
        ("  - notify: [teams-secops]", "  - notify: []"),
        ("  - notify: [teams-secops]", "  - notify: teams-secops"),
        ("  - notify: [teams-secops]", "  - notify: [teams-secops, teams-secops]"),
        ("  - notify: [teams-secops]", "  - {after: 5m, notify: [teams-secops]}"),
        ("  - after: 2h\n    notify", "  - notify"),
        ("urgency: high", "urgency: urgent"),
        ("repeat: {every: 4h, times: 3}", "repeat: {every: 4h}"),
        ("times: 3", "times: 51"),
        ("times: 3", "times: 0"),
        ("{quiet: 30m}", "{}"),
        ('"22:00-06:00"', '"22-6"'),
        ("zone: Europe/Berlin, ", ""),
        ("[high, normal]", "[urgent]"),
        ("need: 2", "need: 6"),
        ("need: 2", "need: 0"),
        ("role:SecOps.Approver", "group:soc"),
        ("role:SecOps.Approver", "role:Sec Ops"),
        ("user:11111111-2222", "user:1111-2222"),
        ("notRequester: false", "notRequester: 'no'"),
        ("decide: handOff", "decide: approve"),
        ("before: 12h", "before: 12"),
    ],
)
def test_a_wrong_chain_is_refused_by_the_schema_as_by_the_loader(before: str, after: str) -> None:
    assert before in WHOLE
    changed = WHOLE.replace(before, after)

    assert chain_problems(changed) != []
    assert wrong(Document.CHAIN, changed) != []


@pytest.mark.parametrize("kind", ChannelKind)
def test_a_channel_is_as_its_schema_has_it(kind: ChannelKind) -> None:
    text = of(kind, f"description: x\nowner: y\n{LEAST_OF[kind]}")

    assert wrong(Document.CHANNEL, text) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (K.PAGER_DUTY, "routingKey: {env: A}\napiToken: {file: /a}\nurl: https://a.example\napiUrl: http://localhost:1/"),
        (K.SLACK, "token: {env: T}\nto: C0123456789\nurl: http://127.0.0.1:8080"),
        (K.EMAIL, SMTP + "{host: a.example, port: 25, security: tls, user: u, password: {env: P}}"),
    ],
)  # fmt: skip
def test_all_that_a_channel_may_say_is_in_its_schema(kind: ChannelKind, body: str) -> None:
    assert channel_problems(kind, body) == []
    assert wrong(Document.CHANNEL, of(kind, body)) == []


@pytest.mark.parametrize("kind", ChannelKind)
def test_what_a_kind_needs_and_what_is_anothers_is_in_its_schema(kind: ChannelKind) -> None:
    every = {key for keys in OF_KIND.values() for key in keys.known}

    for key in OF_KIND[kind].needed:
        lines = [line for line in LEAST_OF[kind].splitlines() if not line.startswith(f"{key}:")]
        assert wrong(Document.CHANNEL, of(kind, "\n".join(lines))) != [], key
    for key in every - OF_KIND[kind].known:
        assert wrong(Document.CHANNEL, of(kind, f"{LEAST_OF[kind]}\n{key}: x")) != [], key


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (K.PAGER_DUTY, "routingKey: R03ABC"),
        (K.PAGER_DUTY, "routingKey: {env: 1A}"),
        (K.PAGER_DUTY, "routingKey: {file: a}"),
        (K.PAGER_DUTY, "routingKey: {env: A, file: /a}"),
        (K.PAGER_DUTY, "routingKey: {}"),
        (K.TEAMS, "url: https://a.example"),
        (K.SLACK, "token: {env: T}\nto: '#soc'"),
        (K.EMAIL, "from: a\nto: [b@c.example]"),
        (K.EMAIL, "from: a@b.example\nto: []"),
        (K.EMAIL, SMTP + "{host: a.example, user: u}"),
        (K.EMAIL, SMTP + "{host: a.example, port: 0}"),
        (K.EMAIL, SMTP + "{port: 1}"),
        (K.WEBHOOK, "secret: {env: S}\nurl: ftp://a.example"),
        (K.WEBHOOK, "secret: {env: S}\nurl: https://u:p@a.example"),
        (K.FILE, "path: ''"),
    ],
)
def test_a_wrong_channel_is_refused_by_the_schema_as_by_the_loader(kind: ChannelKind, body: str) -> None:
    assert channel_problems(kind, body) != []
    assert wrong(Document.CHANNEL, of(kind, body)) != []


def test_the_shipped_examples_are_as_the_schema_has_them() -> None:
    for path in EXAMPLES:
        assert wrong(Document.CHANNEL, path.read_bytes()) == [], path.name
        assert path.read_text().startswith("# yaml-language-server: $schema=../schema/channel.schema.json\n")
