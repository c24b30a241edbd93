"""The roots that connections trust, read once in a process: that takes longer than a request, and a megabyte each time."""

import ssl
from functools import cache

import httpx


@cache
def roots() -> ssl.SSLContext:
    """Return what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or else the roots that come with the HTTP library."""
    return httpx.create_ssl_context()
