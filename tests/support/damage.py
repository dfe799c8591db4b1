"""Files with mistakes in them, as people make them."""

VALUES = (
    *("yes", "'587'", "587.0", "[a, b]", "{a: b}", "", "~", "''", "http://x.example/token", "1e3"),
    *("smtp.gmail.com", "a b", "é", "oauth2", "none", "login", "true", "|\n  text", "*x", "&x y"),
)


def damaged(lines, chance):
    """The lines with one to three mistakes in them."""
    lines = list(lines)
    for _ in range(chance.randint(1, 3)):
        if not lines:
            break
        at = chance.randrange(len(lines))
        line = lines[at]
        key, colon, value = line.partition(":")
        change = chance.randrange(8)
        if change == 0:
            del lines[at]
        elif change == 1:
            lines.insert(chance.randrange(len(lines)), line)
        elif change == 2:
            lines[at] = "  " + line
        elif change == 3:
            lines[at] = line.removeprefix("  ")
        elif change == 4 and colon:
            lines[at] = f"{key}: {chance.choice(VALUES)}"
        elif change == 5 and len(key.strip()) > 2:
            cut = chance.randrange(1, len(key))
            lines[at] = key[:cut] + key[cut + 1 :] + colon + value
        elif change == 6 and len(value) > 3:
            cut = chance.randrange(len(value))
            lines[at] = key + colon + value[:cut] + chance.choice("'\"#: ,xé\t") + value[cut:]
        else:
            lines.insert(at, lines.pop(chance.randrange(len(lines))))
    return lines
