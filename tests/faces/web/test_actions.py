"""One action's page: what stands on it, and who may answer it how."""

from tests.faces.web.house import APPROVER, House, a_house
from tests.loop.conftest import Bench
from tests.loop.questions import a_question


async def asked(bench: Bench, **more: object) -> tuple[House, str]:
    """Return a site with one action that people are asked about, and its page's address."""
    a_question(bench, **more)  # type: ignore[arg-type]
    await bench.run_pass()
    return a_house(bench), f"/actions/{(await bench.only()).action.id}"


async def test_the_page_opens(bench: Bench) -> None:
    house, page = await asked(bench)

    async with await house.enter(APPROVER) as browser:
        shown = await browser.get(page)

    assert shown.status_code == 200, shown.text
