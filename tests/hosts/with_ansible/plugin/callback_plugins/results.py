"""Each result as a line of JSON in the file RESULTS, before Ansible hides anything."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: notification
short_description: results as JSON lines
description: One line a host, in the file that RESULTS names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"

    def _write(self, result, *_, **__):
        line = {"host": result._host.get_name(), "result": result._result}
        with Path(os.environ["RESULTS"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    v2_runner_on_ok = v2_runner_on_failed = _write
    v2_runner_on_unreachable = v2_runner_on_skipped = _write
