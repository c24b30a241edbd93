"""The names of Microsoft's own alert policies: public constants, which the agent and policies go by.

Source: Microsoft's page on alert policies in the Defender portal (dated 2026-04-29); the last one from its page on
remediating mail.
"""

TITLES = frozenset(
    {
        "a potentially malicious url click was detected",
        "a user clicked through to a potentially malicious url",
        "admin triggered manual investigation of email",
        "admin triggered user compromise investigation",
        "email messages containing malicious file removed after delivery",
        "email messages containing malicious url removed after delivery",
        "email messages containing malware removed after delivery",
        "email messages containing phish urls removed after delivery",
        "email messages from a campaign removed after delivery",
        "email messages removed after delivery",
        "email reported by user as malware or phish",
        "messages containing malicious entity not removed after delivery",
        "remediation action taken by admin on emails or url or sender",
        "suspicious email sending patterns detected",
        "user restricted from sending email",
        "creation of forwarding/redirect rule",
        "suspicious email forwarding activity",
        "email reported by user as junk",
        "email reported by user as not junk",
        "admin submission result completed",
        "phish delivered due to an etr override",
        "phish delivered due to an ip allow policy",
        "phish not zapped because zap is disabled",
        "malware not zapped because zap is disabled",
        "teams message reported by user as security risk",
        "email sending limit exceeded",
        "administrative action submitted by an administrator",
    }
)
"""In lower case."""

TITLED = frozenset({"title", "displayname"})
"""Properties that hold them, in lower case: Defender names an incident after its first alert."""


def is_title(name: str, text: str) -> bool:
    """Return whether this is the name of a policy of Microsoft's; `name` is in lower case."""
    return name in TITLED and " ".join(text.split()).casefold() in TITLES
