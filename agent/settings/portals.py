"""Where Defender's portal is, by the cloud."""

PORTALS = {"usGovL4": "https://security.microsoft.us", "usGovL5": "https://security.apps.mil"}
"""Outside the global cloud. Source: Defender XDR for US Government customers."""

PORTAL = "https://security.microsoft.com"


def portal_of(cloud: str) -> str:
    """Return the address of Defender's portal."""
    return PORTALS.get(cloud, PORTAL)
