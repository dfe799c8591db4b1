"""One table of cases for what happens on a host: Python and C# answer and write the same.

cases/store.yml says at its top how a case is written.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioner.lint.schema import schema_named
from tests.playbooks.host_modules import CSharpModules, HostModules, PythonModules
from tests.playbooks.host_scene import TABLE, Host, document
from tests.playbooks.host_sight import taken, timeless


def checked(case: dict, modules: HostModules, place: Path) -> list:
    """Run a case; -> what each step answered and left, without times."""
    with _disk(case.get("disk"), place), modules.umask(int(case.get("umask", "22"), 8)):
        host, found = Host(modules, place), []
        for number, step in enumerate(case["steps"], start=1):
            seen = taken(host, step)
            try:
                seen.check(step)
            except AssertionError as error:
                error.add_note(f"in step {number}: {step}")
                error.add_note(f"answer: {json.dumps(seen.answer, indent=2)}")
                raise
            found.append(seen.shown())
    return timeless(found)


@contextmanager
def _disk(size: str | None, place: Path) -> Iterator[None]:
    """A file system of that size at `place`, if one is asked for."""
    place.mkdir()
    if size is None:
        yield
        return
    options = f"size={size},mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "test", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--recursive", str(place)], check=True)


NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away or mount")


def cases(*languages: str) -> list:
    """The cases as parameters of tests; those for which only root will do are marked."""
    return [
        pytest.param(case, id=case["name"], marks=NEEDS_ROOT if case.get("root") else ())
        for case in TABLE["cases"]
        if case.get("only") in languages
    ]


def test_the_samples_are_what_the_schema_describes():
    written = json.loads(document(1, ["relay", "reports"]))
    assert schema_named("host-document").accepts(written)


@pytest.mark.parametrize("case", cases(None))
def test_python(case, memory):
    checked(case, PythonModules(), memory / "place")


@pytest.mark.long
@pytest.mark.parametrize("case", cases(None))
def test_csharp(case, memory, mono_host):
    place = memory / "place"  # the same for both: answers name paths
    found = checked(case, CSharpModules(mono_host), place)
    place.rename(memory / "csharp")
    assert found == checked(case, PythonModules(), place)


@pytest.mark.long
@pytest.mark.parametrize("case", cases("csharp"))
def test_csharp_alone(case, memory, mono_host):
    checked(case, CSharpModules(mono_host), memory / "place")
