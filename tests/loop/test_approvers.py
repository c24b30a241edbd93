"""Who is an approver still is asked of the directory, and what may not be read does not count."""

from agent.loop.approvers import Approvers
from agent.model.errors import Malformed, Refused
from tests.loop.conftest import Bench
from tests.persons import EVE, FAY, ROLE, a_chain, an_answer

BOTH = (an_answer(EVE, number=1), an_answer(FAY, number=2))


async def test_nobody_is_asked_about_where_nobody_approved_or_no_chain_is_there(bench: Bench) -> None:
    bench.directory.error = Refused("never asked")

    assert await Approvers().gone(bench.world, (), a_chain()) == {}
    assert await Approvers().gone(bench.world, BOTH, None) == {}


async def test_who_has_a_role_is_read_once(bench: Bench) -> None:
    bench.directory.roles[ROLE] = frozenset({FAY.object_id})
    approvers = Approvers()

    gone = await approvers.gone(bench.world, BOTH, a_chain())
    await approvers.gone(bench.world, BOTH, a_chain())

    assert gone == {1: "Eve does not have role SecOps.Approver any more"}
    assert bench.directory.asked[ROLE] == 1


async def test_a_role_that_may_not_be_read_is_nobodys(bench: Bench) -> None:
    async def holders(role: str) -> frozenset[str]:
        raise Refused("graph: 403: grant Application.Read.All")

    bench.directory.holders = holders  # type: ignore[method-assign]

    gone = await Approvers().gone(bench.world, BOTH, a_chain())

    assert gone[1] == "who has role SecOps.Approver may not be read: graph: 403: grant Application.Read.All"
    assert gone.keys() == {1, 2}


async def test_accounts_that_may_not_be_read_are_nobodys(bench: Bench) -> None:
    bench.directory.error = Malformed("graph: an answer without a body")

    gone = await Approvers().gone(bench.world, BOTH, a_chain(roles=(), users=(EVE.object_id, FAY.object_id)))

    assert gone[2] == "whether the account of Fay is enabled may not be read: graph: an answer without a body"


async def test_whoever_is_named_needs_an_account_and_no_role(bench: Bench) -> None:
    bench.directory.disabled.add(FAY.object_id)
    named = a_chain(roles=(), users=(EVE.object_id, FAY.object_id))

    gone = await Approvers().gone(bench.world, BOTH, named)

    assert gone == {2: "the account of Fay is disabled, or gone"}
