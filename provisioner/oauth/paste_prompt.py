"""Reads pasted addresses from a terminal, unseen, while something else is waited for."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from provisioner.oauth.typed_text import TypedText

_SILENCE_SECONDS = 0.4  # after a line break, until it was an Enter and not one of the text
_LOOK_SECONDS = 0.5  # between looks whether the terminal is ours
_LOCAL_FLAGS, _CONTROL_CHARACTERS = 3, 6


def is_promptable(descriptor: int) -> bool:
    """Whether a person can answer there: a terminal, and we are in its foreground."""
    try:
        return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


class PastePrompt:
    """From `with` to its end each text that ends with Enter is given to `entered`, in a thread.

    None stands for one that is too long for any address.
    The terminal shows none of it - a code would stay in its scrollback - and hands it over as it
    comes: by lines it would cut a line at 4096 characters (termios(3), canonical mode).
    At the end the terminal is as before, and what nobody read is thrown away, or the shell would
    take it for a command and write it to its history.
    """

    def __init__(self, descriptor: int, entered: Callable[[str | None], None]) -> None:
        self._descriptor = descriptor
        self._entered = entered
        self._before: list[Any] = []
        self._stop_reader, self._stop_writer = os.pipe()
        self._reading = threading.Thread(target=self._read_until_stopped, daemon=True)

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._descriptor)
        try:
            self._hide()
            self._reading.start()
        except BaseException:  # a signal, too
            self._restore()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.write(self._stop_writer, b"x")
        self._reading.join()
        self._restore()
        os.close(self._stop_reader)
        os.close(self._stop_writer)

    def _restore(self) -> None:
        # In the background it is another one's terminal, and touching it would stop us (SIGTTOU).
        if is_promptable(self._descriptor):
            with contextlib.suppress(termios.error):  # it hung up
                termios.tcflush(self._descriptor, termios.TCIFLUSH)
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)

    def _hide(self) -> None:
        wanted = termios.tcgetattr(self._descriptor)
        wanted[_LOCAL_FLAGS] &= ~(termios.ICANON | termios.ECHO)  # Ctrl-C stays a signal
        wanted[_CONTROL_CHARACTERS][termios.VMIN] = 1
        wanted[_CONTROL_CHARACTERS][termios.VTIME] = 0
        termios.tcsetattr(self._descriptor, termios.TCSANOW, wanted)

    def _read_until_stopped(self) -> None:
        with contextlib.suppress(OSError, termios.error):  # the terminal hung up
            typed = TypedText()
            for received in self._pieces(typed):
                typed.feed(received)
                if not received and typed.may_be_complete:
                    self._entered(typed.take())

    def _pieces(self, typed: TypedText) -> Iterator[bytes]:
        """What arrives; empty after a silence."""
        while True:
            if not is_promptable(self._descriptor):  # stopped with Ctrl-Z, gone on with `bg`
                if select.select([self._stop_reader], [], [], _LOOK_SECONDS)[0]:
                    return
                continue
            seconds = _SILENCE_SECONDS if typed.may_be_complete else _LOOK_SECONDS
            ready, _, _ = select.select([self._descriptor, self._stop_reader], [], [], seconds)
            if self._stop_reader in ready:
                return
            if ready:
                received = os.read(self._descriptor, 65536)
                if not received:
                    return
                yield received
            else:
                self._hide()  # a shell that we came back from with `fg` may have shown it again
                yield b""
