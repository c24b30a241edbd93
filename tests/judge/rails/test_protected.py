"""Who and what is protected: by lists for everything, by what they are for accounts, rules and devices."""

from datetime import datetime, timedelta

import msgspec
import pytest

from agent.judge.parse import parse_set
from agent.judge.rails.listed import ProtectedList, is_in, protected_lists, wrong_names
from agent.judge.rails.lookup import of_owner
from agent.judge.rails.protected import protected
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind
from agent.model.policy import PolicyList
from agent.model.targets import Account, Device, Found, OfAccount, Rules
from tests.judge.rails.scenes import a_scene, an_effect
from tests.judge.writing import a_fed_list, a_list, list_file, policy_file
from tests.makers import NOW

USER = "aaaaaaaa-0000-4000-8000-000000000001"
NOBODY = Account(user_id=USER, user_principal_name="Bob@contoso.example", roles=())
MAILBOX = Rules(user_id=USER, address="bob@contoso.example", rules=(), domains=None)
LAPTOP = Device(id="d1", name="PC-7.contoso.example", os_platform="Windows11")

DELETE = an_effect(("m1", "bob@contoso.example"))
RULE = an_effect(("rule-1", USER), kind=EffectKind.DISABLE_RULE)
DISABLE = an_effect((USER, ""), kind=EffectKind.DISABLE_USER)
QUARANTINE = an_effect(("sha1", "d1"), kind=EffectKind.QUARANTINE_FILE)


def said(*effects: Effect, **more: object) -> str | None:
    found = protected(a_scene(*effects, **more))  # type: ignore[arg-type]
    return None if found is None else found.words


def vip(*members: str) -> tuple[ProtectedList, ...]:
    return lists_of(*members)


def lists_of(*members: str) -> tuple[ProtectedList, ...]:
    return as_lists(list_file("vip", *members))


def as_lists(files: dict[str, bytes], fetched: datetime | None = None) -> tuple[ProtectedList, ...]:
    return protected_lists(["vip"], in_set(files), {} if fetched is None else {"vip": fetched}, NOW)


def in_set(files: dict[str, bytes]) -> tuple[PolicyList, ...]:
    return parse_set({"policies/p.yaml": policy_file(), **files}).lists


# Lists


@pytest.mark.parametrize(
    "member", ["bob@contoso.example", "BOB@Contoso.example", "contoso.example", "example", f"{USER.upper()}"]
)
def test_a_list_protects_whoever_it_has_by_any_name_from_everything(member: str) -> None:
    protects = "is protected by the list `vip`"
    by_id = member.lower() == USER

    assert (said(DELETE, protected=vip(member)) or protects).endswith(protects)
    assert (said(DELETE, protected=vip(member)) is None) is by_id
    assert (said(RULE, found=MAILBOX, owner=NOBODY, protected=vip(member)) or "").endswith(protects)
    assert (said(DISABLE, found=NOBODY, protected=vip(member)) or "").endswith(protects)


def test_a_list_protects_an_account_by_every_address_of_its_mailbox() -> None:
    """A list of people to protect names the addresses that they write from, and those need not be principal names."""
    bob = msgspec.structs.replace(NOBODY, addresses=("robert.tables@contoso.example", "ceo@brand.example"))

    for found in (
        said(DISABLE, found=bob, protected=vip("CEO@brand.example")),
        said(RULE, found=MAILBOX, owner=bob, protected=vip("CEO@brand.example")),
    ):
        assert found == "ceo@brand.example is protected by the list `vip`"


def test_a_list_protects_whose_own_copy_would_go_and_whoever_that_may_be() -> None:
    known, hidden = frozenset({"vera@contoso.example"}), None

    assert said(DELETE, senders=known, protected=vip("vera@contoso.example")) == (
        "vera@contoso.example is protected by the list `vip`"
    )
    assert said(DELETE, senders=known, protected=vip("alice@contoso.example")) is None
    assert said(DELETE, senders=hidden, protected=vip("alice@contoso.example")) == (
        "whether the list `vip` has the sender, whose own copy would go, is not known"
    )
    assert said(DELETE, senders=hidden) is None


def test_an_account_whose_addresses_cannot_be_read_may_be_on_a_list_of_addresses() -> None:
    hidden = msgspec.structs.replace(NOBODY, addresses=None)
    words = "whether the list `vip` has the account is not known: its addresses could not be read"

    assert said(DISABLE, found=hidden, protected=vip("ceo@brand.example")) == words
    assert said(RULE, found=MAILBOX, owner=hidden, protected=vip("ceo@brand.example")) == words
    assert said(DISABLE, found=hidden) is None


@pytest.mark.parametrize("member", ["alice@contoso.example", "ontoso.example", "bob", "mail.contoso.example"])
def test_a_list_protects_nobody_else(member: str) -> None:
    assert said(DELETE, protected=vip(member)) is None
    assert said(RULE, found=MAILBOX, owner=NOBODY, protected=vip(member)) is None
    assert said(DISABLE, found=NOBODY, protected=vip(member)) is None


@pytest.mark.parametrize(
    ("member", "holds"), [("pc-7", True), ("D1", True), ("pc-7.contoso.example", True), ("pc-8", False)]
)
def test_a_list_may_have_devices(member: str, holds: bool) -> None:
    assert (said(QUARANTINE, found=LAPTOP, protected=vip(member)) is not None) is holds


def test_a_device_may_have_no_name() -> None:
    assert said(QUARANTINE, found=msgspec.structs.replace(LAPTOP, name=None), protected=vip("pc-7")) is None


def test_an_entry_that_has_expired_protects_nobody() -> None:
    entry = "  - {value: bob@contoso.example, expires: 2026-11-02T09:00:00Z}"

    def at(now: datetime) -> tuple[ProtectedList, ...]:
        return protected_lists(["vip"], in_set(a_list("vip", f"entries:\n{entry}")), {}, now)

    assert said(DELETE, protected=at(NOW)) is None
    assert said(DELETE, protected=at(NOW - timedelta(seconds=1))) is not None


def test_a_long_entry_is_compared_whole() -> None:
    long = f"{'a' * 90}@contoso.example"

    assert said(an_effect(("m", long)), protected=vip(long)) is not None
    assert said(an_effect(("m", f"b{long[1:]}")), protected=vip(long)) is None


FED = a_fed_list("vip", "bob@contoso.example")


@pytest.mark.parametrize(
    ("fetched", "words"),
    [
        (None, "its group was never fetched"),
        (NOW - timedelta(hours=24), None),
        (
            NOW - timedelta(hours=24, seconds=1),
            "its group was last fetched 2026-11-01 08:59Z, too long ago to rely on",
        ),
    ],
)
def test_a_list_of_which_nobody_knows_who_is_on_it_protects_everybody(
    fetched: datetime | None, words: str | None
) -> None:
    found = said(an_effect(("m", "alice@contoso.example")), protected=as_lists(FED, fetched))

    told = f"whether the list `vip` has what would be touched is not known: {words}"
    assert found == (None if words is None else told)


def test_the_members_of_a_group_are_protected() -> None:
    assert said(DELETE, protected=as_lists(FED, NOW)) == "bob@contoso.example is protected by the list `vip`"


def test_a_list_that_is_not_there_any_more_protects_everybody() -> None:
    (gone,) = protected_lists(["vip"], (), {}, NOW)

    assert gone == ProtectedList(name="vip", unknown="it is not there")


def test_names_of_lists_are_checked() -> None:
    lists = in_set(
        {
            **list_file("vip", "a@contoso.example"),
            **a_list("holidays", "type: dates\nentries: ['2026-12-25']"),
        }
    )

    assert wrong_names(["vip"], lists) == ()
    assert wrong_names(["vips", "xyz", "holidays"], lists) == (
        "`guards.protected` names the list `vips`, which is not here: did you mean `vip`?",
        "`guards.protected` names the list `xyz`, which is not here: write a list of that name, or take it out there",
        "`guards.protected` names the list `holidays`, which holds dates: name one of people or devices",
    )


def test_an_entry_that_is_empty_names_nobody() -> None:
    assert not is_in(as_lists(list_file("vip", '" "'))[0], "")


# What something is


@pytest.mark.parametrize("kind", sorted(MAIL_EFFECTS))
def test_mail_in_an_administrators_inbox_may_be_deleted(kind: EffectKind) -> None:
    assert (
        said(an_effect(("m", "bob@contoso.example"), kind=kind), own=frozenset({"bob@contoso.example"}))
        is None
    )


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ((), None),
        (("Global Reader",), 'has roles in Entra ID: "Global Reader"'),
        (None, "has could not be read: grant RoleManagement.Read.Directory"),
    ],
)
def test_any_role_protects_an_account_and_so_do_roles_that_cannot_be_read(
    roles: tuple[str, ...] | None, words: str | None
) -> None:
    account = msgspec.structs.replace(NOBODY, roles=roles)

    for found in (said(DISABLE, found=account), said(RULE, found=MAILBOX, owner=account)):
        assert (found is None) is (words is None)
        assert words is None or (found or "").endswith(words)


def test_an_account_that_cannot_be_read_is_protected() -> None:
    assert said(DISABLE) == "the account could not be read, nor whether it has roles in Entra ID"
    assert said(RULE, found=MAILBOX) == (
        "the mailbox's user could not be read, nor whether it has roles in Entra ID"
    )


def test_the_agents_own_identity_is_protected() -> None:
    words = "it is the identity under which this agent runs"

    assert said(DISABLE, found=NOBODY, own=frozenset({USER})) == words
    assert (
        said(
            an_effect(("ia-1", "acc-1"), kind=EffectKind.DISABLE_ACCOUNT), found=NOBODY, own=frozenset({USER})
        )
        == words
    )
    assert said(DISABLE, found=NOBODY, own=frozenset({"another"})) is None


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("Windows11", None),
        ("Windows 10", None),
        ("macOS", None),
        ("WindowsServer2022", "the device runs WindowsServer2022, so it counts as a domain controller"),
        ("Linux", "the device runs Linux, so it counts as a domain controller"),
        ("", "nothing says what the device runs, so it counts as a domain controller"),
        (None, "nothing says what the device runs, so it counts as a domain controller"),
    ],
)
def test_a_device_that_is_not_known_as_a_workstation_counts_as_a_domain_controller(
    platform: str | None, words: str | None
) -> None:
    assert said(QUARANTINE, found=msgspec.structs.replace(LAPTOP, os_platform=platform)) == words


@pytest.mark.parametrize("found", [None, NOBODY])
def test_a_device_that_was_not_found_counts_as_one_too(found: Found | None) -> None:
    assert (
        said(QUARANTINE, found=found)
        == "nothing says what the device runs, so it counts as a domain controller"
    )


def test_an_action_that_touches_an_account_and_a_device_is_looked_at_for_both() -> None:
    assert said(QUARANTINE, DISABLE, found=LAPTOP) == (
        "the account could not be read, nor whether it has roles in Entra ID"
    )


def test_without_effects_nobody_is_touched() -> None:
    scene = msgspec.structs.replace(a_scene(protected=as_lists(FED)), effects=())

    assert protected(scene) is None


# What has to be looked up


@pytest.mark.parametrize("kind", EffectKind)
def test_of_a_rule_the_mailboxs_user_is_looked_up_too(kind: EffectKind) -> None:
    is_rule = kind in {EffectKind.DISABLE_RULE, EffectKind.ENABLE_RULE}

    asked = of_owner([an_effect(("what", "place"), kind=kind)])

    assert asked == (OfAccount(user_id="place") if is_rule else None)
