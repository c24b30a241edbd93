"""Alembic, which runs the revisions of the schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection


def run(connection: Connection, migrations: Path, revision: str) -> None:
    """Run what is missing up to this revision, in the transaction that the caller has opened. One at a time in a process."""
    config = config_of(migrations)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def config_of(migrations: Path) -> Config:
    """Return where the revisions are."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("version_locations", str(migrations / "versions").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config
