"""Microsoft Defender for Endpoint, read and written."""
