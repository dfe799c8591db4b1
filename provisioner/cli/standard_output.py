"""Standard output that takes no more: told, and never taken for a bug."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from provisioner.cli.error_lines import print_error

if TYPE_CHECKING:
    from typing_extensions import Buffer


class OutputFailed(OSError):
    """Standard output takes no more (a full disk, say)."""


class ReaderGone(OutputFailed):
    """Nobody reads it any more. It has no errno: click would end the program for EPIPE."""


class _Output(io.FileIO):
    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise ReaderGone("nobody reads standard output any more") from None
        except OSError as error:
            raise OutputFailed(error.errno, error.strerror) from None


def told_apart(stream: TextIO) -> TextIO:
    """The same stream, whose errors cannot be taken for those of other files."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def flushed() -> bool:
    """Whether all that was printed has gone out."""
    try:
        sys.stdout.flush()
    except (BrokenPipeError, OutputFailed) as error:
        give_up_output(error)
        return False
    return True


def give_up_output(error: OSError) -> None:
    """Print no more. Who reads no further has their reasons; a full disk is to be told."""
    lead_to_nowhere(sys.stdout)
    if isinstance(error, OutputFailed) and not isinstance(error, ReaderGone):
        print_error(
            f"cannot write to standard output: {error.strerror}",
            "check where standard output leads to",
        )


def lead_to_nowhere(stream: TextIO) -> None:
    """So that what did not go out is no error at the end, when it is flushed once more.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
