"""A package, so that `tests.lab` is ours whatever lies in site-packages."""
