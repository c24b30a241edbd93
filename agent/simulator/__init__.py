"""A Microsoft Graph that runs here."""
