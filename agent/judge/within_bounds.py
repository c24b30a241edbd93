"""Whether channels name only what they may, told at the place where they name it.

What they may name depends on links and folders of the machine, so that somebody else is asked of each channel.
"""

from collections.abc import Callable, Iterator, Mapping

from agent.judge.channels import OF_KIND
from agent.judge.strict_yaml import Mapping_, keys, problem, read
from agent.model.channel import Channel, Outside, Part
from agent.model.errors import Problem
from agent.model.mark import Mark
from agent.model.policy import PolicySet

Asked = Callable[[Channel], tuple[Outside, ...]]
"""Says what a channel names and may not."""


def out_of_bounds(found: PolicySet, files: Mapping[str, bytes], asked: Asked) -> tuple[Problem, ...]:
    """Return what the channels of a set, which lies in these files, name and may not."""
    return tuple(_problems(found, files, asked))


def _problems(found: PolicySet, files: Mapping[str, bytes], asked: Asked) -> Iterator[Problem]:
    for channel in found.channels:
        for one in asked(channel):
            yield problem(channel.file, _mark(channel, files[channel.file], one.part), one.words)


def _mark(channel: Channel, data: bytes, part: Part) -> Mark:
    root = read(channel.file, data)
    assert isinstance(root, Mapping_)  # noqa: S101  it was read as a channel
    given = keys(root)
    main = next((key for key in OF_KIND[channel.kind].secrets if key != "apiToken"), "")
    key = {Part.MAIN: main, Part.READING: "apiToken", Part.SMTP: "smtp", Part.PATH: "path"}[part]
    return given[key].mark
