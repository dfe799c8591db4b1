"""What is said of a bug: type and place only, since an exception's words may quote a secret."""

from __future__ import annotations

import sys

from provisioner.cli.error_lines import print_error


def report_bug(error: BaseException) -> None:
    """One line to report, on standard error."""
    trace, places = error.__traceback__, []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    where = places[-1] if places else "an unknown place"
    print_error(
        f"this is our bug: {type(error).__name__} at {where}",
        "please report it with this line; called from " + " <- ".join(reversed(places[-5:-1])),
    )


def report_all_bugs_so() -> None:
    """Those in threads and finalizers, too: Python would print what the exception says."""
    import threading

    threading.excepthook = lambda caught: _report(caught.exc_value)
    sys.unraisablehook = lambda caught: _report(caught.exc_value)
    sys.excepthook = lambda _type, error, _trace: _report(error)


def _report(error: BaseException | None) -> None:
    """What ends a thread or a run on purpose is none."""
    if error is not None and not isinstance(error, SystemExit | KeyboardInterrupt):
        report_bug(error)
