"""Runs of our own code that are killed at a given step: each step is one call of the system."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

# Imported here, once, by the server that forks: an import is no step of ours.
import authlib.integrations.requests_client  # noqa: F401
from ansible.parsing import vault  # noqa: F401

import provisioner.oauth.trust  # noqa: F401
from provisioner.oauth.refreshing import fresh_tokens
from provisioner.secret import Secret
from provisioner.tokens.store import TokenStore
from tests.oauth_samples import CLIENT_SECRET, oauth_server, token_set, token_store
from tests.tokens.gates import Machine, password_server

# What a save does to the disk; `flock`, by which the lock is taken, is one more.
_STEPS = ("mkdir", "open", "ftruncate", "pwrite", "write", "fsync", "close", "replace", "unlink")

NEW_SCOPE = "new " * 500


def killed_at_each_step(work: Callable[..., None], *arguments: Any) -> Iterator[int]:
    """Run `work` again and again, killed one step later each time; ends when it gets through.

    The caller sees what each killed run has left before the next one starts.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    step = 0
    while True:
        process = context.Process(target=_killed_at, args=(step, work, arguments))
        process.start()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL), f"step {step}: {process.exitcode}"
        if process.exitcode == 0:
            return
        yield step
        step += 1


def save(folder: Path) -> None:
    """One save."""
    with token_store(folder).locked("Reports", wait_seconds=0) as entry:
        entry.save(token_set(scope=NEW_SCOPE))


def refresh(folder: Path, url: str) -> None:
    """One refresh at this endpoint, of tokens that have expired."""
    refreshed(token_store(folder), url)


def refreshed(store: TokenStore, url: str) -> str:
    """The access token that a refresh ends with."""
    server = oauth_server(access_token_url=url)
    tokens = fresh_tokens(store, server, CLIENT_SECRET, 600, 1_950_000_000)
    return tokens.access_token.reveal()


def accept(folder: Path, configuration: Path) -> None:
    """One acceptance of where a password goes."""
    Machine(folder, configuration).gate(accept=["Relay"]).check(
        password_server(), Secret("CANARY-password")
    )


def _killed_at(step: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    left = step

    def counted(call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                if name == "write":  # half of it is there
                    with suppress(TypeError):
                        call(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return call(*args, **kwargs)

        return counting

    fcntl.flock = counted(fcntl.flock, "flock")  # type: ignore[assignment]
    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name), name))
    work(*arguments)
    os._exit(0)  # what multiprocessing tidies up is no step either
