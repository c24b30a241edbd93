"""`python -m agent` and the command `air-agent`."""

from agent.faces.cli.app import app


def main() -> None:
    """Run the command that the arguments name."""
    app(prog_name="air-agent")


if __name__ == "__main__":
    main()
