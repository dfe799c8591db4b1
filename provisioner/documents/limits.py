"""How much one file may ask of us. A declared server has about forty values, three levels deep."""

from __future__ import annotations

MOST_BYTES = 1024 * 1024
MOST_DOCUMENTS = 1000
MOST_LEVELS = 32
MOST_VALUES = 10_000  # in one document, aliases counted as often as they are used
