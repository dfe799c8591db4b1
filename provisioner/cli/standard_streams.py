"""Standard input, output and error: there, whatever started us left closed."""

from __future__ import annotations

import os
import sys

from provisioner.cli.standard_output import told_apart


def open_standard_streams() -> None:
    """Lead what is closed to nowhere.

    Else the next file that is opened, such as one of tokens, would get the number of standard
    error, and receive what is said there. https://man.openbsd.org/daemon.3
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # EBADF: the lowest free number is this one
            os.open(os.devnull, os.O_RDWR)
    # Python has no object for a stream that was closed when it started.
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    sys.stdout = told_apart(sys.stdout)
