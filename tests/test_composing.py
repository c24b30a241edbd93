"""What is opened for which settings."""

import pytest

from agent.compose import _no_mail, pages_people
from agent.model.errors import Refused
from agent.settings.loading import load
from tests.makers import TENANT

TENANT_ONLY = {"AIR_AGENT_TENANT_ID": TENANT}


@pytest.mark.parametrize(
    ("environ", "is_told"),
    [
        ({}, False),
        ({"AIR_AGENT_ESCALATION_WHILE_OBSERVING": "false"}, False),
        ({"AIR_AGENT_ESCALATION_WHILE_OBSERVING": "true"}, True),
        ({"AIR_AGENT_MODE": "enforce"}, True),
    ],
)
def test_people_are_told_while_observing_only_where_that_is_asked_for(
    environ: dict[str, str], is_told: bool
) -> None:
    settings = load(None, TENANT_ONLY | environ)

    assert pages_people(settings) is is_told


async def test_mail_through_graph_is_no_page_while_observing_for_it_would_be_a_write() -> None:
    with pytest.raises(Refused, match="nothing is written to Graph, mail included: set `smtp`"):
        await _no_mail("agent@contoso.example", b"")
