"""The commands under `air-agent policy`. What a command needs is imported when it runs, as in `app`."""
# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.mode_commands import modes
from agent.faces.cli.options import BaseFolder, Format, Json, Listing, SettingsFile, one_format
from agent.faces.cli.tenants import Tenanted
from agent.model.document import Document

policies = typer.Typer(
    cls=Tenanted, no_args_is_help=True, help="Check, test, explain, compare, prove and promote policies."
)


@policies.command()
def check(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]", help="The folder of policies, or one of its files; ./policies if left out."
        ),
    ] = None,
    base: BaseFolder = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="Hold channels to what these settings let them name; to nothing if left out.",
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
        from agent.faces.cli import lint_rules

        lint_rules.print_rules(chosen)
        return
    from agent.faces.cli import checking

    checking.check(path, chosen, is_strict=strict, base=base, settings=settings)


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
        typer.Argument(
            metavar="[OF]",
            help="policy, list, chain, channel, cases, situation or proofs; policy if left out.",
        ),
    ] = Document.POLICY,
) -> None:
    """Print the JSON Schema of policies, or of what lies beside them, for editors and validators."""
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


@policies.command()
def explain(
    action: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The pending action's id, or how it begins.")
    ] = None,
    facts: Annotated[
        Path | None,
        typer.Option("--facts", metavar="FILE", help="Explain these facts instead; `-` is standard input."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--policies", metavar="DIR", help="The policies; those of the settings if left out."),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base", metavar="DIR", help="The folder that tenants share, and that --policies adds to."
        ),
    ] = None,
    treat_as: Annotated[
        str | None,
        typer.Option(
            metavar="WORD",
            help="enforce counts observing policies, asWritten does not; with ID as the settings say, with --facts enforce.",
        ),
    ] = None,
    flip_to: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="Only what would have led to approve, reject or escalate."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every policy clause by clause.")] = False,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Take a decision apart: the rule that made it, every clause, and the smallest change that would flip it."""
    from agent.faces.cli import explaining

    asked = explaining.Asked(
        action=action,
        facts=facts,
        policies=folder,
        base=base,
        treat_as=treat_as,
        flip_to=flip_to,
        everything=everything,
        settings=settings,
    )
    explaining.explain(asked, as_json=as_json)


@policies.command("test")
def rehearse(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="The folder of policies, or one policy, or its cases; ./policies if left out.",
        ),
    ] = None,
    base: BaseFolder = None,
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
        base=base,
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
    base: BaseFolder = None,
    tenant_id: Annotated[
        str | None,
        typer.Option(
            metavar="GUID", help="With --base: as it is for this tenant; for any tenant if left out."
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
    """Prove what is claimed in *.proofs.yaml for every situation there can be, or show one in which it fails.

    With --base, prove first that what PATH adds to it only tightens it.
    """
    from agent.faces.cli import proving

    asked = proving.Asked(
        path=path,
        base=base,
        tenant=tenant_id,
        tightens=tightens,
        rejects=rejects,
        examples=examples,
        timeout=timeout,
        as_json=as_json,
    )
    proving.prove(asked)


@policies.command()
def suggest(
    since: Annotated[
        str,
        typer.Option(
            metavar="WHEN", help="What people decided since then: 90d, 12h or 2026-08-20T12:00:00Z."
        ),
    ] = "90d",
    output: Annotated[
        Path,
        typer.Option(metavar="DIR", help="A folder that is empty or not there, outside of the policies."),
    ] = Path("suggestions"),
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Only this kind; may be repeated.")
    ] = None,
    enough: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Proposals that a draft rests on at least: 16 if left out; fewer are never sure enough.",
        ),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(help="Who answers for the drafts; the address under which you commit if left out."),
    ] = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Draft policies from what people consistently decided, with cases and a backtest, as files to be read.

    Nothing is put into force, and nothing is written where nobody was consistent.
    """
    from agent.faces.cli import suggesting

    asked = suggesting.Asked(
        since=since,
        output=output,
        kinds=tuple(kind or ()),
        enough=enough,
        owner=owner,
        settings=settings,
    )
    suggesting.suggest(asked, as_json=as_json)


policies.add_typer(modes)
