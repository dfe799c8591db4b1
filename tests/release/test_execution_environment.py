"""execution-environment.yml, as ansible-builder reads it; no image is built."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

BUILDER = Path(sys.executable).with_name("ansible-builder")


def test_a_build_context_installs_the_wheel_of_the_release(tmp_path: Path) -> None:
    shutil.copy(ROOT / "execution-environment.yml", tmp_path)
    wheel = tmp_path / "build" / "release" / "dist" / "maps_provisioner-1.0.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    wheel.touch()
    ended = subprocess.run(
        [BUILDER, "create", "--context", "context", "--output-filename", "Containerfile"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    context = tmp_path / "context"
    assert (context / "_build" / "wheels" / wheel.name).is_file()
    assert (context / "_build" / "bindep.txt").read_text().split() == [
        "git-core",
        "openssh-clients",
    ]
    steps = (context / "Containerfile").read_text().splitlines()
    copied = steps.index("COPY _build/wheels /wheels")
    assert steps[copied + 1].startswith(
        "RUN $PYCMD -m pip install --no-cache-dir --only-binary :all:"
    )
    assert '"$(echo /wheels/*.whl)[windows]"' in steps[copied + 1]
