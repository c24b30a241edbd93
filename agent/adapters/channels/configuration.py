"""Whether a channel is set up, as far as that shows without telling anybody anything."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.adapters.channels.addresses import check_host, check_url
from agent.adapters.channels.calling import start_of
from agent.adapters.channels.secrets import secret_of
from agent.model.channel import Channel, ChannelKind
from agent.model.errors import Refused


def misconfigured(channel: Channel, environ: Mapping[str, str], hosts: frozenset[str]) -> tuple[str, ...]:
    """Return everything that is wrong with a channel's secrets, addresses and files, in words without secrets.

    Args:
        channel: as its file describes it.
        environ: where secrets lie that are variables.
        hosts: hosts inside that channels may point to.
    """
    return tuple(_wrong(channel, environ, frozenset(host.strip("[]").lower() for host in hosts)))


def _wrong(channel: Channel, environ: Mapping[str, str], hosts: frozenset[str]) -> Iterator[str]:
    start = start_of(channel.name)
    try:
        secret = secret_of(channel, channel.secret, environ) if channel.secret is not None else ""
        if channel.api_token is not None:
            secret_of(channel, channel.api_token, environ)
        if channel.smtp is not None and channel.smtp.password is not None:
            secret_of(channel, channel.smtp.password, environ, is_one_word=False)
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
    if channel.kind is ChannelKind.FILE and not os.access(Path(channel.path).absolute().parent, os.W_OK):
        yield f"{start}: {channel.path} cannot be written: give this user its folder to write"
