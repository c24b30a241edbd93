"""A whole machine of this distribution, made of its packages and booted in a container: systemd runs the units as the guide has them.

As root, where `mmdebstrap`, `systemd-nspawn` and the registries of packages can be had. It takes two to four minutes.
"""

import shutil
import subprocess
from pathlib import Path

from tests.deploy.guide import blocks

ROOT = Path(__file__).parent.parent.parent
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,openssl,sudo,ca-certificates,git,procps"
TENANT = "72f988bf-0000-4000-8000-00000000c0de"
CLIENT = "a1ea9e27-0000-4000-8000-00000000a9e7"
URL = "http://127.0.0.1:18099"
CREDENTIAL = "/run/credentials/air-agent.service/client-secret"

SIMULATOR = f"""[Service]
ExecStart=/opt/air-agent/bin/air-agent simulate --port {URL.rpartition(":")[2]}
"""

PROBE = """[Unit]
After=multi-user.target
[Service]
ExecStart=/bin/bash /probe.sh
StandardOutput=file:/probe.log
StandardError=inherit
ExecStopPost=/bin/systemctl poweroff
[Install]
WantedBy=multi-user.target
"""

SETTINGS = f"""sed -i -e 's/^  id: .*/  id: {TENANT}/' -e 's|^  cloud: global.*|  cloud: simulator\\n  url: {URL}|' \
  -e 's/^  kind: certificate.*/  kind: clientSecret/' -e 's/^  client_id: .*/  client_id: {CLIENT}/' -e '/certificate_path/d' \
  -e '/requests_per_minute/d' /etc/air-agent/air-agent.yaml
printf simulated-secret > /etc/air-agent/secrets/client-secret
install -D -m 644 /src/deploy/systemd/dropins/client-secret.conf /etc/systemd/system/air-agent.service.d/client-secret.conf
"""

CHECKS = f"""
echo "== as systemd sees it"
test "$(systemctl is-active air-agent)" = active
test "$(systemctl show --value --property=NRestarts air-agent)" = 0
systemctl show --property=StatusText air-agent
pid=$(systemctl show --value --property=MainPID air-agent)
grep -E '^(NoNewPrivs|Seccomp|CapEff|Uid):' /proc/$pid/status
grep -q '^NoNewPrivs:[[:space:]]1' /proc/$pid/status
grep -q '^Seccomp:[[:space:]]2' /proc/$pid/status
grep -q '^CapEff:[[:space:]]0000000000000000' /proc/$pid/status
echo "== a command that needs the login takes the running service's"
sudo -u air-agent AIR_AGENT_AUTH_CLIENT_SECRET_FILE={CREDENTIAL} air-agent once --settings /etc/air-agent/air-agent.yaml || test $? = 1
echo "== it has seen the tenant"
sudo -u air-agent air-agent status --json --settings /etc/air-agent/air-agent.yaml || test $? = 1
test "$(sudo -u air-agent air-agent pending --json --settings /etc/air-agent/air-agent.yaml | grep -c action)" -gt 0
echo "== it stops within its time, and starts again"
systemctl stop air-agent
test "$(systemctl show --value --property=Result air-agent)" = success
systemctl start air-agent
systemctl kill --signal=KILL --kill-whom=main air-agent
for second in $(seq 120); do test "$(systemctl is-active air-agent)" = active && break; sleep 1; done
test "$(systemctl is-active air-agent)" = active
"""


def run(folder: Path) -> bool:
    """Install, boot, use, upgrade, check; return whether all of it went well."""
    machine = folder / "machine"
    codename = next(
        line.partition("=")[2]
        for line in Path("/etc/os-release").read_text().splitlines()
        if line.startswith("VERSION_CODENAME=")
    )
    carry_out(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={PACKAGES}",
            codename,
            str(machine),
            mirror(),
        ]
    )
    _source(machine / "src")
    (machine / "etc" / "systemd" / "system" / "simulator.service").write_text(SIMULATOR)
    (machine / "etc" / "systemd" / "system" / "probe.service").write_text(PROBE)
    (machine / "install.sh").write_text(f"set -ex\ncd /src\n{blocks()['systemd install']}\n{SETTINGS}")
    (machine / "probe.sh").write_text(_probe())
    certificates = "--bind-ro=/etc/ssl/certs"
    outside = [
        certificates,
        "--bind-ro=/etc/resolv.conf",
        "--setenv=PIP_CERT=/etc/ssl/certs/ca-certificates.crt",
    ]
    _nspawn(machine, [*outside, "/bin/bash", "/install.sh"])
    _nspawn(machine, ["/bin/systemctl", "enable", "probe.service"])
    _nspawn(machine, [certificates, "--bind-ro=/etc/resolv.conf", "--boot"], is_checked=False)
    said = (machine / "probe.log").read_text()
    print(said)
    return said.endswith("== all of it\n")


def _probe() -> str:
    """Return what is done once the machine is up."""
    upgrade = blocks()["systemd upgrade"]
    parts = [
        "set -ex",
        "export PIP_CERT=/etc/ssl/certs/ca-certificates.crt",
        "systemctl start simulator",
        "sleep 5",
        "cd /src",
        blocks()["systemd start"],
        "sleep 20",
        blocks()["systemd use"],
        CHECKS,
        "cd /src",
        upgrade,
        'test "$(systemctl is-active air-agent)" = active',
        'set +x; echo "== all of it"',
    ]
    return "\n".join(parts)


def mirror() -> str:
    """Return where this machine takes its packages from."""
    for file in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("debian*")):
        for line in file.read_text().splitlines() if file.exists() else ():
            if line.startswith(("URIs:", "deb ")):
                return line.split()[1]
    raise SystemExit("no mirror of packages is set up here")


def _source(place: Path) -> None:
    """Lay a checkout there: what git knows of, as it is now."""
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, files.split("\0")):
        source, target = ROOT / name, place / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def _nspawn(machine: Path, arguments: list[str], *, is_checked: bool = True) -> None:
    """Run in the machine, with only the second version of control groups, as today's systemd asks."""
    command = [
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--console=pipe",
        "-D",
        str(machine),
        *arguments,
    ]
    script = 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"'
    carry_out(["unshare", "-m", "sh", "-c", script, "sh", *command], is_checked=is_checked)


def carry_out(command: list[str], *, is_checked: bool = True) -> None:
    subprocess.run(command, check=is_checked, stdin=subprocess.DEVNULL, timeout=900)
