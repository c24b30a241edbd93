"""The files that pages are made with: their kinds, how long they are kept, and that nothing else can be had."""

import pytest

from agent.faces.web.files import KINDS
from agent.faces.web.showing import STATIC, static
from tests.faces.web.house import House

KEPT = "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("site.css", "text/css; charset=utf-8"),
        ("site.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_a_file_is_kept_for_good_under_the_address_that_names_its_content(
    house: House, name: str, kind: str
) -> None:
    async with house.visitor() as browser:
        answer = await browser.get(static(name))

    assert (answer.status_code, answer.headers["cache-control"]) == (200, KEPT)
    assert answer.headers["content-type"] == kind
    assert answer.content == (STATIC / name).read_bytes()


@pytest.mark.parametrize("version", ["", "?", "?0123456789ab", "/", "/."])
async def test_a_file_is_not_kept_under_any_other_address(house: House, version: str) -> None:
    async with house.visitor() as browser:
        answer = await browser.get(f"/static/site.css{version}")

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "path", ["/static", "/static/", "/static/..", "/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"]
)  # fmt: skip
async def test_folders_are_not_listed_and_nothing_beside_the_files_is_given(house: House, path: str) -> None:
    async with house.visitor() as browser:
        answer = await browser.get(path, follow_redirects=True)

    assert answer.status_code in {404, 405} or answer.url.path == "/sign-in"


def test_every_file_has_a_kind() -> None:
    assert {one.suffix for one in STATIC.iterdir()} <= set(KINDS)
