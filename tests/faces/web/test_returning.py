"""After signing in, people go on to a page of this site."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faces.web.returning import LONGEST, local

OWN = "https://air.contoso.example"


@pytest.mark.parametrize(
    "to",
    ["/", "/pending", "/pending?kind=a&text=%2F%2Fb#row", "/actions/a1", "/sign-inside", "/a?q=https://x", "/" + "a" * (LONGEST - 1)],
)  # fmt: skip
def test_a_page_of_this_site_is_gone_back_to(to: str) -> None:
    assert local(to) == to


@pytest.mark.parametrize(
    "to",
    ["", "pending", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/a//b", "/..//evil.example", "/\t/evil.example", "/\n/evil.example", " /a", "/a b", "/a\r\nSet-Cookie: x=y", "/ä", "/\x00", "javascript:alert(1)", "/sign-in", "/sign-in?to=/", "/sign-in/out", "/" + "a" * LONGEST],
)  # fmt: skip
def test_everything_else_leads_to_the_first_page(to: str) -> None:
    assert local(to) == "/"


@given(st.text(alphabet=st.sampled_from("/\\:@.?#%a\t\n\r 2f5c")))
def test_whatever_is_written_nobody_leaves_this_site(to: str) -> None:
    found = urlsplit(urljoin(f"{OWN}/sign-in/back", local(to).replace("\\", "/")))

    assert f"{found.scheme}://{found.netloc}" == OWN
