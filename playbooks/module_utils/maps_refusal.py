"""What a person has to put right on a host before a transaction can go on."""

from __future__ import annotations


class Refusal(Exception):
    """The transaction does not take place; the document on the host is as it was.

    `reason` is a word for programs: locked, newer, unreadable, not_private, no_space, ...
    Neither it nor the message holds a secret.
    """

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason
        self.message = message
