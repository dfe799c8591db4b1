"""A package, so that `tests.support.lab` is ours whatever lies in site-packages."""
