"""A plain table for terminals and pipes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from provisioner.text import printable


def table_lines(
    headings: Sequence[str], rows: Iterable[Sequence[str]], widest: Sequence[int] = ()
) -> Iterator[str]:
    """Headings and rows, in columns as wide as their contents. `widest`: cut what is longer."""
    cells = [list(headings), *(list(map(printable, row)) for row in rows)]
    if widest:
        cells = [
            [_cut(text, width) for text, width in zip(row, widest, strict=True)] for row in cells
        ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
