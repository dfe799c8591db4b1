"""What is decided of paths, command lines and access before Windows is asked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SYSTEM, ADMINISTRATORS, USERS, SERVICE = "SY", "BA", "BU", "S-1-5-80-1-2-3-4-5"
OWN = "S-1-5-21-1-2-3-500"
FILE = f"O:{ADMINISTRATORS}D:P(A;;FA;;;SY)(A;;FA;;;BA)"
FOLDER = f"O:{ADMINISTRATORS}D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"


# -- access control lists


@pytest.mark.parametrize(
    ("folder", "reader", "sddl"),
    [
        (False, None, FILE),
        (True, None, FOLDER),
        (False, SERVICE, f"{FILE}(A;;0x120089;;;{SERVICE})"),
        (True, SERVICE, f"{FOLDER}(A;;0x1200a9;;;{SERVICE})"),
        (False, "S-1-5-18", FILE),
    ],
)
def test_what_is_created_is_private_from_birth(mono_host, folder, reader, sddl):
    made = mono_host.call("windows.descriptor", folder=folder, reader=reader)
    assert made.replace("FR", "0x120089").lower() == sddl.lower()
    assert not mono_host.call("windows.is_exceeded", folder=folder, reader=reader, sddl=made)


@pytest.mark.parametrize(
    ("sddl", "why"),
    [
        ("O:BAD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)", "others may read, as above"),
        ("O:BA", "no list: everybody may do everything"),
        (f"{FILE}(A;;FR;;;BU)", "others may read"),
        (f"{FILE}(A;;FW;;;BU)", "others may write"),
        (f"{FILE}(A;;FR;;;WD)", "everybody may read"),
        (f"{FILE}(A;;WD;;;AU)", "others may change the list"),
        (f"{FILE}(A;;FA;;;{SERVICE})", "the service may write"),
        (f"{FILE}(A;;FR;;;{OWN})", "a person may read"),
        (f"{FILE}(A;OICIIO;FA;;;CO)", "whoever creates a file may do everything with it"),
        (f"{FILE}(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;BU)", "of a kind not known here"),
    ],
)
def test_too_open_for_a_secret(mono_host, sddl, why):
    judged = {name: mono_host.call(
        "windows.is_exceeded", folder=False, reader=name, sddl=sddl
    ) for name in (None, SERVICE)}  # fmt: skip
    assert judged == {None: True, SERVICE: True}, why


@pytest.mark.parametrize("sddl", [FOLDER.replace("D:P", "D:"), "O:BAD:AI(A;OICIID;FA;;;SY)"])
def test_a_folder_has_its_own_list_and_a_file_may_have_that_of_its_folder(mono_host, sddl):
    judged = [
        mono_host.call("windows.is_exceeded", folder=folder, reader=None, sddl=sddl)
        for folder in (True, False)
    ]
    assert judged == [True, False]


@pytest.mark.parametrize(
    ("sddl", "exceeded"),
    [
        (f"{FILE}(A;;FR;;;{SERVICE})", False),
        (FILE, True),  # the service cannot read: it is mended as what is too open is
        (f"{FILE}(D;;FW;;;BU)(A;;FR;;;{SERVICE})", False),  # to forbid opens nothing
        (f"{FILE}(A;OICIIO;FR;;;{SERVICE})", True),
        (f"{FILE}(D;;FR;;;{SERVICE})", True),
    ],
)
def test_the_service_s_account_reads_and_no_more(mono_host, sddl, exceeded):
    found = mono_host.call("windows.is_exceeded", folder=False, reader=SERVICE, sddl=sddl)
    assert found is exceeded


@pytest.mark.parametrize(
    ("owner", "foreign"),
    [
        ("BA", None),
        ("SY", None),
        (OWN, None),
        ("BU", "S-1-5-32-545"),
        ("S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1001"),
    ],
)
def test_whoever_owns_it_could_open_it(mono_host, owner, foreign):
    sddl = FILE.replace("O:BA", f"O:{owner}")
    assert mono_host.call("windows.foreign_owner", sddl=sddl, own=OWN) == foreign


def test_what_nobody_owns_is_foreign(mono_host):
    sddl = FILE.replace("O:BA", "")
    assert mono_host.call("windows.foreign_owner", sddl=sddl, own=OWN) == "S-1-0-0"


# -- paths


@pytest.mark.parametrize(
    ("path", "extended"),
    [
        (r"C:\ProgramData\maps-provisioner", r"\\?\C:\ProgramData\maps-provisioner"),
        ("d:/maps//email-servers.json", r"\\?\d:\maps\email-servers.json"),
        ("C:\\maps\\", r"\\?\C:\maps"),
        ("C:\\" + "long\\" * 100 + "x", "\\\\?\\C:\\" + "long\\" * 100 + "x"),
        ("C:\\Größe \U0001f600", "\\\\?\\C:\\Größe \U0001f600"),
    ],
)
def test_a_path_is_given_whole(mono_host, path, extended):
    assert mono_host.call("windows.path", path=path) == extended


@pytest.mark.parametrize(
    "path",
    [
        *("", "maps", r"maps\x", r"\maps", "C:", "C:maps", r"\\server\share\maps", "/etc/maps"),
        *(r"C:\maps\..\Windows", r"C:\.\maps", r"C:\maps.", r"C:\maps \x", r"C:\maps:stream"),
        *(r"C:\m*ps", r"C:\m?ps", r"\\?\C:\maps", r"\\.\pipe\maps", "C:\\ma\0ps", "1:\\maps"),
        *("CC:\\maps", "C:\\a|b", 'C:\\"a"', ":\\a"),
    ],
)
def test_a_path_with_another_meaning_is_refused(mono_host, path):
    refused = mono_host.call("windows.path", path=path)
    assert refused == {"code": "einval", "words": "it is no absolute path of plain names"}


# -- command lines


def parsed(line: str) -> list[str]:
    """How a program reads its command line, by the rules of

    https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments
    (all but `""` within quotes, which reads in two ways: nothing may depend on it).
    """
    program = re.match(r'(?:"([^"]*)"|([^\s"]+))(?=[ \t]|$)', line)
    assert program is not None
    found, text, quoted, within = [program[1] or program[2]], "", False, False
    for backslashes, one in re.findall(r"(\\*)([^\\]|$)", line[program.end() :]):
        if one == '"':
            text += "\\" * (len(backslashes) // 2)
            if len(backslashes) % 2:
                text += '"'
            else:
                quoted = not quoted
            within = True
            continue
        text += backslashes
        within = within or bool(backslashes)
        if one in (" ", "\t", "") and not quoted:
            found += [text] if within else []
            text, within = "", False
        else:
            text, within = text + one, True
    return found


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        (r'"a b c" d e', ["a b c", "d", "e"]),
        (r'"ab\"c" "\\" d', ['ab"c', "\\", "d"]),
        (r'a\\\b d"e f"g h', [r"a\\\b", "de fg", "h"]),
        (r"a\\\"b c d", [r"a\"b", "c", "d"]),
        (r'a\\\\"b c" d e', [r"a\\b c", "d", "e"]),
    ],
)
def test_the_rules_are_those_that_microsoft_documents(mono_host, line, arguments):
    assert parsed("program.exe " + line) == ["program.exe", *arguments]
    argv = [r"C:\Program Files\a.exe", *arguments]
    assert parsed(mono_host.call("windows.command_line", argv=argv)) == argv


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["sc.exe", "query", "maps"], '"sc.exe" query maps'),
        ([r"C:\Program Files\a.exe"], r'"C:\Program Files\a.exe"'),
        (["a", "", " ", "\t"], '"a" "" " " "\t"'),
        (["a", 'say "hi"'], r'"a" "say \"hi\""'),
        (["a", r"C:\new folder" + "\\"], r'"a" "C:\new folder\\"'),
        (["a", r"C:\folder" + "\\"], '"a" C:\\folder\\'),
        (["a", '\\\\"'], r'"a" "\\\\\""'),
        (["a", "%PATH%", "x&y|z>^"], '"a" %PATH% x&y|z>^'),  # no shell reads it
    ],
)
def test_arguments_are_quoted(mono_host, argv, line):
    assert mono_host.call("windows.command_line", argv=argv) == line
    assert parsed(line) == argv


ARGUMENTS = st.text(st.sampled_from(list('ab \t\n\v"\\%^&')), max_size=12)


@settings(deadline=None, max_examples=200)
@given(arguments=st.lists(ARGUMENTS, max_size=4))
def test_any_arguments_arrive_as_they_are(mono_host, arguments):
    argv = [r"C:\a b\c.exe", *arguments]
    assert parsed(mono_host.call("windows.command_line", argv=argv)) == argv


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([""], "it is no path of a program"),
        (['a"b'], "it is no path of a program"),
        (["a", "b\0c"], "an argument has a zero in it"),
        (["a", "b" * 32767], "its arguments are too long for Windows"),
    ],
)
def test_what_no_program_can_be_started_with(mono_host, argv, words):
    refused = mono_host.call("windows.command_line", argv=argv)
    assert refused == {"code": "einval", "words": words}


@pytest.mark.parametrize(
    ("program", "is_batch_file"),
    [
        (r"C:\maps\apply.bat", True),
        ("apply.CMD", True),
        ("apply.bat. .", True),
        ("apply.cmd ", True),
        ("bat", False),
        ("apply.bat.exe", False),
        ("powershell.exe", False),
    ],
)
def test_a_batch_file_is_known(mono_host, program, is_batch_file):
    assert mono_host.call("windows.is_batch_file", program=program) is is_batch_file


# -- what Windows says and fills in


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (2, "enoent", None),
        (3, "enoent", None),
        (5, "eacces", "has to be an administrator"),
        (32, "ebusy", "another program keeps it open"),
        (39, "enospc", None),  # the folder knows the way out
        (112, "enospc", None),
        (1295, "edquot", None),
        (1307, "eperm", "has to be an administrator"),
        (1117, "os_error", None),
    ],
)
def test_an_error_of_windows_has_a_way_out(mono_host, error, code, words):
    found, way_out = mono_host.call("windows.fault", error=error, path=r"C:\maps")
    assert found == code
    assert (words in way_out) if words else way_out is None


def test_structures_have_the_sizes_of_the_64_bit_headers(mono_host):
    assert mono_host.call("windows.sizes") == {
        "SECURITY_ATTRIBUTES": 24,
        "BY_HANDLE_FILE_INFORMATION": 52,
        "WIN32_FIND_DATAW": 592,
        "STARTUPINFOW": 104,
        "PROCESS_INFORMATION": 24,
    }
