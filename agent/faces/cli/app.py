"""The commands and their options. What a command needs is imported when it runs, so that `--help` is quick."""
# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.failures import Commands
from agent.faces.cli.options import Json, SettingsFile, UntilStdinCloses

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Decides the remediation actions that Defender leaves pending, by your policies, and proves what it did.",
    epilog="Exit codes: 0 fine, 1 findings, 2 wrong use or configuration, 3 Graph cannot be reached.",
)
policies = typer.Typer(no_args_is_help=True, help="Look at policies.")
app.add_typer(policies, name="policy")


@app.command()
def run(
    settings: SettingsFile = None, as_json: Json = False, until_stdin_closes: UntilStdinCloses = False
) -> None:
    """Poll, decide, enact and record, pass after pass, until stopped; with --json one line for each pass."""
    from agent.faces.cli import running

    running.run(settings, as_json=as_json, until_stdin_closes=until_stdin_closes)


@app.command()
def once(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Make one pass and say what it did."""
    from agent.faces.cli import running

    running.once(settings, as_json=as_json)


@app.command()
def pending(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Show everything that is still open, earliest deadline first."""
    from agent.faces.cli import looking

    looking.pending(settings, as_json=as_json)


@app.command()
def history(
    settings: SettingsFile = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Only decisions since then: 2d, 12h or 2026-08-20T12:00:00Z."),
    ] = None,
    policy: Annotated[str | None, typer.Option(metavar="NAME", help="Only decisions by this policy.")] = None,
    decision: Annotated[
        str | None, typer.Option(metavar="WORD", help="Only approve, reject or escalate.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = 200,
    as_json: Json = False,
) -> None:
    """Show decisions, newest first."""
    from agent.faces.cli import looking

    looking.history(
        settings, looking.Wanted(since=since, policy=policy, decision=decision, limit=limit), as_json=as_json
    )


@app.command()
def show(
    action: Annotated[str, typer.Argument(metavar="ID", help="The pending action's id, or how it begins.")],
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Tell everything about one pending action: facts, findings, decision, plan, outcomes."""
    from agent.faces.cli import looking

    looking.show(settings, action, as_json=as_json)


@app.command()
def status(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Say which policies are in force, which alarms stand, and how far the agent has come."""
    from agent.faces.cli import status as standing

    standing.status(settings, as_json=as_json)


@app.command()
def replay(
    action: Annotated[str, typer.Argument(metavar="ID", help="The pending action's id, or how it begins.")],
    settings: SettingsFile = None,
    decision: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Only the action's N-th decision; all of them if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an action's decisions again under the policies that made them: the same bytes, or what differs."""
    from agent.faces.cli import replaying

    replaying.replay_action(settings, action, number=decision, as_json=as_json)


@policies.command()
def check(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]", help="The folder of policies, or one of its files; ./policies if left out."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Load the policies, run their cases, and say everything that is wrong."""
    from agent.faces.cli import checking

    checking.check(path, as_json=as_json)


@policies.command()
def backtest(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="The folder of policies; that of the settings if left out."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="REV|DIR",
            help="Compare with another folder, or with this one at a git revision; with what was decided if left out.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Only decisions since then: 30d, 12h or 2026-08-20T12:00:00Z."),
    ] = None,
    settings: SettingsFile = None,
    treat_as: Annotated[
        str | None,
        typer.Option(
            metavar="WORD", help="asWritten, or enforce to count observing policies; as set if left out."
        ),
    ] = None,
    how: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text, json or markdown.")] = "text",
    as_json: Json = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Flips told one by one with their reasons: 200 if left out; JSON has all flips, and all reasons.",
        ),
    ] = None,
    fail_on_flip: Annotated[
        bool, typer.Option("--fail-on-flip", help="End with 1 if an action flips.")
    ] = False,
    max_flips: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="End with 1 if more than N actions flip.")
    ] = None,
) -> None:
    """Show which recorded actions these policies would have decided otherwise, and by which policy."""
    from agent.faces.cli import backtesting

    asked = backtesting.Asked(
        path=path,
        against=against,
        since=since,
        treat_as=backtesting.treated(treat_as),
        limit=limit,
        most_flips=max_flips if max_flips is not None else 0 if fail_on_flip else None,
    )
    backtesting.run_backtest(settings, asked, backtesting.form("json" if as_json else how))


@policies.command("test")
def rehearse(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="The folder of policies, or one policy, or its cases; ./policies if left out.",
        ),
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show each clause, and in how many cases it was what.")
    ] = False,
    min_coverage: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="Fail where less of what the clauses of a policy can be was seen.",
        ),
    ] = None,
    mutate: Annotated[
        bool,
        typer.Option(
            "--mutate", help="Change each clause in turn, limits apart, and list what no case notices."
        ),
    ] = False,
    min_noticed: Annotated[
        float | None,
        typer.Option(
            min=0, max=100, metavar="PERCENT", help="Do that, and fail where fewer of a policy are noticed."
        ),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write what was found as JUnit XML.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the cases of the policies, and say what they never saw, and what they would not notice."""
    from agent.faces.cli import testing

    asked = testing.Asked(
        path=path,
        is_detailed=coverage,
        is_mutated=mutate,
        least_coverage=min_coverage,
        least_noticed=min_noticed,
        junit=junit,
    )
    testing.test(asked, as_json=as_json)


@app.command()
def simulate(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 takes a free port.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Which tenant: the same seed is the same tenant.")] = 7,
    rate: Annotated[float, typer.Option(min=0.1, help="Seconds of its time that pass in a real one.")] = 1.0,
    epoch: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="When its time and real time are the same; now if left out."),
    ] = None,
    faults: Annotated[
        int | None, typer.Option(min=0, metavar="SEED", help="Also fail as Graph does, by this seed.")
    ] = None,
    position: Annotated[
        str, typer.Option(metavar="NAME", help="What is switched where nobody knows what Graph does.")
    ] = "default",
    as_json: Json = False,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Run the Graph simulator alone, on this machine only."""
    from agent.faces.cli import simulating

    asked = simulating.Asked(port=port, seed=seed, rate=rate, epoch=epoch, faults=faults, position=position)
    simulating.simulate(asked, as_json=as_json, until_stdin_closes=until_stdin_closes)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(min=0, help="Which tenant: the same seed is the same tenant.")] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only observe: write nothing to Graph.")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Keep both running until Ctrl-C.")] = False,
    seconds: Annotated[int, typer.Option(min=5, max=3600, help="At most so long, in real seconds.")] = 45,
    kill: Annotated[
        int, typer.Option(min=0, max=50, help="Kill the agent so often, and start it again.")
    ] = 0,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Where to keep settings, ledger and log; a temporary folder if left out."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Watch the real agent work against a simulated tenant, within a minute."""
    from agent.faces.cli import demonstrating

    asked = demonstrating.Asked(
        seed=seed, dry_run=dry_run, serve=serve, seconds=seconds, kill=kill, folder=folder
    )
    demonstrating.demo(asked, as_json=as_json)
