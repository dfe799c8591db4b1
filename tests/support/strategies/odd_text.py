"""Texts from around the texts that are meant."""

from hypothesis import strategies as st

# Combining, beyond the BMP, line ends that only some take for such, controls, direction marks,
# blanks that are none, digits that are none, the ends of the planes. UTF-8 has no half surrogates.
ODD_SIGNS = (
    "\u0301", "😀", "\U0001d7d8", "\u0085", "\u2028", "\u2029", "\x00", "\x07", "\x1f", "\x7f",
    "\x9f", "\xa0", "\u202e", "\u200b", "\u3000", "\ufeff", "\ufffd", "\uffff", "\U0010ffff", "٣",
    "ß", "\u017f", "K", "İ", "\n", "\r", "\r\n", "\t", " ", "$", "^", "\\", "[", "]", "-", ".", ",",
    ";", ":", "@", "/", "#", '"', "'", "<", ">", "_", "~", "!", "0", "9", "a", "Z",
)  # fmt: skip

characters = st.characters(exclude_categories=("Cs",))
odd_texts = st.lists(st.sampled_from(ODD_SIGNS) | characters, max_size=6).map("".join)


@st.composite
def edited(draw, text):
    """The text with one edit: a sign put in, lost or changed; most often at its ends."""
    sign = draw(st.sampled_from(ODD_SIGNS) | characters)
    at = draw(st.sampled_from((0, len(text))) | st.integers(0, len(text)))
    match draw(st.sampled_from(("insert", "insert", "delete", "replace", "double", "case"))):
        case "insert":
            return text[:at] + sign + text[at:]
        case "delete":
            return text[:at] + text[at + 1 :]
        case "replace":
            return text[:at] + sign + text[at + 1 :]
        case "double":
            return text + text
        case _:
            return text.swapcase()
