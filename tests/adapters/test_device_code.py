"""Signing in by a device code: which app, which tenant, which login; and what to do where it says no."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from agent.adapters.microsoft.clouds import cloud_named
from agent.adapters.microsoft.device_code import access_token
from agent.model.errors import AgentError, Refused, Unavailable
from tests.adapters.entra import CLIENT, TENANT, DeviceCodes, a_code, a_no, a_token

PENDING = a_no("AADSTS70016", "authorization_pending")


class Person:
    """Keeps what was asked of them."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, datetime]] = []

    def __call__(self, where: str, code: str, until: datetime) -> None:
        self.told.append((where, code, until))


def sign_in(login: DeviceCodes, person: Person | None = None, cloud: str = "global") -> str:
    return access_token(cloud_named(cloud), TENANT, CLIENT, person or Person(), transport=login.transport())


def test_a_person_is_told_where_to_type_which_code_and_their_token_is_for_our_own_app() -> None:
    login, person = DeviceCodes([PENDING, a_token("ACCESS")]), Person()

    found = sign_in(login, person)

    assert found == "ACCESS"
    [(where, code, until)] = person.told
    assert (where, code) == ("https://microsoft.com/devicelogin", "ABCD-EFGH")
    assert until > datetime.now(UTC)  # noqa: TID251  what the login says is in real time
    asked, *polled = login.forms
    assert asked["client_id"] == CLIENT
    assert f"{CLIENT}/.default" in asked["scope"].split()
    assert {one["grant_type"] for one in polled} == {"urn:ietf:params:oauth:grant-type:device_code"}
    assert not any("secret" in name for one in login.forms for name in one)


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        ("global", "login.microsoftonline.com"),
        ("usGovL4", "login.microsoftonline.us"),
        ("usGovL5", "login.microsoftonline.us"),
    ],
)
def test_nobody_but_the_login_of_the_cloud_is_asked(cloud: str, host: str) -> None:
    login = DeviceCodes([a_token("ACCESS")])

    sign_in(login, cloud=cloud)

    assert login.hosts == {host}


@pytest.mark.parametrize(
    ("login", "kind", "words"),
    [
        (DeviceCodes([a_no("AADSTS50105")]), Refused, "AADSTS50105: this account has no role of the app"),
        (DeviceCodes([a_no("AADSTS7000218", "invalid_client")]), Refused, "allow public client flows"),
        (DeviceCodes([a_no("AADSTS53003")]), Refused, "conditional access blocks this: allow the device code flow"),
        (DeviceCodes([a_no("AADSTS70019", "expired_token")]), Refused, "the code is over: start again"),
        (DeviceCodes([a_no("AADSTS1234567")]), Refused, "look the code up at"),
        (DeviceCodes([(400, {"error": "authorization_declined"})]), Refused, r"sign-in: .*: start again"),
        (DeviceCodes([a_no("AADSTS90033", "temporarily_unavailable")]), Unavailable, "away for a moment"),
        (DeviceCodes([], code=a_no("AADSTS700016", "unauthorized_client")), Refused, r"check `escalation\.client_id`"),
        (DeviceCodes([], code=a_no("AADSTS90009", "invalid_request")), Refused, "named by its client id"),
        (DeviceCodes([PENDING], code=(200, a_code(expires_in=0, interval=1))), Refused, "nobody signed in in time"),
        (DeviceCodes([], code=requests.ConnectionError("no")), Unavailable, "sign-in: .*check the network"),
    ],
)  # fmt: skip
def test_every_no_says_how_to_mend_it(login: DeviceCodes, kind: type[AgentError], words: str) -> None:
    with pytest.raises(kind, match=words) as said:
        sign_in(login)

    assert "Trace ID" not in str(said.value)


def test_nothing_of_a_sign_in_is_logged_or_kept_on_disk(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    caplog.set_level(logging.DEBUG)

    sign_in(DeviceCodes([a_token("ACCESS")]))
    with pytest.raises(Refused):
        sign_in(DeviceCodes([a_no("AADSTS50105")]))

    assert not any(word in caplog.text for word in ("ACCESS", "REFRESH", "DEVICE", "AADSTS50105"))
    assert list(tmp_path.rglob("*")) == []


def test_ctrl_c_ends_the_waiting_at_once() -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        access_token(
            cloud_named("global"),
            TENANT,
            CLIENT,
            interrupted,
            transport=DeviceCodes([PENDING]).transport(),
        )
