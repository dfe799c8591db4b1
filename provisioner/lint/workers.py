"""Many files -> Verdict, by as many processes as there are processors, if that pays."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from provisioner.config.document import STDIN, Document, FoundFile
from provisioner.config.files import documents_of
from provisioner.lint.checks import Part
from provisioner.lint.verdict import Verdict, part_of, verdict_of

_FEWEST_FILES = 12_000  # below, a second process costs more memory than its time is worth
_FILES_AT_ONCE = 250


def verdict_on(
    files: Sequence[FoundFile], settings: Sequence[Document], asked: frozenset[str]
) -> Verdict:
    """Check files. `settings` count for those that belong to no project."""
    work = partial(_part_of_files, settings=settings, asked=asked)
    with _without_garbage_collection():
        processes = _processes(files)
        if processes == 1:
            return verdict_of([work(files)], asked)
        slices = [files[at : at + _FILES_AT_ONCE] for at in range(0, len(files), _FILES_AT_ONCE)]
        return verdict_of(_parts(work, slices, processes), asked)


def _part_of_files(
    files: Sequence[FoundFile], settings: Sequence[Document], asked: frozenset[str]
) -> Part:
    return part_of(documents_of(files), settings, asked=asked)


def _processes(files: Sequence[FoundFile]) -> int:
    if len(files) < _FEWEST_FILES or not hasattr(os, "fork"):
        return 1
    if any(found.path == STDIN for found in files):
        return 1
    return len(os.sched_getaffinity(0))


def _parts(
    work: partial[Part], slices: list[Sequence[FoundFile]], processes: int
) -> Iterator[Part]:
    """Forked: what is imported and compiled already is there for all of them."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        yield from pool.map(work, slices)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Documents hold no cycles, and looking for some takes a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
