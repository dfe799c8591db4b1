"""Check a release: `make release-check`, and before a tag `make release-check TAG=v1.0.0`.

Builds the sdist and the wheel of this checkout into build/release/, checks them, installs each in
fresh environments by pip, pipx and uv, and runs commands there. With a tag it also requires all
that a published release needs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import BytesParser
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
NAME = "maps-provisioner"
PLACEHOLDER = "/OWNER/"
SCRIPTS = Path(sys.executable).parent  # of build, pipx, twine and uv

# Folders of the checkout, and where the wheel has them. The sdist omits the files of our own CI.
IN_WHEEL = {
    "provisioner/": "provisioner/",
    "schemas/": "provisioner/schemas/",
    "playbooks/": "provisioner/playbooks/",
}
NOT_IN_SDIST = (".ci/", ".github/")
NEEDED_IN_WHEEL = (
    "provisioner/py.typed",
    "provisioner/schemas/email-server.schema.json",
    "provisioner/playbooks/hosts.yml",
    "provisioner/advice/catalogue.md",
    "provisioner/lint/pages/plaintext_secret.md",
    "provisioner/worksheet/page.html.j2",
)
URLS = {"Homepage", "Documentation", "Changelog", "Issues", "Source"}


@dataclass(frozen=True)
class Release:
    """A checkout and the distributions that were built of it. `wheel` was built from the sdist."""

    root: Path
    sdist: Path
    wheel: Path
    wheel_of_tree: Path
    tag: str | None = None

    @cached_property
    def version(self) -> str:
        text = (self.root / "provisioner" / "__init__.py").read_text(encoding="utf-8")
        found = re.search(r'^__version__ = "(.+)"$', text, re.M)
        return found[1] if found else ""

    @cached_property
    def files(self) -> set[str]:
        """Of the checkout, but those that git ignores; for a tag, all are committed."""
        options = ("--cached", "--others", "--exclude-standard", "-z")
        listed = run("git", "ls-files", *options, cwd=self.root)
        return {name for name in listed.split("\0") if (self.root / name).is_file()}

    @cached_property
    def sdist_names(self) -> set[str]:
        with tarfile.open(self.sdist) as archive:
            return {file.name.partition("/")[2] for file in archive.getmembers() if file.isfile()}

    @cached_property
    def wheel_names(self) -> set[str]:
        return set(zipfile.ZipFile(self.wheel).namelist())

    @cached_property
    def metadata(self) -> Message:
        (name,) = [name for name in self.wheel_names if name.endswith(".dist-info/METADATA")]
        return BytesParser().parsebytes(zipfile.ZipFile(self.wheel).read(name))

    @cached_property
    def changelog_heading(self) -> str:
        """What follows the version in its heading of CHANGELOG.md, or "" if there is none."""
        text = (self.root / "CHANGELOG.md").read_text(encoding="utf-8")
        found = re.search(rf"^## \[{re.escape(self.version)}\] - (.+)$", text, re.M)
        return found[1].strip() if found else ""


class Failed(Exception):
    """A command failed; the text says which and how."""


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """The standard output of a command; raises with the end of its output if it fails."""
    ended = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        last = f"{ended.stdout}{ended.stderr}".rstrip().splitlines()[-30:]
        words = " ".join(map(str, command))
        raise Failed("\n".join((f"{words}: exit code {ended.returncode}", *last)))
    return ended.stdout


# --- Checks of the distributions: each yields what is wrong ---------------------------------------


def sdist_files(release: Release) -> Iterator[str]:
    expected = {name for name in release.files if not name.startswith(NOT_IN_SDIST)}
    yield from different(release.sdist_names, expected | {"PKG-INFO"})


def wheel_files(release: Release) -> Iterator[str]:
    expected = {
        there + name.removeprefix(here)
        for name in release.files
        for here, there in IN_WHEEL.items()
        if name.startswith(here)
    }
    information = f"maps_provisioner-{release.version}.dist-info/"
    files = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    expected |= {information + name for name in files}
    yield from different(release.wheel_names, expected | set(NEEDED_IN_WHEEL))


def different(names: set[str], expected: set[str]) -> Iterator[str]:
    yield from (f"missing: {name}" for name in sorted(expected - names))
    yield from (f"unexpected: {name}" for name in sorted(names - expected))


def same_wheels(release: Release) -> Iterator[str]:
    if release.wheel.read_bytes() != release.wheel_of_tree.read_bytes():
        yield "the wheel built from the sdist and the wheel built from the checkout differ"


def twine(release: Release) -> Iterator[str]:
    try:
        files = (release.sdist, release.wheel)
        run(SCRIPTS / "twine", "check", "--strict", *files, cwd=release.root)
    except Failed as failed:
        yield str(failed)


def metadata(release: Release) -> Iterator[str]:
    found = release.metadata
    urls = dict(url.split(", ", 1) for url in found.get_all("Project-URL", []))
    for name in sorted(URLS - set(urls)):
        yield f"Project-URL: {name} is missing"
    for url in urls.values():
        page = re.match(r".*/(?:tree|blob)/[^/]+/(.+)", url)
        if page and not (release.root / page[1]).exists():
            yield f"Project-URL: no such file: {page[1]}"
    if found["Version"] != release.version:
        yield f"Version: {found['Version']}; provisioner/__init__.py has {release.version}"
    if found["License-Expression"] != "GPL-3.0-or-later":
        yield f"License-Expression: {found['License-Expression']}"


def readme_links(release: Release) -> Iterator[str]:
    """As PyPI renders it: pages elsewhere, files that this version has."""
    from readme_renderer.markdown import render

    html = render(str(release.metadata.get_payload())) or ""
    for link in re.findall(r'(?:href|src)="([^"]*)"', html):
        page = re.match(rf".*/(?:blob|raw)/v{re.escape(release.version)}/([^#]+)", link)
        if not link.startswith(("https://", "#user-content-")):  # PyPI's own, of headings
            yield f"README.md: not an absolute link: {link}"
        elif page and not (release.root / page[1]).is_file():
            yield f"README.md: no such file: {page[1]}"
    if "<img" not in html:
        yield "README.md: no picture"


def changelog(release: Release) -> Iterator[str]:
    if not release.changelog_heading:
        yield f"CHANGELOG.md: no section `## [{release.version}] - DATE`, or `- unreleased`"


CHECKS: dict[str, Callable[[Release], Iterable[str]]] = {
    "the sdist has the files of the checkout, and no other": sdist_files,
    "the wheel has what a user runs, and no other file": wheel_files,
    "the sdist and the checkout make the same wheel": same_wheels,
    "twine check --strict": twine,
    "version, license and addresses": metadata,
    "links of README.md on PyPI": readme_links,
    "CHANGELOG.md describes this version": changelog,
}


# --- What a tag needs in addition -----------------------------------------------------------------


def tag_is_version(release: Release) -> Iterator[str]:
    if release.tag != f"v{release.version}":
        yield f"the tag is {release.tag}, the version in provisioner/__init__.py {release.version}"


def repository_is_set(release: Release) -> Iterator[str]:
    settings = tomllib.loads((release.root / "pyproject.toml").read_text(encoding="utf-8"))
    repository = settings["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]
    if PLACEHOLDER in f"{repository}/":
        yield f"pyproject.toml: repository is the placeholder {repository}"


def changelog_has_a_date(release: Release) -> Iterator[str]:
    heading = release.changelog_heading
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", heading):
        yield f"CHANGELOG.md: the section of {release.version} has no date: {heading or 'missing'}"


def committed(release: Release) -> Iterator[str]:
    changed = run("git", "status", "--porcelain", cwd=release.root).splitlines()
    yield from (f"not committed: {line}" for line in changed)


TAG_CHECKS: dict[str, Callable[[Release], Iterable[str]]] = {
    "the tag is the version": tag_is_version,
    "the repository's address is set": repository_is_set,
    "CHANGELOG.md has the date of the release": changelog_has_a_date,
    "everything is committed": committed,
}


# --- Fresh installations --------------------------------------------------------------------------

# A project whose secret is in a keyring, on a host by WinRM: both need a library of an extra.
PROJECT = {
    "servers/relay.yml": """\
server_name: Relay
host: relay.example.edu
port: 587
smtp_security_level: login
use_tls: true
user_name: reports
password: {keyring: maps/Relay}
test_email: {from: reports@example.edu}
""",
    "servers/campus.yml": """\
server_name: Campus
host: relay.example.edu
smtp_security_level: none
test_email: {from: reports@example.edu}
""",
    "inventory/hosts.ini": """\
[maps]
maps1 ansible_host=127.0.0.1
[maps:vars]
ansible_connection=winrm
ansible_winrm_transport=ntlm
ansible_port=5986
ansible_user=maps
ansible_password=none
""",
}
# Per extra: its libraries, and a command that fails without them and prints what to run.
EXTRAS = {
    "keyring": ("keyring", "worksheet Relay --reveal --yes --accept-destination Relay"),
    "windows": ("pypsrp, winrm", "plan Campus"),
}
PRINTED = re.compile(r"\brun: (.*?(?:pipx inject|pip install) .*?)(?: \(for Kerberos|$)", re.M)


@dataclass(frozen=True)
class Place:
    """A folder that one installer fills, as a user who has nothing yet."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str | Path) -> str:
        return run(*command, cwd=self.folder, environment=self.environment)


def by_pip(place: Place, package: str) -> Path:
    venv.create(place.folder / "venv", with_pip=True)
    place.run("venv/bin/pip", "install", "--quiet", package)
    return place.folder / "venv"


def by_pipx(place: Place, package: str) -> Path:
    place.run("pipx", "install", "--quiet", "--include-deps", package)
    return place.folder / "pipx" / "venvs" / NAME


def by_uv(place: Place, package: str) -> Path:
    place.run("uv", "tool", "install", "--quiet", "--python", sys.executable, package)
    return place.folder / "uv" / NAME


# How, of what, with which extras.
INSTALLATIONS: dict[str, tuple[Callable[[Place, str], Path], str, str]] = {
    "pip, wheel": (by_pip, "wheel", ""),
    "pipx, wheel": (by_pipx, "wheel", ""),
    "uv, wheel": (by_uv, "wheel", ""),
    "pip, sdist [windows]": (by_pip, "sdist", "windows"),
    "pipx, sdist [keyring]": (by_pipx, "sdist", "keyring"),
    "uv, sdist [keyring,windows]": (by_uv, "sdist", "keyring,windows"),
}


def installation(release: Release, name: str, folder: Path) -> Iterator[str]:
    """Install in a new folder, and run commands of that installation."""
    install, kind, extras = INSTALLATIONS[name]
    place = new_place(folder)
    package = getattr(release, kind)
    try:
        environment = install(place, f"{package}[{extras}]" if extras else str(package))
        provisioner = environment / "bin" / "provisioner"
        said = place.run(provisioner, "--version").strip()
        if said != f"provisioner {release.version}":
            yield f"provisioner --version: {said}"
        place.run(provisioner, "demo")
        for extra in extras.split(",") if extras else EXTRAS:
            if not extras:
                add_as_printed(place, provisioner, extra)
            place.run(environment / "bin" / "python", "-c", f"import {EXTRAS[extra][0]}")
    except Failed as failed:
        yield str(failed)


def add_as_printed(place: Place, provisioner: Path, extra: str) -> None:
    """Run a command that needs the extra, then the command that its message prints."""
    for path, text in PROJECT.items():
        file = place.folder / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    command = [str(provisioner), *EXTRAS[extra][1].split(), "--project", "project"]
    try:
        place.run(*command)
    except Failed as failed:
        printed = PRINTED.findall(str(failed))
        if not printed:
            raise
        place.run("sh", "-c", printed[0])
    else:
        raise Failed(f"{' '.join(command)} needs no library of [{extra}]")


def new_place(folder: Path) -> Place:
    """Homes are in `folder`; indexes, certificates and caches are those of this machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "UV_", "SSL_", "REQUESTS_")) or "proxy" in name.lower()
    }
    homes = {"HOME": "home", "TMPDIR": "tmp", "PIPX_HOME": "pipx", "PIPX_BIN_DIR": "bin"}
    homes |= {"UV_TOOL_DIR": "uv", "UV_TOOL_BIN_DIR": "bin"}
    for name in homes.values():
        (folder / name).mkdir(parents=True, exist_ok=True)
    for program in ("pipx", "uv"):  # alone: nothing else of this environment is on the PATH
        (folder / "bin" / program).symlink_to(SCRIPTS / program)
    cache = Path.home() / ".cache"
    environment = {name: str(folder / home) for name, home in homes.items()}
    environment |= {"PIP_CACHE_DIR": str(cache / "pip"), "UV_CACHE_DIR": str(cache / "uv")}
    return Place(
        folder, kept | environment | {"PATH": f"{folder}/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    )


# --- All of it ------------------------------------------------------------------------------------


def build(root: Path, folder: Path) -> Release:
    """The sdist and a wheel of it; and, to compare, a wheel of the checkout."""
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", cwd=root)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "tree", cwd=root)
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return Release(root, sdist, wheel, folder / "tree" / wheel.name)


def report(name: str, problems: Iterable[str]) -> bool:
    """Print one check and its problems; True if there is none."""
    found = list(problems)
    print(f"{'failed' if found else 'ok    '}  {name}", flush=True)
    for problem in found:
        print("        " + problem.replace("\n", "\n        "), flush=True)
    return not found


def main() -> int:
    parser = argparse.ArgumentParser(description="Check what a release consists of.")
    parser.add_argument("--tag", help="also require what a published release needs: v1.0.0")
    parser.add_argument("--no-install", action="store_true", help="skip the fresh installations")
    options = parser.parse_args()
    folder = ROOT / "build" / "release"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        release = replace(build(ROOT, folder), tag=options.tag)
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    checks = CHECKS | (TAG_CHECKS if options.tag else {})
    good = [report(name, check(release)) for name, check in checks.items()]
    for name in () if options.no_install else INSTALLATIONS:
        with TemporaryDirectory(prefix="maps-release-") as elsewhere:
            good.append(report(name, installation(release, name, Path(elsewhere))))
    print(f"{release.sdist.name} and {release.wheel.name} are in {release.sdist.parent}")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
