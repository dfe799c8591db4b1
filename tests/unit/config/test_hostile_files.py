"""Files that would hang, crash or fill the memory of others: each one issue, at once.

The limits are checked in a process of its own, so that its peak memory is its own too.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_REPORT = r"""
import json, re, sys, time
from tests.support.loading import load
for path in sys.argv[1:]:
    started = time.process_time()
    documents = list(load(path))
    for document in documents:
        document.locate("")
    seconds = time.process_time() - started
    issues = [(d.rule, *d.range.start, d.message) for found in documents for d in found.issues]
    # Not ru_maxrss: exec inherits that from whoever forked, here a large pytest; getrusage(2).
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) // 1024
    print(json.dumps({"path": path, "seconds": seconds, "megabytes": peak, "issues": issues}))
"""


def issues_of(paths):
    """Read in a new process; fails if one takes long, much, or a traceback."""
    argv = [sys.executable, "-c", _REPORT, *map(str, paths)]
    run = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert run.stderr == ""
    reports = [json.loads(line) for line in run.stdout.splitlines()]
    assert [report for report in reports if report["seconds"] > 1] == []
    assert [report for report in reports if report["megabytes"] > 200] == []
    return {Path(report["path"]): [tuple(i) for i in report["issues"]] for report in reports}


YAML = {
    "20,000 brackets": (lambda: b"[" * 20_000, ("too-large", 1, 1001)),
    "20,000 flow mappings": (lambda: b"{a: " * 20_000, ("too-large", 1, 129)),
    "20,000 dashes": (lambda: b"- " * 20_000, ("too-large", 1, 65)),
    "1,400 indentations": (
        lambda: b"\n".join(b" " * level + b"a:" for level in range(1400)),
        ("too-large", 33, 33),
    ),
    "20,000 complex keys": (lambda: b"? " * 20_000, ("syntax", 1, 3)),
    "20,000 flow keys": (lambda: b"[? " * 20_000, ("syntax", 1, 4)),
    "60 MB": (lambda: b"a: " + b"x" * 60_000_000, ("too-large", 1, 1)),
    "500,000 entries": (lambda: b"[" + b"a," * 500_000, ("too-large", 1, 20_000)),
    "60,000 keys": (
        lambda: b"".join(b"k%d: 1\n" % number for number in range(60_000)),
        ("too-large", 10_000, 8),
    ),
    "20,000 documents": (lambda: b"---\na: 1\n" * 20_000, ("too-large", 2002, 1)),
    "a quote that never ends": (lambda: b'a: "' + b"x\n" * 500_000, ("syntax", 1, 4)),
    "900 signs of anchors": (lambda: b"a: " + b"&" * 900 + b"x y\n", ("syntax", 1, 5)),
    "1,000 lines of blanks": (
        lambda: (b"1" + b" " * 990 + b"\n") * 1000 + b"a: b: c\n",
        ("syntax", 1, 1),
    ),
    "a megabyte of quotes": (lambda: b"a: '" + b"''" * 500_000 + b"\nb: c\n", ("syntax", 1, 4)),
    "100,000 equals signs": (lambda: b"a = b = c\n" * 100_000, ("syntax", 1, 1)),
    "an alias bomb": (
        lambda: (
            b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            + b"".join(
                b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9))
                for n in range(1, 10)
            )
        ),
        ("too-large", 5, 15),
    ),
    "NUL": (lambda: b"a: 1\nb: x\x00y\n", ("control-character", 2, 5)),
    "escape sequences": (lambda: b"a: \x1b[31mred\n", ("control-character", 1, 4)),
    "DEL": (lambda: b"a: \x7f\n", ("control-character", 1, 4)),
    "a next-line character": ("a: b\u0085c: d\n".encode, ("control-character", 1, 5)),
    "a byte order mark inside": ("a: \ufeff1\n".encode, ("control-character", 1, 4)),
    "a non-character": ("a: \uffff\n".encode, ("control-character", 1, 4)),
    "Latin-1": (lambda: b"a: 1\nb: caf\xe9\n", ("encoding", 2, 7)),
    "a cut-off character": (lambda: b"a: caf\xc3", ("encoding", 1, 7)),
    "a surrogate in UTF-8": (lambda: b"a: \xed\xa0\x80\n", ("encoding", 1, 4)),
    "UTF-16, little end first": (
        lambda: b"\xff\xfe" + "a: 1".encode("utf-16-le"),
        ("encoding", 1, 1),
    ),
    "UTF-16, big end first": (lambda: b"\xfe\xff" + "a: 1".encode("utf-16-be"), ("encoding", 1, 1)),
    "nothing": (lambda: b"", ("empty-document", 1, 1)),
    "a comment": (lambda: b"# nothing\n", ("empty-document", 1, 1)),
    "a megabyte of comment": (lambda: b"#" * 1_000_000, ("empty-document", 1, 1)),
    "a tab": (lambda: b"a:\n\tb: 1\n", ("syntax", 2, 1)),
    "a tab further down": (lambda: b"a:\n  b: 1\n\tc: 2\n", ("syntax", 3, 1)),
    "a byte order mark": (lambda: b"\xef\xbb\xbfa: 1\n", ("byte-order-mark", 1, 1)),
    "lines as on Windows": (lambda: b"a: 1\r\nb: 2\r\n", ("line-ends", 1, 1)),
    "lines as on old Macs": (lambda: b"a: 1\rb: 2\r", ("line-ends", 1, 1)),
    "binary": (lambda: bytes(range(256)), ("encoding", 3, 115)),
}
JSON = {
    "20,000 levels of mappings": (lambda: b'{"a":' * 20_000, ("too-large", 1, 161)),
    "20,000 levels of lists": (lambda: b"[" * 20_000, ("too-large", 1, 33)),
    "a long text": (lambda: b'{"a": "' + b"x" * 1_000_000 + b'"}', None),
}
CASES = {(name, "yml"): case for name, case in YAML.items()} | {
    (name, "json"): case for name, case in JSON.items()
}


def test_a_hostile_file_is_one_issue(tmp_path):
    paths = {tmp_path / f"{name}.{kind}": case for (name, kind), case in CASES.items()}
    for path, (make, _) in paths.items():
        path.write_bytes(make())
    found = {path: [issue[:3] for issue in issues] for path, issues in issues_of(paths).items()}
    assert found == {path: [expected] if expected else [] for path, (_, expected) in paths.items()}


@pytest.fixture
def special(tmp_path):
    paths = {name: tmp_path / f"{name}.yml" for name in ("pipe", "loop", "dangling", "socket")}
    os.mkfifo(paths["pipe"])
    paths["loop"].symlink_to("loop.yml")
    paths["dangling"].symlink_to("nowhere.yml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(paths["socket"]))
        yield {**paths, "zero": Path("/dev/zero"), "memory": Path("/proc/self/mem")}


def test_a_path_that_is_no_file_is_one_issue(special):
    words = {
        "pipe": "is a named pipe",
        "socket": "is a socket",
        "zero": "is a device",
        "loop": "Too many levels of symbolic links",
        "dangling": "No such file or directory",
        "memory": "Input/output error",
    }
    found = issues_of(special.values())
    for name, path in special.items():
        ((rule, line, column, message),) = found[path]
        assert (rule, line, column) == ("unreadable-file", 1, 1)
        assert words[name] in message


def test_a_file_and_a_folder_that_may_not_be_read():
    """As somebody else, where the tests run as root: root may read everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "closed").mkdir(mode=0)
        (folder / "open.yml").write_text("a: 1\n")
        (folder / "secret.yml").write_text("a: 1\n")
        (folder / "secret.yml").chmod(0)
        found = _as_nobody(folder)
    assert found == [
        f"{name}/closed unreadable-file the folder cannot be read: Permission denied",
        f"{name}/open.yml",
        f"{name}/secret.yml unreadable-file cannot be read: Permission denied",
    ]


_REPORT_AS_NOBODY = """
import os, sys
from tests.support.loading import load
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for document in load(sys.argv[1]):
    print(document.path, *(f"{d.rule} {d.message}" for d in document.issues))
"""


def _as_nobody(folder):
    argv = [sys.executable, "-c", _REPORT_AS_NOBODY, str(folder)]
    run = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True)
    return run.stdout.splitlines()
