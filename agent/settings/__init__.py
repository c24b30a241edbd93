"""The settings: one YAML file and the environment, typed, read once, and refused whole where anything is wrong."""

from agent.settings.fields import document, table
from agent.settings.loading import load
from agent.settings.secret import Secret
from agent.settings.subjects import (
    Auth,
    AuthKind,
    Cloud,
    Graph,
    LedgerPlace,
    Log,
    LogFormat,
    LogLevel,
    Pacing,
    Policies,
    Settings,
    Tenant,
    Timing,
    TreatAs,
)

__all__ = [
    "Auth",
    "AuthKind",
    "Cloud",
    "Graph",
    "LedgerPlace",
    "Log",
    "LogFormat",
    "LogLevel",
    "Pacing",
    "Policies",
    "Secret",
    "Settings",
    "Tenant",
    "Timing",
    "TreatAs",
    "document",
    "load",
    "table",
]
