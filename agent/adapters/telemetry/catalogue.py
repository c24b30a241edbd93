"""Every series that there is, in one table, from which its documentation is made."""

from agent.adapters.telemetry.happening import COUNTERS, EXPORTS, HISTOGRAMS, PROCESS
from agent.adapters.telemetry.series import TENANT, Series
from agent.adapters.telemetry.standing import GAUGES

SERIES: tuple[Series, ...] = (*GAUGES, *COUNTERS, *HISTOGRAMS, EXPORTS)


def table() -> str:
    """Return every series as a Markdown table."""
    rows = [
        f"| `{one.prometheus}` | {one.kind.value} | {_labels(one)} | {one.words} |"
        for one in sorted(SERIES, key=lambda one: one.prometheus)
    ]
    rows += [
        f"| `{name}` | {'counter' if name.endswith('_total') else 'gauge'} | | {words} |"
        for name, words in PROCESS.items()
    ]
    return "\n".join(["| series | kind | labels | what it says |", "| --- | --- | --- | --- |", *rows])


def _labels(one: Series) -> str:
    labels = one.labels if one.is_of_process else (TENANT, *one.labels)
    return ", ".join(f"`{label}`" for label in labels)
