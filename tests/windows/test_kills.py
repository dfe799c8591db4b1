"""A process that is killed while it writes: files are whole, and the state knows the document."""

from __future__ import annotations

import json
import random
import time

import pytest

from tests.windows.conftest import NEAREST
from tests.windows.host import WindowsHost
from tests.windows.powershells import Calls, signed

DOCUMENT, STATE = "email-servers.json", "state.json"
SIZE = 300_000


def version(data: bytes, name: str) -> int:
    """Of a whole file."""
    whole = json.loads(data)
    assert len(whole["note"]) == SIZE, f"{name} is torn"
    return int(whole["port"])


@NEAREST
@pytest.mark.parametrize("seed", range(2))
def test_a_kill_tears_nothing(seed, powershell, tmp_path):
    calls = Calls(powershell, tmp_path / "calls")
    host = WindowsHost(calls, tmp_path)
    texts = [json.dumps({"port": number, "note": "x" * SIZE}) for number in range(12)]
    files = [{"name": name, "text": text} for text in texts for name in (STATE, DOCUMENT)]
    host.ask({"op": "write", "expect": {}, "files": files[:2]})
    began = time.monotonic()
    host.ask({"op": "write", "expect": {}, "files": files})
    needed = time.monotonic() - began
    calls.send(call=signed(host.call({"op": "write", "expect": {}, "files": files * 10})))
    time.sleep(needed * random.Random(seed).uniform(0.5, 5))
    calls.close()
    found = host.files()
    state, document = version(found[STATE], STATE), version(found[DOCUMENT], DOCUMENT)
    assert state in (document, (document + 1) % len(texts))
    assert set(found) <= {DOCUMENT, STATE, DOCUMENT + ".new", STATE + ".new"}
