"""Values, and texts that are those values: in block and flow, in every style of scalar."""

import json
import re

from hypothesis import strategies as st

_WORDS = (
    "",
    "x",
    "no",
    "587",
    "null",
    "a b",
    "it's",
    "é😀",
    "😀 #x",
    "a: b",
    "- x",
    "tab\there",
    "~",
)
_texts = st.sampled_from(_WORDS) | st.text(st.sampled_from("ab 1:#-,'\"\\é😀\n"), max_size=8)
_scalars = st.none() | st.booleans() | st.integers(-9, 2**64) | st.sampled_from((0.5, 1e3)) | _texts
_PLAIN = re.compile(r"[A-Za-zé😀]+( [A-Za-z0-9é😀]+)*")
_RESERVED = {"null", "true", "false"}
values = st.dictionaries(
    _texts,
    st.recursive(
        _scalars,
        lambda b: st.lists(b, max_size=3) | st.dictionaries(_texts, b, max_size=3),
        max_leaves=6,
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def written(draw):
    """A mapping and its text, perhaps with a directive, comments and Windows line ends."""
    value = draw(values)
    head = draw(st.sampled_from(("", "", "---\n", "%YAML 1.2\n---\n", "# 😀 comment\n\n")))
    tail = draw(st.sampled_from(("", "", "...\n", "# end\n")))
    text = head + draw(_block(value, 0)) + tail
    return value, text.replace("\n", draw(st.sampled_from(("\n", "\n", "\r\n"))))


@st.composite
def _block(draw, value, indent):
    """Lines, each behind so many spaces."""
    pad, lines = " " * indent, []
    entries = value.items() if isinstance(value, dict) else ((None, v) for v in value)
    for key, below in entries:
        lead = "-" if key is None else draw(_one_line(key)) + ":"
        lines.append(pad + lead + draw(_behind(below, indent)))
    return "".join(lines)


@st.composite
def _behind(draw, value, indent):
    """What stands behind a dash or a colon, with the end of the last line."""
    comment = draw(st.sampled_from(("", "", "  # why", " # 😀")))
    if isinstance(value, dict | list) and value and draw(st.booleans()):
        return f"{comment}\n" + draw(_block(value, indent + draw(st.integers(1, 4))))
    if isinstance(value, str) and _fits_block(value) and draw(st.booleans()):
        return draw(_literal(value, indent + 2))
    blank = draw(st.sampled_from((" ", "  ", " &anchor ")))
    return blank + draw(_flow(value)) + comment + "\n"


def _fits_block(text):
    """Texts whose first line shows the indentation, and that end in a line without blanks."""
    return bool(text) and text[0] not in " \n" and not text.endswith((" ", "\n\n"))


@st.composite
def _literal(draw, text, indent):
    """`|` keeps lines. Chomping: `-` no line break at the end, none or `+` one."""
    chomping = draw(st.sampled_from(("", "+"))) if text.endswith("\n") else "-"
    sign = "|" if "\n" in text.removesuffix("\n") else draw(st.sampled_from("|>"))
    lines = text.removesuffix("\n").split("\n")
    return f" {sign}{chomping}\n" + "".join(f"{' ' * indent}{line}\n" for line in lines)


@st.composite
def _flow(draw, value):
    if isinstance(value, str):
        return draw(_one_line(value))
    if isinstance(value, list):
        return "[" + ", ".join([draw(_flow(below)) for below in value]) + "]"
    if isinstance(value, dict):
        entries = [f"{draw(_one_line(k))}: {draw(_flow(below))}" for k, below in value.items()]
        return "{" + ", ".join(entries) + "}"
    words = {"null": ("null", "~", "NULL"), "true": ("true", "True"), "false": ("false", "FALSE")}
    text = json.dumps(value)
    return draw(st.sampled_from(words.get(text, (text,))))


@st.composite
def _one_line(draw, text):
    """Double quotes always; single quotes and no quotes where the text allows them."""
    styles = [json.dumps(text, ensure_ascii=False)]
    if "\n" not in text:
        styles.append("'" + text.replace("'", "''") + "'")
    if _PLAIN.fullmatch(text) and text.casefold() not in _RESERVED:
        styles.append(text)
    return draw(st.sampled_from(styles))


_PIECES = (*":-#{}[],*|>'\" \n", ": ", " #", "- ", "---\n", "...\n", "''", '""', ", ", "  ")


@st.composite
def structure_edited(draw):
    """A text after one edit of what makes its structure, as a hurried editor makes it."""
    text = draw(written())[1].replace(" &anchor", "")  # readers differ in the names of anchors
    at = draw(st.integers(0, len(text)))
    lines = text.splitlines(keepends=True)
    first, second = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match draw(st.sampled_from(("piece", "piece", "delete", "double", "drop"))):
        case "piece":
            return text[:at] + draw(st.sampled_from(_PIECES)) + text[at:]
        case "delete":
            return text[:at] + text[at + 1 :]
        case "double":
            lines.insert(first, lines[second])
        case _:
            del lines[first]
    return "".join(lines)
