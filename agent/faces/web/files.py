"""The files that every page is made with: kept by browsers for good, because another content has another address."""

from os import PathLike, stat_result
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from agent.faces.web.showing import STATIC, static

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What each file is. Browsers are told not to guess, and machines differ in what they call these."""

FOR_GOOD = "public, max-age=31536000, immutable"


class Files(StaticFiles):
    """Files of the folder `static`, and nothing else; folders are not listed."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return a file, which is kept where the address names this very content."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Content-Type"] = KINDS[Path(full_path).suffix]
        asked = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        if asked == static(Path(full_path).name):
            answer.headers["Cache-Control"] = FOR_GOOD
        return answer
