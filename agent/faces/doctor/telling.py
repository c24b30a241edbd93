"""The checks of whom the agent tells something, and of how long it can still log in."""

import asyncio
from collections.abc import Iterator, Sequence

from agent.adapters.channels.configuration import misconfigured
from agent.adapters.microsoft.proofs import Certificate
from agent.compose import pages_people
from agent.connecting import bounds_of
from agent.faces.doctor.bedside import Bedside
from agent.faces.doctor.said import seen_of
from agent.faces.trials import audited, standing_hold, tried
from agent.faces.vitals import Ending, ending_of, expiry_words
from agent.judge.escalation.gathered import trial_of
from agent.loop.expiring import ALARMED
from agent.loop.sending import is_through_graph
from agent.model.channel import Channel, ChannelKind
from agent.model.checkup import Seen, failed, passed, skipped, warned
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.escalation import Delivery
from agent.model.permission import READ_APPLICATIONS
from agent.model.policy import Mode, PolicySet
from agent.model.schedule import Sent
from agent.model.vitals import Expiry
from agent.settings.guards import hosts
from agent.settings.subjects import AuthKind, Settings

PAGES = "the pages' certificate"

REACHES_NOBODY = frozenset({ChannelKind.CONSOLE, ChannelKind.FILE})

RENEW = {
    AuthKind.CLIENT_SECRET: "az ad app credential reset --append --id {app} --years 1, then give the agent the new secret",
    AuthKind.CERTIFICATE: "az ad app credential reset --append --id {app} --cert @new.pem, then give the agent the new file",
}


async def channels(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether channels are set up; where that is asked for, send a test through each."""
    policies, settings = bedside.policies(), bedside.settings
    if not policies.channels:
        return (
            warned(
                "there is no channel beside the policies: nobody is told what waits for people",
                f"cp {settings.policies.directory}/channels/teams-secops.yaml.example {settings.policies.directory}/channels/teams-secops.yaml",
            ),
        )
    allowed = hosts(settings.escalation.hosts)
    bounds = bounds_of(settings, bedside.around.environ)
    wrong = {one.name: misconfigured(one, bounds, allowed) for one in policies.channels}
    found = [seen for one in policies.channels for seen in _configured(one, wrong[one.name], bedside)]
    found += _of_chains(policies, settings)
    if bedside.sends:
        found += await _send(bedside, [one for one in policies.channels if not wrong[one.name]])
    return tuple(found)


def _configured(channel: Channel, wrong: Sequence[str], bedside: Bedside) -> Iterator[Seen]:
    for words in wrong:
        said, _, mend = words.rpartition(": ")
        yield failed(said, mend)
    if wrong:
        return
    if is_through_graph(channel) and bedside.settings.mode is Mode.OBSERVE:
        yield warned(
            f"channel `{channel.name}` sends mail through Graph, which is never done in `mode: observe`",
            f"smtp: {{host: HOST, port: 587}} in {channel.file}, until you enforce",
        )
        return
    place = f" ({channel.secret} is there)" if channel.secret is not None else ""
    yield passed(f"channel `{channel.name}`, {channel.kind}: set up{place}")


def _of_chains(policies: PolicySet, settings: Settings) -> Iterator[Seen]:
    kinds = {one.name: one.kind for one in policies.channels}
    for chain in policies.chains:
        if {kinds[name] for name in chain.channels if name in kinds} <= REACHES_NOBODY:
            yield warned(
                f"chain `{chain.name}` reaches nobody: it tells a console or a file only",
                f"name a channel that people read in {chain.file}; `air-agent escalate test {chain.name}` tries it out",
            )
    if settings.report.send is not Sent.NONE and settings.report.channel not in kinds:
        yield failed(
            f"reports are sent through `{settings.report.channel}`, and there is no such channel",
            f"report.channel: one of {', '.join(sorted(kinds))}",
        )
    if not pages_people(settings):
        yield passed("in `mode: observe` nobody is told anything, unless `escalation.while_observing: true`")


async def _send(bedside: Bedside, channels: Sequence[Channel]) -> list[Seen]:
    """Send a test through every channel that is set up, all at the same time."""
    now = bedside.around.clock.now()
    through = any(map(is_through_graph, channels))
    stopped = await standing_hold(bedside.settings, now) if through else None
    async with bedside.around.open_channels(through and stopped is None) as opened:
        posted = await asyncio.gather(
            *(tried(opened, one, trial_of(one.name, now), stopped) for one in channels)
        )
    found = []
    for one in posted:
        name = one.notice.channel
        if one.delivery is Delivery.SENT:
            said = f": {one.receipt.words}" if one.receipt.words else ""
            found.append(
                passed(f"test taken by `{name}`{said}; that it was taken is not yet that somebody read it")
            )
        else:
            words, _, mend = one.why.rpartition(": ")
            found.append(
                failed(f"test not taken by `{name}`: {words or one.why}", mend or "see deploy/channels.md")
            )
    unaudited = await audited(bedside.settings, posted, bedside.by, now)
    if unaudited:
        found.append(
            warned(
                f"the audit does not tell of the tests: {unaudited}",
                "start the agent once, which makes the ledger",
            )
        )
    return found


async def credentials(bedside: Bedside) -> tuple[Seen, ...]:
    """See until when each credential can be used."""
    expiries: list[Expiry] = []
    seen: list[Seen] = []
    if bedside.graph is None and bedside.features().has_secret:
        seen.append(skipped("because sign-in failed: when client secrets end only Entra ID knows"))
    elif bedside.graph is not None:
        try:
            expiries += await bedside.graph.login.expiries()
        except Unavailable as error:
            seen.append(seen_of(error, "look again later"))
    certificates = _certificates(bedside)
    for one in certificates:
        try:
            expiries.append(Expiry(what=one.what, ends=await asyncio.to_thread(one.ends)))
        except (Refused, Malformed) as error:
            seen.append(failed(f"{one.what}: {error}", "name a PEM or PKCS12 file that this user can read"))
    found = (*(_ending(one, bedside) for one in expiries), *seen)
    return found or (passed("nothing that the agent proves itself with is known here to end"),)


def _certificates(bedside: Bedside) -> Iterator[Certificate]:
    """Give the certificates that no login tells of: that of the pages, and the agent's where it could not sign in."""
    auth, web = bedside.settings.auth, bedside.settings.web
    if bedside.graph is None and auth.certificate_path is not None:
        password = auth.certificate_password.reveal() if auth.certificate_password is not None else ""
        yield Certificate(what="the agent's certificate", path=auth.certificate_path, password=password)
    if web.certificate is not None:
        yield Certificate(what=PAGES, path=web.certificate)


def _ending(one: Expiry, bedside: Bedside) -> Seen:
    now = bedside.around.clock.now()
    words = expiry_words(one, now)
    app = bedside.settings.auth.client_id or "APP"
    mend = RENEW.get(bedside.settings.auth.kind, "make a new one, and start the agent with it").format(
        app=app
    )
    if one.what == PAGES:
        mend = "renew the certificate in `web.certificate`, and start `air-agent serve` anew"
    match ending_of(one, now):
        case Ending.ENDED:
            return failed(words, mend)
        case Ending.SOON if one.ends is not None and one.ends - now <= ALARMED:
            return failed(words, mend)
        case Ending.SOON:
            return warned(words, mend)
        case Ending.UNKNOWN:
            return warned(words, _to_know(one))
        case _:
            return passed(words)


def _to_know(one: Expiry) -> str:
    if READ_APPLICATIONS.name in one.why:
        return f"az ad app credential list --id APP shows it; grant {READ_APPLICATIONS} for the agent to watch it"
    return "look at it in Entra ID: App registrations > Certificates & secrets"
