"""Declared files, and what becomes of them under the hands of a hurried editor."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_PIECES = (
    *":-#{}[],&*!|>'\"%@`?\\~ \t\n\r=<._0é😀",
    "\r\n", ": ", " #", "- ", "---\n", "...\n", "? ", "<<: ", "&a ", "*a ", "%YAML 1.1\n", "0o14",
    "1_000", "2028-06-30", "0x1F", ".5", "1:30", "0644", ".inf", "\u0085", "\u2028", "\x07",
    "\ufeff", "|+\n", ">-\n", "''", '""',
)  # fmt: skip


def _examples() -> list[str]:
    """The texts of all declared files that are UTF-8 and small."""
    texts = []
    for path in sorted(_EXAMPLES.rglob("*.y*ml")):
        raw = path.read_bytes()
        if len(raw) < 3000 and path.parent.name not in ("encoding", "syntax"):
            texts.append(raw.decode().removeprefix("\ufeff"))
    return texts


@st.composite
def _edited(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    kind = draw(st.sampled_from(("piece", "piece", "delete", "double", "drop", "swap")))
    if kind == "piece":
        return text[:at] + draw(st.sampled_from(_PIECES)) + text[at:]
    if kind == "delete":
        return text[:at] + text[at + 1 :]
    lines = text.splitlines(keepends=True) or [""]
    first, second = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    if kind == "double":
        lines.insert(first, lines[second])
    elif kind == "drop":
        del lines[first]
    else:
        lines[first], lines[second] = lines[second], lines[first]
    return "".join(lines)


@st.composite
def edited_files(draw: st.DrawFn) -> str:
    """The text of a declared file after one or two edits."""
    text = draw(st.sampled_from(_examples()))
    for _ in range(draw(st.integers(1, 2))):
        text = draw(_edited(text))
    return text
