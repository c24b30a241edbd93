"""Microsoft Graph, read and written."""
