"""What has to be looked up so that the rails can tell whom a plan touches."""

import pytest
from msgspec.structs import replace

from agent.judge.rails.lookup import senders_of, with_senders_copy
from agent.model.defender import Mail
from tests.judge.rails.scenes import an_effect
from tests.makers import a_copy, message_id

ONE, TWO = message_id(1).lower(), message_id(2).lower()


def test_only_messages_whose_senders_copy_goes_are_asked_for_each_once() -> None:
    copied = replace(
        an_effect(), targets=((ONE, "anna@x"), (ONE, "bert@x"), (TWO, "anna@x")), senders_copy=True
    )

    assert with_senders_copy([copied, an_effect()]) == (ONE, TWO)


def test_a_sender_is_known_by_both_addresses() -> None:
    copy = replace(a_copy(1, sender="vera@x"), mail_from="bounce@x", direction="intraOrg")

    assert senders_of([ONE], Mail(messages=(copy, a_copy(2)))) == frozenset({"vera@x", "bounce@x"})


@pytest.mark.parametrize(
    "mail",
    [
        Mail(),
        Mail(messages=(a_copy(1),), unresolved=frozenset({message_id(1).upper()})),
        Mail(messages=(replace(a_copy(1, sender=None), direction="intraOrg"),)),
    ],
    ids=["not there", "unresolved", "nameless"],
)
def test_a_sender_that_nobody_knows_is_not_nobody(mail: Mail) -> None:
    assert senders_of([ONE], mail) is None
