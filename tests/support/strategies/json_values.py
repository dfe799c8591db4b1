"""Values of every shape that a declared file can hold, and documents that are a little wrong."""

import copy

from hypothesis import strategies as st

from provisioner.config.pointer import escaped, segments, value_at
from tests.support.strategies.odd_text import edited, odd_texts
from tests.support.strategies.schema_walk import lengths

# Around the schemas' limits, machine words and doubles; each is a number that the loader lets pass.
NUMBERS = (
    0, -1, 1, 1.0, -0.0, 0.5, 587.0, 587.5, 65535, 65535.0, 65536, 10**6 + 1, 2**31, 2**53,
    2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64 - 1, 2**64, 10**30, -(10**30), 10**399,
    1e15, 1e16, 1e19, 1e30, 1e308, -1e308, 5e-324,
)  # fmt: skip
WORDS = ("oauth2", "auto_detect", "none", "login", "OAuth2", "2028-02-29", "2027-02-29", "a@b")


def pointers(value, pointer=""):
    """Pointers to the value and everything in it."""
    yield pointer
    if isinstance(value, dict):
        for key, below in value.items():
            yield from pointers(below, f"{pointer}/{escaped(key)}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from pointers(below, f"{pointer}/{index}")


def changed(document, pointer, *, value, key=None):
    """A copy with another value at a pointer, and there another key, if one is given."""
    if not pointer:
        return value
    document = copy.deepcopy(document)
    *way, last = segments(pointer)
    target = value_at(document, "".join(f"/{escaped(segment)}" for segment in way))
    if isinstance(target, list):
        target[int(last)] = value
    else:
        renamed = {key if key is not None and k == last else k: v for k, v in target.items()}
        target.clear()
        target.update(renamed)
        target[last if key is None else key] = value
    return document


def without(document, pointer):
    """A copy without what stands at the pointer."""
    document = copy.deepcopy(document)
    *way, last = segments(pointer)
    target = value_at(document, "".join(f"/{escaped(segment)}" for segment in way))
    del target[int(last) if isinstance(target, list) else last]
    return document


def nested(value, depth):
    """The value below so many lists and mappings."""
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


texts = st.sampled_from(WORDS) | odd_texts
keys = st.sampled_from(("password", "oauth2", "user_name", "env", "$schema", "<<")) | texts
long_texts = st.builds(
    lambda sign, length, more: sign * (length + more),
    st.sampled_from(("x", "é", "😀")),
    st.sampled_from(lengths()),
    st.integers(-1, 1),
)
scalars = st.none() | st.booleans() | st.sampled_from(NUMBERS) | texts
values = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=5,
) | st.builds(nested, scalars, st.integers(1, 30))


@st.composite
def mutated(draw, document):
    """The document with one to three changes, each at a place of its own."""
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        document = draw(_once_mutated(document))
    return document


@st.composite
def _once_mutated(draw, document):
    pointer = draw(st.sampled_from(["", *pointers(document)]))
    old = value_at(document, pointer)
    match draw(st.sampled_from(_kinds(document, pointer))):
        case "drop":
            return without(document, pointer)
        case "rename":
            key = segments(pointer)[-1]
            spelled = st.sampled_from((key.upper(), key.title(), key + " ", key.replace("_", "-")))
            return changed(document, pointer, value=old, key=draw(spelled | edited(key)))
        case "add":
            return changed(document, pointer, value={**old, draw(keys): draw(values)})
        case "edit":
            return changed(document, pointer, value=draw(edited(old)))
        case "length":
            return changed(document, pointer, value=draw(long_texts))
        case "retype":
            return changed(document, pointer, value=_retyped(old))
        case _:
            return changed(document, pointer, value=draw(values))


def _kinds(document, pointer):
    """The mutations that fit what stands there; texts are mostly edited, and often stay right."""
    old, kinds = value_at(document, pointer), ["value", "retype"]
    if pointer:
        kinds.append("drop")
        holder = value_at(document, pointer.rpartition("/")[0])
        kinds += ["rename"] if isinstance(holder, dict) else []
    kinds += ["add"] * 4 if isinstance(old, dict) else []
    return kinds + (["edit"] * 4 + ["length"] * 2 if isinstance(old, str) else [])


def _retyped(value):
    """What nearly the same would be in another type: 587 and "587", x and [x]."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, bool):
        return "yes" if value else 0
    if isinstance(value, int) and abs(value) < 2**53:
        return float(value)
    return str(value) if isinstance(value, float | int) else None
