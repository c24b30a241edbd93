"""The report: one outline of what it says, and what lays that out as a page, as Markdown, or for programs."""
