"""The policies as they lie in the folder of the settings, where one of them is to be changed."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent.faces.cli.options import loaded_to_audit
from agent.judge.literals import nearest
from agent.judge.parse import parse_set
from agent.judge.strict_yaml import shown
from agent.model.errors import SettingsError
from agent.model.policy import Policy, PolicySet
from agent.settings.subjects import Settings
from agent.shelves import shelf_in


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """The policies as they lie in the folder."""

    settings: Settings
    folder: Path
    base: Path | None
    files: Mapping[str, bytes]
    policies: PolicySet


def of_settings(path: Path | None) -> Ground:
    """Return the policies of these settings.

    Raises:
        SettingsError, PolicyError: the settings are wrong, or the policies do not load.
    """
    settings = loaded_to_audit(path)
    folder, base = settings.policies.directory, settings.policies.base
    files = shelf_in(folder, base).files()
    return Ground(
        settings=settings,
        folder=folder,
        base=base,
        files=files,
        policies=parse_set(files, folder=str(folder)),
    )


def is_shared(ground: Ground, policy: Policy) -> bool:
    """Whether the policy is one of a base."""
    folders = ground.policies.folders
    return folders is not None and folders.is_base(policy.file)


def place_of(ground: Ground, policy: Policy) -> tuple[Path, Path | None]:
    """Return the folder in which the policy lies, and the base that this adds to; a base is whole by itself."""
    if ground.base is not None and is_shared(ground, policy):
        return ground.base, None
    return ground.folder, ground.base


def named(policies: PolicySet, name: str) -> Policy:
    """Return the policy of this name. Raises SettingsError where there is none."""
    known = {one.name: one for one in policies.policies}
    if name not in known:
        raise SettingsError(f"there is no policy `{shown(name)}`{nearest(name, known)}")
    return known[name]
