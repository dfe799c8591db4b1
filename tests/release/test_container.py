"""The steps of Containerfile, run one by one in a fresh Debian: no container engine is needed.

The chroot stands for the image: Debian 13 with a Python and its pip, and nothing else.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(900)]

TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
STEPS = [
    step.replace("\\\n", " ").split(maxsplit=1)
    for step in re.split(r"\n(?=[A-Z]+ )", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
]
BUILD, *_ = [number for number, step in enumerate(STEPS) if step[0] == "FROM"][1:]
# What the image has and Debian's packages lack: `python`, and a pip that may install.
AS_IN_THE_IMAGE = "ln -sf python3 /usr/bin/python; rm -f /usr/lib/python3*/EXTERNALLY-MANAGED"
# How this machine reaches its package index.
OF_THE_MACHINE = ("resolv.conf", "hosts", "pip.conf", "ssl/certs/ca-certificates.crt")
KEEP = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE")


class Image:
    """A folder that is a root; its namespaces end with each command, and so do its mounts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.user, self.workdir, self.entrypoint = "root", "/", [""]
        kept = {name: os.environ[name] for name in KEEP if name in os.environ}
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/bin"} | kept

    def run(self, script: str, *, user: str = "", code: int = 0) -> str:
        """A shell in it, of the image's user. -> what it prints"""
        mounts = "".join(
            f"mount --rbind /{name} {self.root}/{name}; " for name in ("proc", "dev", "sys")
        )
        home = "/root" if (user or self.user) == "root" else f"/home/{user or self.user}"
        inside = (
            f"cd {self.workdir} && exec setpriv --reuid={user or self.user} --init-groups "
            f"--regid={user or self.user} /bin/sh -c {shlex.quote(script)}"
        )
        in_root = f"{mounts} exec chroot {self.root} /bin/sh -c {shlex.quote(inside)}"
        ended = subprocess.run(
            ["unshare", "--mount", "/bin/sh", "-ec", in_root],
            env={**self.environment, "HOME": home},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ended.returncode == code, f"{script}\n{ended.stdout[-4000:]}"
        return ended.stdout

    def step(self, instruction: str, rest: str) -> None:
        """One that is not FROM."""
        if instruction == "RUN":
            self.run(rest)
        elif instruction == "COPY":
            *_, source, target = rest.split()
            self.copy(ROOT if source == "." else self.root / source.lstrip("/"), target)
        elif instruction == "USER":
            self.user = rest.strip()
        elif instruction == "WORKDIR":
            self.workdir = rest.strip()
            (self.root / self.workdir.lstrip("/")).mkdir(exist_ok=True)
        else:
            assert instruction == "ENTRYPOINT", f"unknown step {instruction}"
            self.entrypoint = re.findall(r'"([^"]*)"', rest)

    def copy(self, source: Path, target: str) -> None:
        """Of the checkout only what .containerignore leaves."""
        to = self.root / target.lstrip("/")
        if source == ROOT:
            ignored = (ROOT / ".containerignore").read_text().splitlines()
            for name in (line[1:] for line in ignored if line.startswith("!")):
                path = ROOT / name
                to.mkdir(exist_ok=True)
                if path.is_dir():
                    cache = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(path, to / name, ignore=cache)
                else:
                    shutil.copy(path, to / name)
        elif source != to:
            shutil.copytree(source, to)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """What the Containerfile makes. The stages share one root: a later one sees more than it may,
    so `build` ends with its sources removed."""
    root = tmp_path_factory.mktemp("image") / "root"
    packages = "--include=python3,python3-pip,ca-certificates"
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", packages, "trixie", str(root)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    image = Image(root)
    for name in OF_THE_MACHINE:
        if Path("/etc", name).is_file():
            shutil.copy(Path("/etc", name), root / "etc" / name)
    image.run(AS_IN_THE_IMAGE)
    for number, step in enumerate(STEPS):
        if number == BUILD:
            shutil.rmtree(root / "src")
        if step[0] != "FROM":
            image.step(*step)
    yield image
    shutil.rmtree(root)


def test_it_has_what_a_controller_needs_and_no_compiler(image: Image) -> None:
    assert image.entrypoint == ["provisioner"]
    assert image.run("provisioner --version").startswith("provisioner ")
    image.run("ssh -V && git --version && ansible-playbook --version")
    image.run("command -v cc gcc make", code=127)
    assert image.run("id -un; pwd").split() == [image.user, image.workdir]
    assert image.user != "root"


def test_a_project_that_is_mounted(image: Image) -> None:
    """As the page says: the project and tokens are the user's, the key is a file of root."""
    project = image.root / image.workdir.lstrip("/")
    shutil.copytree(ROOT / "tests" / "cli" / "frozen" / "clean", project, dirs_exist_ok=True)
    image.run(f"chown -R {image.user} {image.workdir}", user="root")
    assert "no problems found" in image.run("provisioner validate")
    assert "Reports" in image.run("provisioner status", code=6)


def test_the_demo_runs_in_it(image: Image) -> None:
    assert "provisioner push" in image.run("provisioner demo")
