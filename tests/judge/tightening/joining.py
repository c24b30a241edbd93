"""A base and a tenant as files: say only what matters."""

from collections.abc import Mapping

from agent.judge.parse import parse_set
from agent.judge.tightening.tighten import tighten
from agent.model.errors import PolicyError
from agent.model.folders import Folders
from agent.model.policy import PolicySet
from agent.model.tightening import Verdict
from tests.judge.writing import policy_file

FOLDERS = Folders(base="shared", tenant="contoso")
TENANT = "11111111-2222-3333-4444-555555555555"

Files = Mapping[str, bytes | str]

VIP = "list: vip\ntype: addresses\nentries: [ceo@provider.example]\n"
OURS = "list: vip\ntype: addresses\nentries: [ceo@contoso.example]\n"
CLUSTERS = policy_file("evidence.verdict: malicious\ncluster.mailboxCount: {atMost: 200}", name="clusters")
CONSOLE = "channel: console\nkind: console\n"


def chain(name: str = "secops", **parts: str) -> str:
    """Return a chain that one person of a role may answer, but for these parts."""
    approvers = {"need": "1", "from": "[role:SecOps.Approver]"} | {
        key: value for key, value in parts.items() if key != "lastChance"
    }
    written = ", ".join(f"{key}: {value}" for key, value in approvers.items())
    last = f"lastChance: {parts['lastChance']}\n" if "lastChance" in parts else ""
    return f"chain: {name}\nsteps: [{{notify: [console]}}]\napprovers: {{{written}}}\n{last}"


def joined(base: Files, tenant: Files) -> dict[str, bytes]:
    """Return the files of both folders, by their names in them."""
    found = dict(FOLDERS.marks())
    for folder, files in ((FOLDERS.base, base), (FOLDERS.tenant, tenant)):
        for name, data in files.items():
            found[f"{folder}/{name}"] = data.encode() if isinstance(data, str) else data
    return found


def both(base: Files, tenant: Files) -> PolicySet:
    """Return the set of both folders."""
    return parse_set(joined(base, tenant))


def wrong(base: Files, tenant: Files) -> list[str]:
    """Return what is wrong with the set of both folders, whatever it loosens."""
    try:
        both(base, tenant)
    except PolicyError as error:
        return list(map(str, error.problems))
    return []


def verdict(
    base: Files, tenant: Files, *, of: str | None = TENANT, enforces_observers: bool = False
) -> Verdict:
    """Return whether the tenant only tightens the base."""
    return tighten(joined(base, tenant), tenant=of, enforces_observers=enforces_observers, within=10)
