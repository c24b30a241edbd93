"""What a clock that was ahead has written down does not keep people from hearing once it is set right."""

from datetime import timedelta

from msgspec.structs import replace

from agent.judge.escalation.set_back import is_ahead, set_back
from agent.model.escalation import Acknowledgement, Page, Told
from tests.judge.escalation.making import a_chain
from tests.makers import NOW

HOUR = timedelta(hours=1)
PAGE = Page(
    id="p",
    chain="secops",
    group="incident:1",
    opened=NOW,
    paged_at=NOW,
    told=(Told(channel="teams", generation=1, at=NOW),),
)


def test_a_page_of_this_moment_or_an_earlier_one_stays_as_it_is() -> None:
    assert not is_ahead(PAGE, NOW)
    assert set_back(a_chain(), PAGE, NOW) is PAGE


def test_whatever_is_yet_to_come_came_just_now() -> None:
    pause = Acknowledgement(at=NOW, by="anna", channel="teams", until=NOW + HOUR)
    chain = a_chain(quiet=HOUR)

    for page in (PAGE, replace(PAGE, paged_at=None), replace(PAGE, acknowledged=pause)):
        before = NOW - 48 * HOUR
        after = set_back(chain, page, before)

        assert is_ahead(page, before)
        assert not is_ahead(after, before)
        assert after.paged_at in {None, before}
        assert after.acknowledged is None or after.acknowledged.until == before + HOUR
