"""Evisions MAPS email servers: declared in git, validated, signed in once, pushed to every host."""

__version__ = "1.0.0"
