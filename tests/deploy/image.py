"""The image, built by the container file's own steps on stand-ins for its bases, and run as the chart runs it.

As root, with `buildah`, `mmdebstrap` and `bwrap`, where registries of packages can be had; it takes about five minutes. The stand-ins are
made of Debian 13's packages: one with pip's and venv's parts, and one with Python's and C++'s libraries but without a shell, as
`gcr.io/distroless/python3-debian13` is. Who reaches the registries of images builds on those themselves.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.deploy.machine import ROOT, carry_out, mirror

SUITE = "trixie"
BUILDAH = ["buildah", "--storage-driver", "overlay"]
LIBRARIES = (
    "python3,libpython3-stdlib,ca-certificates,tzdata,libc6,libssl3t64,zlib1g,libbz2-1.0,libffi8,libsqlite3-0,liblzma5,libexpat1,"
    "libuuid1,libreadline8t64,libncursesw6,netbase,libstdc++6,libgcc-s1"
)
NOT_THERE = (
    "usr/bin/dpkg*",
    "usr/bin/debconf*",
    "usr/bin/tar",
    "usr/bin/openssl",
    "usr/bin/update-alternatives",
    "usr/share/doc",
)
NAME = "localhost/air-agent-tried"


def run(folder: Path) -> bool:
    """Build it, and look at what came out and at how it runs."""
    _base(folder, "build", "--variant=apt", "--include=python3,python3-venv,ca-certificates")
    _run_base(folder)
    certificates = [
        "--volume",
        "/etc/ssl/certs:/etc/ssl/certs:ro",
        "--env",
        "PIP_CERT=/etc/ssl/certs/ca-certificates.crt",
    ]
    files = [
        "--file",
        "deploy/container/Dockerfile",
        "--ignorefile",
        "deploy/container/Dockerfile.dockerignore",
    ]
    bases = ["--build-arg", "BUILD_IMAGE=localhost/build", "--build-arg", "RUN_IMAGE=localhost/run"]
    options = ["--format", "docker", "--isolation", "chroot", *certificates, *bases, *files]
    subprocess.run([*BUILDAH, "bud", *options, "--tag", NAME, "."], cwd=ROOT, check=True, timeout=900)
    try:
        return _is_as_it_should_be(folder)
    finally:
        subprocess.run([*BUILDAH, "rmi", "--force", NAME, "localhost/build", "localhost/run"], check=False)


def _is_as_it_should_be(folder: Path) -> bool:
    container = _said([*BUILDAH, "from", NAME])
    try:
        tree = Path(_said([*BUILDAH, "mount", container]))
        config = json.loads(_said([*BUILDAH, "inspect", "--type", "image", NAME]))["Docker"]["config"]
        size = sum(one.stat().st_size for one in tree.rglob("*") if one.is_file() and not one.is_symlink())
        parts = json.loads((tree / "usr/share/air-agent/sbom.cdx.json").read_text())
        found = {
            "is not root": config["User"] == "65532:65532",
            "is stopped as it should be": config["StopSignal"] == "SIGTERM",
            "is asked after its health": config["Healthcheck"]["Test"][0] == "CMD",
            "has no shell": not [
                name for name in ("sh", "bash", "dash") if (tree / "usr/bin" / name).exists()
            ],
            "has no package manager": not [
                name for name in ("pip", "pip3", "apt", "dpkg") if list(tree.rglob(f"bin/{name}"))
            ],
            "lists each package that it has": _packages(tree)
            <= {one["name"].lower().replace("_", "-") for one in parts["components"]},
            "checks its own policies": _runs(
                tree, folder, "policy", "check", "/usr/share/air-agent/policies"
            ),
            "works with a read-only root": _runs(
                tree, folder, "demo", "--dry-run", "--folder", "/var/lib/air-agent/demo"
            ),
        }
    finally:
        subprocess.run([*BUILDAH, "rm", container], check=False)
    for claim, is_so in found.items():
        print(f"{'yes' if is_so else 'NO '}  {claim}")
    print(f"{size / 1e6:.0f} MB unpacked")
    return all(found.values())


def _packages(tree: Path) -> set[str]:
    """Return the names of what is installed, but for the agent itself."""
    names = {
        re.sub(r"-[^-]+\.dist-info$", "", one.name)
        for one in tree.glob("usr/local/lib/python3.13/dist-packages/*.dist-info")
    }
    return {name.lower().replace("_", "-") for name in names} - {"air-agent"}


def _runs(tree: Path, folder: Path, *arguments: str) -> bool:
    """Whether a command of the image ends well, run as a pod would be: read only, no name of ours, one folder and /tmp to write to."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    places = ["--ro-bind", str(tree), "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    places += ["--bind", str(data), "/var/lib/air-agent", "--chdir", "/etc/air-agent"]
    who = [
        "--unshare-user",
        "--uid",
        "65532",
        "--gid",
        "65532",
        "--unshare-pid",
        "--cap-drop",
        "ALL",
        "--clearenv",
    ]
    command = ["bwrap", *places, *who, "/usr/local/bin/air-agent", *arguments]
    return subprocess.run(command, check=False, timeout=300).returncode == 0


def _run_base(folder: Path) -> None:
    """Make what stands in for the base that is run: libraries, Python, authorities, and neither shell nor package manager."""
    tree = folder / "run"
    carry_out(
        ["mmdebstrap", "--quiet", "--variant=extract", f"--include={LIBRARIES}", SUITE, str(tree), mirror()]
    )
    for name in ("lib", "lib64", "bin", "sbin"):
        if (tree / "usr" / name).exists() and not (tree / name).exists():
            (tree / name).symlink_to(f"usr/{name}")
    for pattern in NOT_THERE:
        for path in tree.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (tree / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", tree / "etc/ssl/certs")
    carry_out(["tar", "-C", str(tree), "-cf", str(folder / "run.tar"), "."])
    _imported(folder, "run")


def _base(folder: Path, name: str, *options: str) -> None:
    carry_out(["mmdebstrap", "--quiet", *options, SUITE, str(folder / f"{name}.tar"), mirror()])
    _imported(folder, name)


def _imported(folder: Path, name: str) -> None:
    container = _said([*BUILDAH, "from", "scratch"])
    _said([*BUILDAH, "add", container, str(folder / f"{name}.tar"), "/"])
    _said([*BUILDAH, "commit", "--rm", container, f"localhost/{name}"])


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
