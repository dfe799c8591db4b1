"""Errors quote what others wrote: a plan, a journal, an inventory."""

from provisioner.cli.error_lines import print_error


def test_what_an_error_quotes_does_not_steer_the_terminal(capsys):
    print_error("--limit \x1b]0;evil\x07 matches no host\nmore", "groups: \x1b[2J\u202emaps\ntry")
    assert capsys.readouterr().err == (
        "Error: --limit <U+001B>]0;evil<U+0007> matches no host\nmore\n"
        "  groups: <U+001B>[2J<U+202E>maps\n  try\n"
    )
