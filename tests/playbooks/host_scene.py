"""The folder of a host in the tests, and what the steps of a case do with it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from provisioner.mail.conversation import host_code
from tests.playbooks.host_modules import Answer, HostModules, tree

TABLE = yaml.safe_load((Path(__file__).parent / "cases" / "store.yml").read_text("utf-8"))
KEY = "CANARYfingerprint0key"
Refusal = host_code("maps_refusal").Refusal
_DELIVERED = {"remove": [], "prune": False, "declared": None, "accepted": None, "rotating": []}
_SETTINGS = ("group", "apply_timeout", "lock_wait")


# -- entries


def entry(written: str | dict) -> dict:
    """An entry as the table writes it: a sample's name, `of` it with changes by path, or whole."""
    if isinstance(written, str):
        written = {"of": written}
    if "of" not in written:
        return written
    changes = dict(written)
    copy = json.loads(json.dumps(TABLE["samples"][changes.pop("of")]))
    for path, value in changes.items():
        put(copy, path, value)
    return copy


def put(content: Any, path: str, value: Any) -> None:
    """Put a value at a path such as servers.0.oauth2.token."""
    *steps, last = path.split(".")
    for step in steps:
        content = content[int(step) if isinstance(content, list) else step]
    content[int(last) if isinstance(content, list) else last] = value


def document(generation: int, servers: list) -> str:
    """The text of email-servers.json, in the order in which the case names the servers."""
    content = {"schema_version": 1, "generation": generation, "servers": [*map(entry, servers)]}
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


# -- one case in one language


class Host:
    """The folder of a host, and what the steps of a case do with it."""

    def __init__(self, modules: HostModules, place: Path) -> None:
        self._modules = modules
        self.place, self.folder = place, place / "etc" / "maps-provisioner"
        self._applied = place / "applied"
        self._runs = 0

    def taken(self, step: dict) -> Answer | None:
        """Take a step; -> what the module answered, if it was called."""
        [verb] = set(step) & set(_VERBS)
        return _VERBS[verb](self, step[verb], step)

    def seen(self) -> dict[str, tuple]:
        """All that there is now."""
        return tree(self.place)

    @contextmanager
    def held(self, step: dict) -> Iterator[None]:
        """Hold the lock, as another process of that holder would, if the step says so."""
        if "held" not in step:
            yield
            return
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(step["held"]))
            file.flush()
            yield

    # -- calls of the module

    def _deliver(self, entries: list, step: dict) -> Answer:
        delivered = [*map(entry, entries)]
        names = [found["server_name"] for found in delivered]
        content = {**_DELIVERED, "entries": delivered, "declared": names, "mails": names}
        content |= {name: step[name] for name in (*content, "whole", "checked") if name in step}
        return self._called("present", step, content)

    def _roll_back(self, delivery: dict, step: dict) -> Answer:
        content = {"tokens": {}, "rotating": [], "mails": [], **(delivery or {})}
        return self._called("rolled_back", step, content)

    def _restore(self, rotating: list, step: dict) -> Answer:
        return self._called("restored", step, rotating=rotating or [])

    def _probe(self, _nothing: None, step: dict) -> Answer:
        return self._called("probed", step)

    def _unlock(self, force: bool | None, step: dict) -> Answer:
        return self._called("unlocked", step, force=bool(force))

    def _called(self, state: str, step: dict, content: dict | None = None, **more: Any) -> Answer:
        check = step.get("check", False)
        parameters = {**self._place(step), **more, "state": state, "fingerprint_key": KEY}
        parameters |= {name: step[name] for name in _SETTINGS if name in step}
        if "apply" in step:
            script = TABLE["apply"][step["apply"]]
            parameters["apply_command"] = self._command(script)
        if content is not None:
            parameters["document"] = step.get("text", json.dumps(_sent(content, check)))
        if "service" in step:
            parameters["service"] = step["service"]
            return self._modules.email_servers(
                parameters, check, [{"started": True, **end} for end in step["restart"]]
            )
        return self._modules.email_servers(parameters, check)

    def _command(self, script: str | list) -> list[str]:
        if isinstance(script, list):
            return script
        return ["sh", "-c", f"A={self._applied}\n{script}", "apply"]

    def _place(self, step: dict) -> dict:
        if "run" not in step:
            self._runs += 1
        holder = step.get("lease", "here")
        lease = {"holder": holder, "commit": "0123456789ab", "reason": "push"}
        return {
            "directory": str(self.folder),
            "run_id": step.get("run", f"run-{self._runs}"),
            "owner": f"{holder}@ws",
            "lease": lease if holder != "none" else None,
        }

    def _prove(self, entries: list, step: dict) -> Answer | None:
        proven = [*map(entry, entries)]
        outcome = step.get("outcome", "sent")
        needed = step.get("needed", [found["server_name"] for found in proven])
        place = self._place(step)
        try:
            self._modules.record_proofs(place, [[found, outcome] for found in proven], needed)
        except Refusal as refusal:
            maps = {"phase": "mail", "state": "refused", "reason": refusal.reason}
            return {"changed": False, "failed": True, "maps": maps, "msg": refusal.message}
        return None

    # -- what somebody else does

    def _write(self, files: dict, _step: dict) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            text = "[" * 20_000 if text == "nested 20,000 deep" else text
            (self.folder / name).write_text(text, "utf-8")
            (self.folder / name).chmod(0o600)

    def _edit(self, files: dict, _step: dict) -> None:
        for name, changes in files.items():
            path = self.folder / name
            content = json.loads(path.read_text("utf-8"))
            for where, value in changes.items():
                put(content, where, value)
            path.write_text(json.dumps(content, sort_keys=True), "utf-8")

    def _take_away(self, names: list, _step: dict) -> None:
        for name in names:
            (self.place / name).unlink()

    def _make_folder(self, names: list, _step: dict) -> None:
        for name in names:
            (self.place / name).mkdir(parents=True)
            (self.place / name).chmod(0o755)

    def _make_file(self, files: dict, _step: dict) -> None:
        for name, text in files.items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).write_text(text)

    def _link(self, names: dict, _step: dict) -> None:
        for name, target in names.items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).symlink_to(target)

    def _mode(self, names: dict, _step: dict) -> None:
        for name, mode in names.items():
            (self.place / name).chmod(int(mode, 8))

    def _owner(self, names: dict, _step: dict) -> None:
        for name, uid in names.items():
            os.chown(self.place / name, uid, -1)

    def _fill(self, name: str, _step: dict) -> None:
        descriptor = os.open(self.place / name, os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):
            while True:
                os.write(descriptor, b"x" * 4096)
        os.close(descriptor)

    def _mount(self, options: str, _step: dict) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.place)], check=True)

    def _pin(self, name: str, _step: dict) -> None:
        path = str(self.place / name)
        subprocess.run(["mount", "--bind", path, path], check=True)

    def _unpin(self, name: str, _step: dict) -> None:
        subprocess.run(["umount", str(self.place / name)], check=True)


_VERBS = {
    "deliver": Host._deliver,
    "roll_back": Host._roll_back,
    "restore": Host._restore,
    "probe": Host._probe,
    "unlock": Host._unlock,
    "prove": Host._prove,
    "write": Host._write,
    "edit": Host._edit,
    "take_away": Host._take_away,
    "make_folder": Host._make_folder,
    "make_file": Host._make_file,
    "link": Host._link,
    "mode": Host._mode,
    "owner": Host._owner,
    "fill": Host._fill,
    "mount": Host._mount,
    "pin": Host._pin,
    "unpin": Host._unpin,
}


def _sent(content: dict, check: bool) -> dict:
    """The document that goes out: in check mode it holds no secret, as the action plugin sends."""
    if not check:
        return content
    shown = host_code("maps_prints").without_secrets({**content, "fingerprint_key": KEY})
    return {name: shown[name] for name in content}
