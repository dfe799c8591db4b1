"""Days as people and other tools write them."""

from __future__ import annotations

import re
from datetime import date

# By the first letters of their names in English and German.
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "mär": 3, "mrz": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
}  # fmt: skip
_NAME = r"(?P<name>[^\W\d_]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_TIME = r"(?:(?:T|,? )\s*\d{1,2}:.*)?"
_FORMS = tuple(
    re.compile(form + _TIME)
    for form in (
        r"(?P<year>\d{4})(?P<sign>[-/.])(?P<first>\d{1,2})(?P=sign)(?P<second>\d{1,2})",
        r"(?P<year>\d{4})(?P<first>\d\d)(?P<second>\d\d)",
        r"(?P<first>\d{1,2})(?P<sign>[-/.])\s?(?P<second>\d{1,2})(?P=sign)\s?(?P<year>\d{4})",
        rf"{_NAME}\s{_DAY},?\s(?P<year>\d{{4}})",
        rf"{_DAY}[\s-]?(?:of\s)?{_NAME}[\s-](?P<year>\d{{4}})",
    )
)


def days_in(text: str) -> set[date]:
    """The days that a text may mean; two if it cannot be told which number is the month."""
    found = next(filter(None, (form.fullmatch(text.strip()) for form in _FORMS)), None)
    if found is None:
        return set()
    parts = found.groupdict()
    year = int(parts["year"])
    if "name" in parts:
        month = _MONTHS.get(parts["name"][:3].casefold(), 0)
        return _days(year, [(month, int(parts["day"]))])
    first, second = int(parts["first"]), int(parts["second"])
    if parts.get("sign") == "." and not text.strip().startswith(parts["year"]):
        return _days(year, [(second, first)])
    if text.strip().startswith(parts["year"]):
        return _days(year, [(first, second)]) or _days(year, [(second, first)])
    return _days(year, [(first, second), (second, first)])


def _days(year: int, months_and_days: list[tuple[int, int]]) -> set[date]:
    days = set()
    for month, day in months_and_days:
        try:
            days.add(date(year, month, day))
        except ValueError:  # no such day
            continue
    return days
