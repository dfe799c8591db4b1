"""The module's text, and what Ansible makes of it: needs no PowerShell."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from provisioner.resources import playbooks_folder

MODULE = playbooks_folder() / "library" / "win_maps_host.ps1"
CSHARP = sorted((playbooks_folder() / "module_utils").glob("Ansible.Maps.*.cs"))
ANSIBLE = Path(str(importlib.util.find_spec("ansible").submodule_search_locations[0]))


def nodes(root: Node) -> Iterator[Node]:
    yield root
    for child in root.children:
        yield from nodes(child)


def newer_words(source: bytes) -> list[Node]:
    """What Windows PowerShell 5.1 would not understand."""
    root = Parser(Language(tree_sitter_powershell.language())).parse(source).root_node
    kinds = ("ERROR", "pipeline_chain_tail")  # && and ||; the grammar knows no other newer ones
    return [node for node in nodes(root) if node.type in kinds or node.is_missing]


def test_it_is_powershell_5_1():
    assert newer_words(MODULE.read_bytes()) == []
    for newer in ("$a && $b", "$a ? 1 : 2", "$b = $a ?? 1", "$a?.b", "if ($a {\n}"):
        assert newer_words(f"{newer}\n".encode())


@pytest.mark.parametrize("path", [MODULE, *CSHARP], ids=lambda path: path.name)
def test_plain_characters_only(path):
    """Windows PowerShell takes a file without a byte order mark for one in the local code page."""
    assert path.read_bytes().isascii()


@pytest.mark.parametrize("path", CSHARP, ids=lambda path: path.name)
def test_it_names_all_that_it_uses(path):
    """Ansible sends what a `using` names, and nothing else."""
    text = path.read_text()
    assert f"\nnamespace {path.stem} {{" in text
    named = set(re.findall(r"^using (Ansible\.Maps\.\w+);", text, re.MULTILINE))
    assert named <= {one.stem for one in CSHARP}


def test_nothing_is_written_to_the_event_log_and_no_argument_comes_back():
    """Ansible.Basic does either unless it is told not to."""
    module = MODULE.read_text()
    assert "\n$spec = @{ no_log = $true; supports_check_mode = $true;" in module
    assert module.index("$module.Result.invocation = @{}") < module.index("Answers(")
    source = (ANSIBLE / "module_utils/csharp/Ansible.Basic.cs").read_text()
    assert 'NoLog = (bool)argumentSpec["no_log"];' in source
    assert re.search(r"void LogEvent\([^)]*\)\s*\{\s*if \(NoLog\)\s*return;", source)
    assert re.findall(r"EventLog\(|WriteEntry\(", source) == ["EventLog(", "WriteEntry("]
    assert '!result.ContainsKey("invocation"))' in source


# What Ansible's wrappers write to a disk of the host, all of it scripts: arguments are data that
# they get by standard input. A line that is not here has to be looked at before it is added.
WRITES = {
    "bootstrap_wrapper.ps1": ["$null = New-Item -Path $filePath -Value $code.script -ItemType File "
                              "-Force"],
    "exec_wrapper.ps1": ["[File]::WriteAllBytes($tmpFile, $scriptBytes)",
                         "Function New-TempAnsibleFile {",
                         "[File]::WriteAllText($path, $Content, [UTF8Encoding]::new($false))"],
    "module_wrapper.ps1": ["$scriptPath = New-TempAnsibleFile -FileName $Script -Content "
                           "$scriptInfo.Script"],
    "become_wrapper.ps1": ["$null=New-Item $n -Value $m.s -Type File -Force"],
}  # fmt: skip
WRITING = re.compile(
    r"WriteAll|New-Item|Set-Content|Add-Content|Out-File|StreamWriter|FileStream|Tee-Object|Export-|"
    r"CreateText|New-TempAnsibleFile|Copy-Item|AppendAll|\[File\]::(?:Open|Create)|Start-Transcript"
)


@pytest.mark.parametrize("script", WRITES)
def test_ansible_writes_no_argument_to_a_disk_of_the_host(script):
    lines = (ANSIBLE / "executor" / "powershell" / script).read_text().splitlines()
    code = [line.strip() for line in lines if not line.strip().startswith("#")]
    assert [line for line in code if WRITING.search(line)] == WRITES[script]


@pytest.mark.parametrize("name", ["winrm", "psrp", "ssh"])
def test_connections_to_windows_always_pipeline(name):
    """So that Ansible makes no file of a module, whatever `pipelining` says."""
    source = (ANSIBLE / "plugins" / "connection" / f"{name}.py").read_text()
    always = r"always_pipeline_modules = True|def is_pipelining_enabled\(.*\n +return True"
    if name == "ssh":
        marked = re.escape('if getattr(self._shell, "_IS_WINDOWS", False):\n')
        always = marked + r"(.*\n){0,2}.*(always_pipeline_modules = True|return True)"
    assert re.search(always, source)
