"""An action plugin in place of the real one: does what run.json says of its host, step by step."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from ansible.plugins.action import ActionBase

from provisioner.ansible import run_folder


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        self._task_vars = task_vars
        folder, host = Path(task_vars["maps_run_folder"]), task_vars["inventory_hostname"]
        steps = json.loads((folder / "run.json").read_bytes())
        if task_vars.get("dies_before"):
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            with run_folder.begin(folder, host) as begun:
                for name, value in steps.get(host, steps.get("*", [])):
                    getattr(self, f"_{name}")(begun, folder, value)
        except run_folder.NotBegun as error:
            return {"failed": True, "msg": error.reason}
        return {"changed": False}

    def _phase(self, begun, folder, name):
        begun.phase(name)

    def _sleep(self, begun, folder, seconds):
        time.sleep(seconds)

    def _touch(self, begun, folder, path):
        Path(path).touch()

    def _signal(self, begun, folder, number):
        os.kill(os.getpid(), number)

    def _kill_ansible(self, begun, folder, seconds):
        os.kill(os.getppid(), signal.SIGKILL)

    def _remove_run_folder(self, begun, folder, value):
        """Once the answers of the hosts before have been taken."""
        end = time.monotonic() + 30
        while len(list((folder / "hosts").iterdir())) > 1 and time.monotonic() < end:
            time.sleep(0.05)
        shutil.rmtree(folder)

    def _fill(self, begun, folder, left):
        """Leave so many bytes of the run folder's file system."""
        room = os.statvfs(folder)
        with suppress(OSError):  # Ansible may have taken some of it since
            (folder / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize - left))

    def _files_with(self, begun, folder, text):
        """Answer with the files of the run folder that have this text."""
        found = [p for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]
        begun.answer(json.dumps([p.name for p in found]).encode(), b"short")

    def _become_password(self, begun, folder, value):
        begun.answer(self._connection.become.get_option("become_pass").encode(), b"short")

    def _variable(self, begun, folder, name):
        begun.answer(str(self._templar.template(self._task_vars[name])).encode(), b"short")

    def _answer(self, begun, folder, size):
        begun.answer(b"x" * size, b"short")
