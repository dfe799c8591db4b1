"""The modules in PowerShell: their syntax, their arguments, and what Ansible makes of them."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from provisioner.resources import playbooks_folder
from tests.playbooks.windows.module_spec import module_spec, nodes, syntax_tree

LIBRARY = playbooks_folder() / "library"
POWERSHELL = sorted([*LIBRARY.glob("*.ps1"), *playbooks_folder().glob("module_utils/*.psm1")])
PAIRS = ["maps_email_servers", "maps_test_email"]
BIN = Path(sys.executable).parent


def spec_of(name):
    return module_spec((LIBRARY / f"win_{name}.ps1").read_bytes())


def options_of(name):
    """The argument spec of the module in Python."""
    for statement in ast.parse((LIBRARY / f"{name}.py").read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "ARGUMENT_SPEC":
            return ast.literal_eval(statement.value)
    raise AssertionError("no ARGUMENT_SPEC")


@pytest.mark.parametrize("path", POWERSHELL, ids=lambda path: path.name)
def test_it_is_powershell(path):
    syntax_tree(path.read_bytes())


def test_what_is_no_powershell_is_found():
    with pytest.raises(ValueError, match="no PowerShell in line 2"):
        syntax_tree(b"$a = 1\nif ($a {\n}\n")


@pytest.mark.parametrize("path", POWERSHELL, ids=lambda path: path.name)
def test_no_words_that_windows_powershell_5_1_lacks(path):
    """&& and || between commands; the grammar of the tests knows no other newer ones."""
    assert not list(nodes(syntax_tree(path.read_bytes()), "pipeline_chain_tail"))


def test_newer_words_are_found():
    assert list(nodes(syntax_tree(b"Get-Item a && Get-Item b\n"), "pipeline_chain_tail"))
    for newer in (b"$a ? 1 : 2\n", b"$b = $a ?? 1\n", b"$a?.b\n"):
        with pytest.raises(ValueError, match="no PowerShell"):
            syntax_tree(newer)


@pytest.mark.parametrize("name", PAIRS)
def test_both_modules_of_a_pair_take_the_same(name):
    python, powershell = options_of(name), spec_of(name)["options"]
    # `secrets` is there for Ansible to mask in Python; a restart is what only Windows needs.
    only_python = {"secrets"} & set(python)
    only_windows = {"service"} if name == "maps_email_servers" else set()
    assert set(powershell) - set(python) == only_windows
    assert set(python) - set(powershell) == only_python
    for option in set(python) & set(powershell):
        assert as_powershell(python[option]) == {
            name: value for name, value in powershell[option].items() if value is not None
        }, option


def as_powershell(option):
    """An option as the other module has it: objects come as JSON texts."""
    if option["type"] != "dict":
        return option
    texts = {"default": "{}"} if option.get("default") == {} else {}
    return {**option, "type": "json", **texts}


@pytest.mark.parametrize("name", PAIRS)
def test_nothing_is_written_to_the_event_log(name):
    """Ansible.Basic writes each call there unless the spec itself says no_log."""
    assert spec_of(name)["no_log"] is True
    assert spec_of(name)["supports_check_mode"] is True
    source = (ansible_folder() / "module_utils/csharp/Ansible.Basic.cs").read_text()
    assert 'NoLog = (bool)argumentSpec["no_log"];' in source
    assert re.search(r'if \(\(key == "no_log" && NoLog == true\)[^\n]*\)\s+continue;', source)
    assert re.search(r"void LogEvent\([^)]*\)\s*\{\s*if \(NoLog\)\s*return;", source)
    written = re.findall(r"EventLog\(|WriteEntry\(", source)
    assert written == ["EventLog(", "WriteEntry("]  # there, and nowhere else


def test_no_arguments_in_a_result():
    """Ansible.Basic adds them unless there is an `invocation` already."""
    source = (ansible_folder() / "module_utils/csharp/Ansible.Basic.cs").read_text()
    assert '!result.ContainsKey("invocation"))' in source
    module = (playbooks_folder() / "module_utils/Ansible.ModuleUtils.MapsModule.psm1").read_text()
    assert "$Module.Result.invocation = @{}" in module


def test_no_secret_is_an_argument_that_ansible_basic_would_not_mask():
    for name in PAIRS:
        masked = {n for n, option in spec_of(name)["options"].items() if option.get("no_log")}
        in_python = {n for n, option in options_of(name).items() if option.get("no_log")}
        assert masked == in_python - {"secrets"}


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
    lines = (ansible_folder() / "executor" / "powershell" / script).read_text().splitlines()
    code = [line.strip() for line in lines if not line.strip().startswith("#")]
    assert [line for line in code if WRITING.search(line)] == WRITES[script]


@pytest.mark.parametrize("name", ["winrm", "psrp", "ssh"])
def test_connections_to_windows_always_pipeline(name):
    """So that Ansible makes no file of a module, whatever `pipelining` says."""
    source = (ansible_folder() / "plugins" / "connection" / f"{name}.py").read_text()
    always = r"always_pipeline_modules = True|def is_pipelining_enabled\(.*\n +return True"
    if name == "ssh":
        marked = re.escape('if getattr(self._shell, "_IS_WINDOWS", False):\n')
        always = marked + r"(.*\n){0,2}.*(always_pipeline_modules = True|return True)"
    assert re.search(always, source)


@pytest.mark.parametrize("path", POWERSHELL, ids=lambda path: path.name)
def test_plain_characters_only(path):
    """Windows PowerShell takes a file without a byte order mark for one in the local code page."""
    assert path.read_bytes().isascii()


def ansible_folder():
    return Path(importlib.util.find_spec("ansible").submodule_search_locations[0])


@pytest.mark.parametrize("name", PAIRS)
def test_the_page_of_a_module_names_its_arguments(name):
    page = yaml.safe_load((LIBRARY / f"win_{name}.yml").read_text())["DOCUMENTATION"]
    options = spec_of(name)["options"]
    assert set(page["options"]) == set(options)
    for option, spec in options.items():
        told = {n: v for n, v in page["options"][option].items() if n != "description"}
        silent = {n: v for n, v in spec.items() if n != "no_log" and v is not None}
        assert told == silent, option


def test_no_two_modules_share_a_name():
    """Ansible would take whichever the folder lists first."""
    names = [path.stem for path in LIBRARY.iterdir() if path.suffix in (".py", ".ps1")]
    assert len(names) == len(set(names)) == 4
    from ansible.plugins.loader import module_loader

    module_loader.add_directory(str(LIBRARY))
    for name in PAIRS:
        assert module_loader.find_plugin(f"win_{name}", ".ps1").endswith(f"win_{name}.ps1")
        assert module_loader.find_plugin(name, "").endswith(f"{name}.py")


@pytest.mark.long
def test_ansible_and_its_linter_find_nothing(tmp_path):
    playbooks = sorted(str(path) for path in playbooks_folder().glob("*.yml"))
    checked = said_by("ansible-playbook", "--syntax-check", "-i", "localhost,", *playbooks)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    linted = said_by("ansible-lint", "--offline", "--strict", "-p", str(playbooks_folder()))
    assert linted.returncode == 0, linted.stdout + linted.stderr
    broken = tmp_path / "broken.yml"
    broken.write_text("- hosts: all\n  tasks:\n    - shell: echo $HOME\n")
    assert said_by("ansible-lint", "--offline", "-p", str(broken)).returncode != 0


def said_by(program, *arguments):
    return subprocess.run(
        [str(BIN / program), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=playbooks_folder(),
    )
