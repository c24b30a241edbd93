"""A decision taken apart, on a terminal: what was decided, by which rule, what would have changed it, and the trees."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text
from rich.tree import Tree as Drawn

from agent.faces.cli.output import COLOURS, PIPED_WIDTH, lines, safe
from agent.faces.cli.taken_apart import Explained, Recorded
from agent.faces.telling import commit
from agent.faces.trees import JOINTS, UNFOLDED, bearing, counted, telling
from agent.faces.trees import entry as words_of
from agent.judge.quote import moment
from agent.model.decision import Verb, Weighed
from agent.model.explanation import (
    Branch,
    Explanation,
    Flips,
    Held,
    Hours,
    Joint,
    Leaf,
    PolicyTree,
    Sample,
    Sight,
    Tree,
)

LONG = 4000
"""Characters of one text; here there is room."""

GREEN, RED, YELLOW = "green", "red", "yellow"

IN_MATCH = {Held.HELD: GREEN, Held.FAILED: RED, Held.UNKNOWN: YELLOW}
IN_UNLESS = {Held.HELD: RED, Held.FAILED: GREEN, Held.UNKNOWN: YELLOW}

NOT_SO = "not so"
"""What a condition is called that failed where it is well that it did."""


def tell(out: Console, told: Explained, *, everything: bool) -> None:
    """Print it: what a person needs first comes first."""
    _head(out, told)
    _rule(out, told)
    if told.explanation.flips:
        _section(out, "What would have changed it")
        for flips in told.explanation.flips:
            _flips(out, flips)
    _policies(out, told.explanation, everything=everything)


# What was decided


def _head(out: Console, told: Explained) -> None:
    recorded, explanation = told.recorded, told.explanation
    if recorded is None:
        _verdict(out, explanation.verb, explanation.deciding, "")
        _say(out, told.what, "bold")
        _say(out, explanation.reason)
        _say(out, f"judged as of {moment(explanation.now)}, by {_set(told)}", "dim")
        return
    _verdict(out, recorded.verb, recorded.deciding, f", held by {recorded.guard}" if recorded.guard else "")
    _say(out, f"{told.what}, incident {told.incident}, id {told.id}", "bold")
    _say(out, recorded.reason)
    git = f" (git {commit(recorded.git)})" if recorded.git else ""
    _say(
        out,
        f"decided {moment(recorded.at)} by policies {recorded.revision}{git}; deadline {moment(told.deadline)}",
        "dim",
    )
    _since(out, told, recorded)


def _since(out: Console, told: Explained, recorded: Recorded) -> None:
    """Say whether the policies have changed since, and whether they would decide otherwise now."""
    explanation = told.explanation
    if recorded.is_same_revision:
        _say(out, f"explained by the same policies, {_set(told)}", "dim")
    else:
        _say(out, f"the policies have changed since: explained by {_set(told)}", YELLOW)
    if not told.differs:
        if not recorded.is_same_revision:
            _say(out, "they decide the same on these facts")
        return
    by = ", ".join(explanation.deciding) or "no policy"
    _say(out, f"now it would be decided otherwise: {explanation.verb} by {by}", YELLOW)
    if recorded.is_same_revision:
        why = "since observing policies are counted differently, or this is another version of the agent"
        _say(out, f"the same policies decide otherwise {why}", YELLOW)
    _say(out, explanation.reason)


def _set(told: Explained) -> str:
    git = f", git {commit(told.explanation.git)}" if told.explanation.git else ""
    return f"{told.policies} (revision {told.explanation.revision}{git})"


def _verdict(out: Console, verb: Verb, deciding: Sequence[str], end: str) -> None:
    by = f" by {', '.join(deciding) or 'no policy'}{end}"
    _print(
        out,
        Text.assemble(Text(verb.value, style=f"bold {COLOURS.get(verb.value, '')}"), safe(by, "bold", LONG)),
        inset=2,
    )


def _rule(out: Console, told: Explained) -> None:
    explanation, recorded = told.explanation, told.recorded
    _section(out, "Rule")
    if recorded is not None and recorded.guard is not None:
        weighed = "; ".join(_weighed(one) for one in recorded.weighed if one.is_over)
        why = weighed or "; ".join(one.words for one in recorded.held[:1])
        _say(out, f"held by the guard `{recorded.guard}`{f' ({why})' if why else ''}: a person decides")
        for one in recorded.held[1:]:
            _say(out, f"the guard `{one.guard}` would hold it too ({one.words})")
        _say(out, f"without it: {explanation.rule_words}")
    else:
        _say(out, explanation.rule_words)
    if told.chain is not None:
        _say(out, f"people are asked by the chain `{told.chain}`: {told.chain_words}")
    if told.inform:
        _say(out, f"told whatever is decided: {', '.join(f'`{chain}`' for chain in told.inform)}")
    counted = "count as enforcing" if explanation.enforces_observers else "do not count"
    if explanation.enforces_observers or any(one.observes for one in explanation.policies):
        other = "asWritten" if explanation.enforces_observers else "enforce"
        _say(out, f"policies in `mode: observe` {counted} here; --treat-as {other} does otherwise", "dim")
    if told.unfed:
        names = ", ".join(f"${name}" for name in told.unfed)
        mend = "name settings whose ledger has it with --settings"
        if recorded is None:
            mend += f", or write `lists: {{{told.unfed[0]}: [who is in it]}}` into the facts"
        _say(out, f"who is in {names} is not known here: {mend}", YELLOW)
    if explanation.shadow is not None:
        shadow = explanation.shadow
        _say(
            out,
            f"had they counted: {shadow.verb} by {', '.join(shadow.policies) or 'no policy'}: {shadow.reason}",
        )


def _weighed(one: Weighed) -> str:
    return f"{one.spent} of {one.count} {one.unit} were spent, and {one.asked} asked for"


# What would have changed it


def _flips(out: Console, flips: Flips) -> None:
    colour = COLOURS.get(flips.verb.value, "")
    if not flips.flips:
        _labelled(out, flips.verb.value, colour, flips.words)
        return
    for at, flip in enumerate(flips.flips):
        _labelled(out, flips.verb.value if at == 0 else "or", colour if at == 0 else "dim", flip.words)
        if flip.follows:
            names = ", ".join(f"`{name}`" for name in flip.follows)
            _labelled(out, "", "", f"{names} would change with it", "dim")
    count = len(flips.flips[0].changes)
    if not flips.is_smallest:
        _labelled(
            out,
            "",
            "",
            f"nothing smaller than {count} facts was found, though not everything was tried",
            "dim",
        )


def _labelled(out: Console, label: str, colour: str, words: str, style: str = "") -> None:
    _print(out, Text.assemble(Text(f"{label:>8}  ", style=colour), safe(words, style, LONG)), inset=10)


# The policies


def _policies(out: Console, explanation: Explanation, *, everything: bool) -> None:
    _section(out, "Policies")
    named = {name for flips in explanation.flips for flip in flips.flips[:1] for name in flip.policies}
    if not explanation.policies:
        _say(out, f"no policy is for `{explanation.kind}`")
    folded = []
    for policy in explanation.policies:
        if everything or policy.bearing in UNFOLDED or policy.policy in named:
            out.print(_drawn(out, policy))
        else:
            folded.append(policy)
    for policy in folded:
        _folded(out, policy)
    for one in explanation.aside:
        _say(out, f"{one.policy}: does not apply: {one.words}", "dim")
    if explanation.other_kinds:
        count = explanation.other_kinds
        _say(out, f"{count} {'policy is' if count == 1 else 'policies are'} for other kinds of action", "dim")


def _title(policy: PolicyTree) -> Text:
    priority = "" if policy.priority is None else f", priority {policy.priority}"
    mode = ", observing" if policy.observes else ""
    verb = policy.verb.value if policy.priority is not None else "inform"
    return Text.assemble(
        safe(policy.policy, "bold"),
        Text("  "),
        Text(verb, style=COLOURS.get(verb, "")),
        safe(f"{priority}{mode}: {bearing(policy)}"),
    )


def _folded(out: Console, policy: PolicyTree) -> None:
    ways = policy.in_the_way
    more = f" and {len(ways) - 1} more" if len(ways) > 1 else ""
    why = f": {ways[0]}{more}" if ways else ""
    _print(out, Text.assemble(_title(policy), safe(why, "dim", LONG)), inset=4)


def _drawn(out: Console, policy: PolicyTree) -> Drawn:
    title, file = _title(policy), safe(policy.file, "dim", LONG)
    is_room = title.cell_len + 2 + file.cell_len <= out.width
    below = (_set_in(line, 4) for line in file.wrap(out, max(out.width - 4, 1)))
    title = title + Text("  ") + file if is_room else lines(_broken(out, title, inset=4), *below)
    root = Drawn(title, guide_style="dim")
    if policy.failure:
        root.add(safe(f"it could not be evaluated ({policy.failure}): this is a bug", RED))
    if policy.match:
        match = root.add(Text("match: all must hold", style="dim"))
        for tree in policy.match:
            _grow(match, tree, IN_MATCH)
    if policy.unless:
        unless = root.add(Text("unless: none may hold", style="dim"))
        for tree in policy.unless:
            _grow(unless, tree, IN_UNLESS)
    return root


def _grow(under: Drawn, tree: Tree, colours: dict[Held, str]) -> None:
    match tree:
        case Branch(joint=joint, parts=parts):
            node = under.add(_line(tree.held, JOINTS[joint], colours, tree.mark.line))
            inner = _turned(colours) if joint is Joint.NOT else colours
            for part in parts:
                _grow(node, part, inner)
        case Leaf(seen=(only,)):
            line = _line(tree.held, tree.words, colours, tree.mark.line)
            node = under.add(Text.assemble(line, Text(", "), _sight(only, "")))
            for entry in tree.entries:
                node.add(safe(words_of(entry), "dim", LONG))
        case Leaf():
            node = under.add(_line(tree.held, tree.words, colours, tree.mark.line))
            for sight in tree.seen:
                node.add(_sight(sight, f"`{sight.fact}` "))
            for entry in tree.entries:
                node.add(safe(words_of(entry), "dim", LONG))
        case Sample():
            node = under.add(_line(tree.held, counted(tree), colours, tree.mark.line))
            if tree.unknown:
                node.add(safe(tree.unknown, YELLOW, LONG))
            if tree.part is not None:
                _grow(node.add(safe(telling(tree), "dim", LONG)), tree.part, colours)
        case Hours():
            node = under.add(_line(tree.held, tree.words, colours, tree.mark.line))
            for entry in tree.entries:
                node.add(safe(words_of(entry), "dim", LONG))


def _turned(colours: dict[Held, str]) -> dict[Held, str]:
    return {Held.HELD: colours[Held.FAILED], Held.FAILED: colours[Held.HELD], Held.UNKNOWN: YELLOW}


def _line(held: Held, words: str, colours: dict[Held, str], line: int) -> Text:
    is_well = held is Held.FAILED and colours[held] == GREEN
    return Text.assemble(
        Text(f"{NOT_SO if is_well else held.value:<7}  ", style=colours[held]),
        safe(words, limit=LONG),
        Text(f"  line {line}", style="dim"),
    )


def _sight(sight: Sight, start: str) -> Text:
    said = f"{start}from {sight.source}"
    if sight.unknown:
        return Text.assemble(safe(said, "dim", LONG), safe(f"; unknown: {sight.unknown}", YELLOW, LONG))
    return safe(said, "dim", LONG)


def _section(out: Console, title: str) -> None:
    out.print()
    out.print(Text(title, style="bold underline"))


def _say(out: Console, words: str, style: str = "") -> None:
    _print(out, safe(words, style, LONG), inset=2)


def _print(out: Console, text: Text, *, inset: int) -> None:
    """Print a line, broken between words where it is longer than a terminal is wide; further lines are set in."""
    if not out.is_terminal and out.width >= PIPED_WIDTH:
        out.print(text, soft_wrap=True)
        return
    out.print(_broken(out, text, inset=inset), soft_wrap=True)


def _broken(out: Console, text: Text, *, inset: int) -> Text:
    """Return the text in lines that fit, broken between words; all but the first are set in."""
    first = text.wrap(out, out.width)[0]
    rest = text[len(first) :]
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    others = rest.wrap(out, max(out.width - inset, 1)) if rest else ()
    return lines(first, *(_set_in(line, inset) for line in others))


def _set_in(line: Text, columns: int) -> Text:
    return Text(" " * columns) + line
