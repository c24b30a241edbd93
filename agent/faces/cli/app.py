"""The commands and their options. What a command needs is imported when it runs, so that `--help` is quick."""
# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.failures import Commands
from agent.faces.cli.options import Format, Json, Listing, SettingsFile, UntilStdinCloses, one_format
from agent.model.document import Document

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
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="text for people; json, sarif (code scanning) or github (annotations) for machines.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 on warnings too; never on notes.")
    ] = False,
    rules: Annotated[
        bool, typer.Option("--rules", help="List what is looked for, by its codes, and check nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Load the policies, run their cases, lint them, and say everything that is found.

    Ends with 1 where there is an error, and with --strict where there is a warning.
    """
    chosen = one_format(format_, Format.JSON, as_json=as_json) or Format.TEXT
    if rules:
        from agent.faces.cli import ruling

        ruling.print_rules(chosen)
        return
    from agent.faces.cli import checking

    checking.check(path, chosen, is_strict=strict)


@policies.command()
def facts(
    of: Annotated[
        str | None,
        typer.Argument(
            metavar="[KIND|FACT]", help="A kind of pending action, or one fact; all facts if left out."
        ),
    ] = None,
    format_: Annotated[
        Listing | None,
        typer.Option("--format", help="text for people, json for machines, markdown for documents."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Say what policies can ask of: each fact's type, unit, source in Graph, and when it is unknown."""
    from agent.faces.cli import describing

    describing.print_facts(of, one_format(format_, Listing.JSON, as_json=as_json) or Listing.TEXT)


@policies.command()
def schema(
    of: Annotated[
        Document,
        typer.Argument(metavar="[OF]", help="policy, list, cases, situation or proofs; policy if left out."),
    ] = Document.POLICY,
) -> None:
    """Print the JSON Schema of policies, lists, cases, situations or proofs, for editors and validators."""
    from agent.faces.cli import describing

    describing.print_schema(of)


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
        typer.Option(min=1, help="Flips told one by one: 200 if left out, in JSON all of them."),
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


@policies.command()
def prove(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="The folder of policies, or one of its files of proofs; ./policies if left out.",
        ),
    ] = None,
    tightens: Annotated[
        str | None,
        typer.Option(
            metavar="GIT-REV|DIR",
            help="Also prove that nothing is approved that these policies would not approve: those in the folder"
            " DIR, or those of the folder as git has it at a revision.",
        ),
    ] = None,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="With --tightens: nor rejected that they would not reject.")
    ] = False,
    examples: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each example to a file of facts of its own.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=3600, metavar="SECONDS", help="At most so long for each question.")
    ] = 10.0,
    as_json: Json = False,
) -> None:
    """Prove what is claimed in *.proofs.yaml for every situation there can be, or show one in which it fails."""
    from agent.faces.cli import proving

    asked = proving.Asked(
        path=path, tightens=tightens, rejects=rejects, examples=examples, timeout=timeout, as_json=as_json
    )
    proving.prove(asked)


@app.command()
def record(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="The folder to make; it must not be there yet, or be empty."
        ),
    ],
    settings: SettingsFile = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="How far back to read: 10d, 12h; as far as the first poll if left out."
        ),
    ] = None,
    incident: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this incident; may be given several times.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many incidents.")] = None,
    as_json: Json = False,
) -> None:
    """Save what Graph answers in one pass, with everything replaced that names anybody, to file a bug with.

    Only reads: whatever the settings say, nothing is written to Graph and the ledger is not touched.

    Saved: requests and whole answers, faults too, in their order; moments; counts and sizes; words that Microsoft publishes; titles of its own alert policies; which permissions the agent has.

    Replaced throughout, the same by the same: addresses, domains, names, subjects and all other text, ids (the tenant's too), hashes, paths, URLs, IP addresses, and every word and number that is not known to name nobody.

    Never saved: tokens, secrets, the login, headers of requests, the policies.

    `simulate --replay DIR` plays it back.
    """
    from agent.faces.cli import recording

    asked = recording.Asked(out=out, since=since, incidents=tuple(incident or ()), limit=limit)
    recording.record(settings, asked, as_json=as_json)


@app.command()
def simulate(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 takes a free port.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Which tenant: the same seed is the same tenant.")] = 7,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="Seconds of its time that pass in a real one; 1, or 0.5 for a recording, if left out.",
        ),
    ] = None,
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
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Play this recording instead; its time begins where it was recorded."
        ),
    ] = None,
    as_json: Json = False,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Run the Graph simulator alone, on this machine only."""
    from agent.faces.cli import simulating

    asked = simulating.Asked(
        port=port, seed=seed, rate=rate, epoch=epoch, faults=faults, position=position, replay=replay
    )
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
