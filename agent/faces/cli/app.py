"""The commands and their options. What a command needs is imported when it runs, so that `--help` is quick."""
# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.audit_commands import audit
from agent.faces.cli.backup_commands import backup, restore
from agent.faces.cli.doctor_command import doctor
from agent.faces.cli.escalate_commands import escalate
from agent.faces.cli.failures import Commands
from agent.faces.cli.options import All, Json, SettingsFile, UntilStdinCloses
from agent.faces.cli.past_commands import backfill
from agent.faces.cli.policy_commands import policies
from agent.faces.cli.report_command import report
from agent.faces.cli.simulate_command import simulate

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Decides the remediation actions that Defender leaves pending, by your policies, and proves what it did.",
    epilog="Exit codes: 0 fine, 1 findings, 2 wrong use or configuration, 3 Graph cannot be reached, 4 it stood still.",
)
app.add_typer(policies, name="policy")
app.add_typer(audit, name="audit")
app.add_typer(escalate, name="escalate")
app.command()(report)
app.command()(backfill)
app.command()(doctor)
app.command()(backup)
app.command()(restore)
app.command()(simulate)


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
def serve(
    settings: SettingsFile = None, as_json: Json = False, until_stdin_closes: UntilStdinCloses = False
) -> None:
    """Show the pages in a browser: what waits for people, why, and their answers; with --json one line says where."""
    from agent.faces.cli import serving

    serving.serve(settings, as_json=as_json, until_stdin_closes=until_stdin_closes)


@app.command()
def pending(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Show everything that is still open, earliest deadline first."""
    from agent.faces.cli import looking

    looking.pending(settings, as_json=as_json)


@app.command()
def worklist(
    settings: SettingsFile = None,
    done: Annotated[
        bool,
        typer.Option("--done", help="Show what people decided in the portal within the last day instead."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what people have to press in Defender's portal: by action type, earliest deadline first, with links.

    What is for a mailbox and has no call in Graph also says what to run in Exchange Online PowerShell instead.
    Whatever Defender shows as decided leaves the list by itself.
    """
    from agent.faces.cli import working

    working.show_worklist(settings, is_done=done, as_json=as_json)


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
def undo(
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why: for the audit, and for whoever reads it.")
    ],
    action: Annotated[
        str | None, typer.Argument(metavar="ID", help="The pending action's id, or how it begins.")
    ] = None,
    settings: SettingsFile = None,
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="All that this policy approved, instead of one action.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="What it approved since then: 2h, 1d or 2026-08-20T12:00:00Z."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Take back what was done: mail to the folder it lay in, rules and accounts on again. Shows first, and asks.

    What somebody has changed since is left as it is. Where nothing takes it back, it says what a person can do. A hold
    stops it as it stops the agent. Nothing that was undone is approved again by the agent alone.
    """
    from agent.faces.cli import undoing

    asked = undoing.Asked(action=action, policy=policy, since=since, reason=reason, yes=yes)
    undoing.undo(settings, asked, as_json=as_json)


@app.command()
def answer(
    action: Annotated[str, typer.Argument(metavar="ID", help="The pending action's id, or how it begins.")],
    verb: Annotated[str, typer.Argument(metavar="approve|reject", help="What you answer.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why: for the audit, and for the others.")],
    settings: SettingsFile = None,
    only: Annotated[
        list[int] | None,
        typer.Option(
            "--only", metavar="N", help="Approve this target of the list alone; several times for several."
        ),
    ] = None,
    targets: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Approve the targets in this file alone: one a line, as they are listed."
        ),
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option(metavar="D", help="Only if it is still what had this digest when you saw it."),
    ] = None,
    as_name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="As one of the simulator's people, without a sign-in."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; it is shown all the same.")] = False,
    as_json: Json = False,
) -> None:
    """Approve or reject what waits for people: shows what it would do, signs you in by a code, and asks.

    An answer counts once, and for what was shown alone: where that changes, it is asked anew. A no outweighs every yes.
    Ends with 0 where your answer counts, and with 1 and the reason where it does not.
    """
    from agent.faces.cli import answering

    asked = answering.Asked(
        action=action,
        verb=verb,
        reason=reason,
        only=tuple(only or ()),
        targets=targets,
        digest=digest,
        as_name=as_name,
        yes=yes,
    )
    answering.answer_action(settings, asked, as_json=as_json)


@app.command()
def status(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Say which policies are in force, which alarms stand, and how far the agent has come."""
    from agent.faces.cli import status as standing

    standing.status(settings, as_json=as_json)


@app.command()
def hold(
    reason: Annotated[str, typer.Argument(metavar="REASON", help="Why, for whoever finds everything held.")],
    settings: SettingsFile = None,
    is_all: All = False,
    as_json: Json = False,
) -> None:
    """Throw the kill switch: nothing is carried out, by any agent on this ledger, until it is released.

    Works while an agent runs or not, and outlasts a restart. Everything is still read, decided and recorded.
    """
    from agent.faces.cli import holding

    holding.hold(settings, reason, is_all=is_all, as_json=as_json)


@app.command()
def release(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What to release, as `status` names it: hold, or brake.")
    ] = "hold",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the audit.")] = "",
    settings: SettingsFile = None,
    is_all: All = False,
    as_json: Json = False,
) -> None:
    """Release the kill switch, or another hold; what it held is judged anew at once.

    Ends with 1 where something still holds, such as the file: only removing it ends that.
    """
    from agent.faces.cli import holding

    holding.release(settings, name, reason, is_all=is_all, as_json=as_json)


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
def demo(
    seed: Annotated[int, typer.Option(min=0, help="Which tenant: the same seed is the same tenant.")] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only observe: write nothing to Graph.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the pages too, and keep all of it running until Ctrl-C.")
    ] = False,
    seconds: Annotated[
        int | None,
        typer.Option(
            min=5,
            max=3600,
            help="At most so long, in real seconds; 28 if left out, and up to a minute more on a busy machine.",
        ),
    ] = None,
    kill: Annotated[
        int, typer.Option(min=0, max=50, help="Kill the agent so often, and start it again.")
    ] = 0,
    month: Annotated[
        bool,
        typer.Option(
            "--month",
            help="Only observe, over four weeks in about a minute, while people decide; then show the report.",
        ),
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Where to keep settings, ledger and log; a temporary folder if left out."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Watch the real agent work against a simulated tenant, within a minute."""
    if month:
        from agent.faces.cli import month as over_weeks

        given = {"--dry-run": dry_run, "--serve": serve, "--kill": kill, "--seconds": seconds is not None}
        beside = tuple(name for name, is_given in given.items() if is_given)
        over_weeks.demo(over_weeks.Asked(seed=seed, folder=folder, beside=beside), as_json=as_json)
        return
    from agent.faces.cli import demonstrating

    asked = demonstrating.Asked(
        seed=seed, dry_run=dry_run, serve=serve, seconds=seconds, kill=kill, folder=folder
    )
    demonstrating.demo(asked, as_json=as_json)
