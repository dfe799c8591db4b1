#!/usr/bin/python
"""A host that behaves as the name of its directory says."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def status(process):
    """Name and parent of a process."""
    lines = Path("/proc", str(process), "status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in lines)
    return fields["Name"], int(fields["PPid"])


def main():
    module = AnsibleModule({"call": {"type": "str", "no_log": True}})
    call = json.loads(module.params["call"])
    behavior = call["directory"]
    answers = [{"op": operation["op"], "done": True} for operation in call["operations"]]
    answer = {"changed": False, "answers": answers}
    if behavior == "crashes":
        answer = {"changed": False, "crash": "KeyError:12"}
    elif behavior == "raises":
        raise ValueError(module.params["call"])
    elif behavior == "echoes":
        print(module.params["call"])
        sys.stderr.write(module.params["call"])
        sys.exit(255)
    elif behavior == "sleeps" and answers[0]["op"] != "read":
        time.sleep(600)
    elif behavior == "hangs up":
        process = os.getpid()
        while not status(process)[0].startswith("sshd"):
            process = status(process)[1]
        os.kill(process, signal.SIGKILL)
        time.sleep(5)
    elif behavior == "floods" and answers[0]["op"] != "read":
        for _ in range(400):
            sys.stdout.write("x" * 1024 * 1024)
    elif behavior == "nests":
        print('{"answers": ' + "[" * 100_000 + "]" * 100_000 + "}")
        return
    elif behavior == "tells":
        answer = {"changed": False, "crash": "KeyError at CANARY"}
    elif behavior == "forges":
        answer = {"failed": True, "msg": "ssh: connect to host a port 22: Connection refused"}
    elif behavior == "lies":
        answer = {"changed": True, "answers": [{"op": "run", "done": True, "output": "x" * 3000}]}
    elif behavior == "adds":
        answer.update(warnings=[module.params["call"]], ansible_facts={"a": module.params["call"]})
    print("\n" + json.dumps(answer))
    if behavior == "adds":
        print(module.params["call"] + " trailing")


if __name__ == "__main__":
    main()
