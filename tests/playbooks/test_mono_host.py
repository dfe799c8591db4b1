"""The program that runs the C#, and that each of its files names all it needs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.playbooks.mono_host import (
    ROOT,
    SHIPPED,
    MonoError,
    MonoProgram,
    Refusal,
    compile_,
)

USING = re.compile(r"^using (Ansible\.Maps\.\w+);\s*$", re.MULTILINE | re.IGNORECASE)


@pytest.mark.parametrize(
    "value",
    [None, True, "ß \U0001f600 \u202e \u2028 \x00", 2**53, [{}, []], {"a": {"b": [1, "2"]}}],
    ids=str,
)
def test_what_goes_in_comes_back(mono_host, value):
    assert mono_host.call("host.echo", value=value) == {"value": value}


def test_a_long_line(mono_host):
    assert mono_host.call("host.echo", value="x" * 2_000_000) == {"value": "x" * 2_000_000}


def test_a_refusal_is_the_one_of_the_python_modules(mono_host):
    with pytest.raises(Refusal) as caught:
        mono_host.call("host.refuse", reason="edited", message="somebody did")
    assert (caught.value.reason, caught.value.message) == ("edited", "somebody did")


def test_an_error_tells_its_type_and_place_and_the_next_call_does_not(mono_host):
    with pytest.raises(MonoError, match=r"InvalidOperationException: .*out of order(.|\n)*HostCal"):
        mono_host.call("host.fail", message="out of order")
    with pytest.raises(MonoError) as caught:
        mono_host.call("host.fail", message="again")
    assert "out of order" not in str(caught.value)


def test_a_call_that_nobody_answers(mono_host):
    with pytest.raises(MonoError, match=r"nobody answers weather\.report"):
        mono_host.call("weather.report")


def test_a_call_that_hangs_ends_with_what_was_said(mono_program):
    with MonoProgram(mono_program) as program:
        before = program.pid
        with pytest.raises(TimeoutError, match=r"host\.sleep took more than 0\.5 s"):
            program.call("host.sleep", milliseconds=600_000, timeout=0.5)
        assert program.call("host.echo", value=1) == {"value": 1}
        assert program.pid != before


def test_a_program_that_ends_says_how(mono_program):
    with MonoProgram(mono_program) as program:
        with pytest.raises(MonoError, match=r"exit 7: in host\.exit\nexiting as told"):
            program.call("host.exit", code=7)
        assert program.call("host.echo", value=1) == {"value": 1}


def test_a_program_that_is_killed_leaves_nothing_in_memory(mono_program):
    with MonoProgram(mono_program) as program:
        program.call("host.echo")
        left = Path(f"/dev/shm/mono.{program.pid}")
        with pytest.raises(TimeoutError):
            program.call("host.sleep", milliseconds=600_000, timeout=0.2)
    assert not left.exists()


def test_three_workers_that_begin_at_once_compile_once(tmp_path):
    """Each on a copy of the project, where nothing is compiled yet."""
    for part in ("playbooks", "provisioner", "schemas", "tests"):
        (tmp_path / part).symlink_to(ROOT / part)
    code = (
        "import pathlib, sys, tests.playbooks.mono_host as it\n"
        "it.ROOT = pathlib.Path(sys.argv[1])\n"
        "it.SHIPPED = it.ROOT / it.SHIPPED.relative_to(sys.argv[2])\n"
        "it.OF_THE_TESTS = it.ROOT / it.OF_THE_TESTS.relative_to(sys.argv[2])\n"
        "program = it.compiled()\n"
        "print(program.stat().st_ino, it.MonoProgram(program).call('host.echo'))\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path), str(ROOT)]
    workers = [
        subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = {worker.communicate(timeout=240)[0] for worker in workers}
    assert len(said) == 1
    assert said.pop().endswith(" {}\n")
    assert [path.is_dir() for path in (tmp_path / ".lab" / "mono").iterdir()].count(True) == 1


# -- what Ansible sends


def used_by(file: Path) -> set[Path]:
    """The file and all that its `using Ansible.Maps.X;` lines name, and theirs."""
    found, new = set(), {file}
    while new:
        found |= new
        names = {name for path in new for name in USING.findall(path.read_text())}
        new = {SHIPPED / f"{name}.cs" for name in names} - found
    return found


@pytest.mark.long
@pytest.mark.parametrize(
    "file", sorted(SHIPPED.glob("Ansible.Maps.*.cs")), ids=lambda path: path.stem
)
def test_each_file_compiles_with_those_that_it_names(file, tmp_path):
    """Ansible sends what it finds by these lines, and no more."""
    compile_(sorted(used_by(file)), tmp_path / "part.dll", "-target:library")


def test_no_two_files_need_each_other():
    """Ansible's PSModuleDepFinder adds to a set that it is going through where some do: it fails
    then, or sends too little, depending on the order of that set."""
    for file in SHIPPED.glob("Ansible.Maps.*.cs"):
        for name in USING.findall(file.read_text()):
            assert file not in used_by(SHIPPED / f"{name}.cs"), f"{file.stem} <-> {name}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("public class Unit { public Ansible.Maps.Two.Pair P; }", "name `Two' does not exist"),
        ("public class Unit { public string P => null; }", "not part of the C# 5.0"),
        ("public class Unit { private int p; }", "is never used"),
        ("public class Unit { public System.Web.HttpUtility P; }", "HttpUtility' does not exist"),
    ],
    ids=["names too little", "newer language", "warning", "other reference"],
)
def test_what_would_not_compile_elsewhere_is_told(code, words, tmp_path):
    (tmp_path / "Part.cs").write_text(f"namespace Ansible.Maps.One {{ {code} }}")
    with pytest.raises(pytest.fail.Exception, match=words):
        compile_([tmp_path / "Part.cs"], tmp_path / "part.dll", "-target:library")
