"""What the lab says when it cannot be had."""


class LabError(Exception):
    """A part of the lab cannot be started; the message says which, why, and what to do."""
