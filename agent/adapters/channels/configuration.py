"""Whether a channel is set up, as far as that shows without telling anybody anything."""

import os
from collections.abc import Iterator

from agent.adapters.channels.addresses import check_host, check_url
from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.calling import start_of
from agent.adapters.channels.secrets import secret_of
from agent.model.channel import Channel, ChannelKind
from agent.model.errors import Refused


def misconfigured(channel: Channel, bounds: Bounds, hosts: frozenset[str]) -> tuple[str, ...]:
    """Return everything that is wrong with a channel's secrets, addresses and files, in words without secrets.

    Args:
        channel: as its file describes it.
        bounds: what channels may name.
        hosts: hosts inside that channels may point to.
    """
    return tuple(_wrong(channel, bounds, frozenset(host.strip("[]").lower() for host in hosts)))


def _wrong(channel: Channel, bounds: Bounds, hosts: frozenset[str]) -> Iterator[str]:
    start = start_of(channel.name)
    try:
        secret = secret_of(channel, channel.secret, bounds) if channel.secret is not None else ""
        if channel.api_token is not None:
            secret_of(channel, channel.api_token, bounds)
        if channel.smtp is not None and channel.smtp.password is not None:
            secret_of(channel, channel.smtp.password, bounds, is_one_word=False)
    except Refused as error:
        yield str(error)
        return
    urls = [one for one in (channel.url, channel.api_url) if one]
    if channel.kind is ChannelKind.TEAMS:
        urls.append(secret)
    for url in urls:
        try:
            check_url(url, hosts, start)
        except Refused as error:
            yield str(error)
    if channel.smtp is not None:
        try:
            check_host(channel.smtp.host, hosts, start)
        except Refused as error:
            yield str(error)
    if channel.kind is ChannelKind.FILE:
        yield from _of_file(channel, bounds, start)


def _of_file(channel: Channel, bounds: Bounds, start: str) -> Iterator[str]:
    if found := bounds.outside(channel):
        yield from (f"{start}: {one.words}" for one in found)
        return
    folder = bounds.file_at(channel.path).parent
    if folder == bounds.files:
        # It is made with the first notice, and so is the folder of the ledger.
        folder = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not os.access(folder, os.W_OK):
        yield f"{start}: {channel.path} cannot be written: give this user its folder to write"
