"""A random base and what a random tenant adds to it: as files for the engine, and as documents for the second program."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from agent.judge.lists import members_data
from agent.judge.tightening.tighten import tighten
from agent.model.facts import Facts
from agent.model.folders import Folders
from agent.model.pending import ActionKind
from agent.model.tightening import Verdict
from tests.trust import making, naive
from tests.trust.making import DOCUMENTS, KINDS, TENANT, Pick

Doc = dict[str, Any]

FOLDERS = Folders(base="shared", tenant="contoso")
OTHER = "99999999-2222-3333-4444-555555555555"
ADDED: Mapping[str, Mapping[str, Any]] = {
    "people": {"type": "addresses", "entries": ["d@xn--bcher-kva.example", {"value": "c@evilx.example", "expires": "2026-08-25"}]},
    "team": {"type": "addresses", "entries": ["c@evilx.example"]},
    "domains": {"entries": ["evilx.example"]},
    "texts": {"entries": ["a now\nb"]},
    "addresses": {"entries": ["198.51.100.7"]},
    "pairs": {"entries": [{"sender.domain": "sub.x.example", "auth.dmarc": "pass"}]},
    "days": {"entries": ["2026-08-23"]},
}  # fmt: skip
GROUP: Mapping[str, Any] = {
    "type": "addresses",
    "source": {"group": "33333333-4444-5555-6666-777777777777"},
    "members": ["d@xn--bcher-kva.example", "c@evilx.example"],
}
OF_TENANT = "-of-tenant"
PARTS: Sequence[Doc] = (
    {"enforce": {"tenants": [OTHER]}},
    {"enforce": {"tenants": [TENANT]}},
    {"enforce": {"kinds": [str(KINDS[0])]}},
)


class Made(NamedTuple):
    """One base and one tenant."""

    base: list[Doc]
    tenant: list[Doc]
    added: dict[str, Doc]
    blanks: frozenset[str]

    def files(self) -> dict[str, bytes]:
        """Return both folders' files, with the members of lists that groups feed beside them."""
        found = dict(FOLDERS.marks())
        for folder, policies, lists in (
            (FOLDERS.base, self.base, {name: dict(doc) for name, doc in DOCUMENTS.items()}),
            (FOLDERS.tenant, self.tenant, self.added),
        ):
            found |= {f"{folder}/{doc['policy']}.yaml": json.dumps(doc).encode() for doc in policies}
            for name, doc in lists.items():
                written = {key: part for key, part in doc.items() if key != "members"} | {"list": name}
                if folder == FOLDERS.base and name in self.blanks:
                    written["perTenant"] = True
                found[f"{folder}/lists/{name}.yaml"] = json.dumps(written).encode()
                if "members" in doc:
                    found[f"{folder}/lists/{name}.members"] = members_data(doc["members"])
        return found

    def is_loosened(self, kind: ActionKind, facts: Facts, tenant: str = TENANT) -> bool:
        """Whether the second program finds the base loosened here; it knows nothing of proofs."""
        deadline = facts.values.get("action.deadline", facts.now + timedelta(days=1))
        action: Doc = {"kind": str(kind), "tenant": tenant, "deadline": deadline}
        if facts.now >= action["deadline"]:
            return False
        lists = {**DOCUMENTS, **{f"{name}{OF_TENANT}": doc for name, doc in self.added.items()}}
        base = [_with(doc, self.added.keys() & self.blanks) for doc in self.base]
        whole = [_with(doc, self.added.keys()) for doc in (*self.base, *self.tenant)]
        before, needed = naive.verdict(_enforcing(base, action), lists, action, facts)
        after, had = naive.verdict(_enforcing(whole, action), lists, action, facts)
        if after == "approve":
            return before != "approve" or not needed <= had
        return after == "reject" and before == "escalate"


def _enforcing(docs: Sequence[Doc], action: Doc) -> list[Doc]:
    return [doc for doc in docs if _enforces(doc["mode"], action)]


def _enforces(mode: Any, action: Doc) -> bool:
    if not isinstance(mode, dict):
        return bool(mode == "enforce")
    part = mode["enforce"]
    return action["kind"] in part.get("kinds", [action["kind"]]) and action["tenant"] in part.get(
        "tenants", [action["tenant"]]
    )


def _with(value: Any, added: Any) -> Any:
    """Return a document in which whatever names a list of the base names what was added to it too."""
    if isinstance(value, dict):
        return {key: _with(part, added) for key, part in value.items()}
    if isinstance(value, list):
        return [_with(part, added) for part in value]
    if isinstance(value, str) and value.startswith("$") and value[1:] in added:
        return [value, f"{value}{OF_TENANT}"]
    return value


def made(pick: Pick) -> Made:
    """Return a base and a tenant of which the tenant's policies are often copies of the base's, or escalate."""
    base = making.documents(pick)
    for doc in base:
        doc["mode"] = pick(("enforce",) * 7 + ("observe", *PARTS))
    tenant = [_of_tenant(pick, f"t{number}", base) for number in range(pick((0, 1, 2)))]
    named = [name for name in ADDED if f"${name}'" in str(base)] or list(ADDED)
    names = list(dict.fromkeys(pick(named) for _ in range(pick((0, 1, 2)))))
    added = {name: dict(ADDED[name]) for name in names}
    if "people" in added and pick((True, False)):
        added["people"] = dict(GROUP)
    blanks = frozenset(name for name in DOCUMENTS if pick((True, *[False] * 5)))
    return Made(base, tenant, added, blanks)


def _of_tenant(pick: Pick, name: str, base: Sequence[Doc]) -> Doc:
    own: Doc = making.documents(pick)[0] | {"policy": name}
    own["mode"] = pick(("enforce",) * 5 + ("observe", *PARTS))
    match pick(("copy", "copy", "escalate", "any")):
        case "copy":
            own = _narrower(pick, own, pick(base))
        case "escalate":
            own["decide"] = "escalate"
        case _:
            pass
    return own


def _narrower(pick: Pick, own: Doc, older: Doc) -> Doc:
    """Return the policy with all conditions of the older one, and perhaps with its own besides."""
    copied = {key: older[key] for key in ("for", "match", "unless", "expires", "tenants") if key in older}
    found = {key: own[key] for key in ("policy", "description", "owner", "mode", "decide")} | copied
    if own["for"] == older["for"] and "all" not in older["match"]:
        found["match"] = older["match"] | {"all": [own["match"]]}
        found["unless"] = [*older.get("unless", []), own["match"]]
    return found | {"priority": pick((older["priority"], older["priority"], 0, 1))}


def facts_of(pick: Pick, kind: ActionKind) -> Facts:
    """Return facts in which a group that the tenant names may have been asked for, or not.

    A count of them is whole, as all that Defender counts is: the solver goes by that.
    """
    facts = making.situation(pick, kind)
    values = {name: 2 if value == 2.5 else value for name, value in facts.values.items()}
    age = pick((None, timedelta(), timedelta(hours=24), timedelta(hours=24, seconds=1)))
    if age is not None:
        values["list.people-of-tenant.refreshed"] = facts.now - age
    return replace(facts, values=values)


def loosens(one: Made, pick: Pick, tries: int) -> int:
    """Return how many of so many random facts the second program finds the base loosened in."""
    tried = ((kind, facts_of(pick, kind)) for kind in (pick(KINDS) for _ in range(tries)))
    return sum(one.is_loosened(kind, facts) for kind, facts in tried)


def verdict_on(one: Made) -> Verdict:
    """Return what the engine says of it."""
    return tighten(one.files(), tenant=TENANT, enforces_observers=False, within=10)


def wrongs(one: Made, verdict: Verdict, pick: Pick, tries: int) -> list[str]:
    """Return in words where the second program finds the verdict wrong, looking at so many facts where it accepts."""
    found = []
    if verdict.means is not None and loosens(one, pick, tries):
        found.append(f"accepted by its {verdict.means}, and loosens: {one}")
    for each in verdict.loosened:
        if each.example is not None:
            situation = each.example.situation
            if not one.is_loosened(situation.kind, situation.facts, situation.tenant or TENANT):
                found.append(f"refused, and does not loosen: {each.problem}: {one}")
    return found
