"""benchmarks/push.py on two hosts, each work once."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.xdist_group("lab")]

SCRIPT = ROOT / "benchmarks" / "push.py"


def test_it_measures_each_work_and_says_which_targets_are_met() -> None:
    argv = [sys.executable, str(SCRIPT), "--hosts", "2", "--rounds", "1"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    row = r"^\| ([a-z, -]+) \| \S+ \| (\S+) \| (\S+) \| \S+ \| \S+ \|$"
    found = re.findall(row, done.stdout, re.M)
    rows = {name: wall for name, _, wall in found}
    assert {"floor", "plan unchanged", "push changed, emails", "hand-written, tuned"} <= rows.keys()
    assert "push changed, emails, one batch" in rows
    assert all(0 < float(wall) < 280 for wall in rows.values())
    assert all(float(hosts) > 0 for name, hosts, _ in found if name != "swaks")
    assert done.stdout.count("| met |") + done.stdout.count("| missed |") == 4
