"""What looks like a secret is in no message, and everything else stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scrub.secrets import without_secrets

CANARY = "c4n4ry-0123456789-abcdef"


@pytest.mark.parametrize(
    "planted",
    [
        f"Invalid header Authorization: Bearer {CANARY}",
        f"token eyJ0eXAiOiJKV1Qi.{CANARY}.signature was refused",
        f"callback https://hooks.slack.example/services/T0/B0/{CANARY} failed",
        f"callback https://contoso.webhook.office.example?sig={CANARY}",
        f"proxy http://agent:{CANARY}@proxy.example:8080 refused",
        f"body client_secret={CANARY}&scope=x was refused",
        f'{{"password": "{CANARY}"}} is not expected',
        f"ApiKey: {CANARY}; AccountKey={CANARY}",
        f"postgresql://agent:{CANARY}@db.example/ledger cannot be reached",
    ],
)
def test_a_secret_that_a_message_repeats_is_not_in_it(planted: str) -> None:
    shown = without_secrets(planted)

    assert CANARY not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "said",
    [
        "Insufficient privileges to complete the operation",
        "see https://aka.ms/graph-errors?code=1 for more",
        "https://graph.microsoft.com cannot be reached",
        "https://graph.microsoft.com/",
        "the token has expired; the password is wrong",
        "missing application roles, one of these is required: SecurityAnalyzedMessage.ReadWrite.All",
        "`00000000-0000-0000-0000-000000000000` is not an incident's id",
    ],
)
def test_what_is_no_secret_stays_readable(said: str) -> None:
    assert without_secrets(said) == said


@given(st.text())
def test_nothing_is_left_to_hide(text: str) -> None:
    once = without_secrets(text)

    assert without_secrets(once) == once
