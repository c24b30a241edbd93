"""Mail to people on call, through Graph or through an SMTP server."""
