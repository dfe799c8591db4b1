"""Declared files as tests name them -> documents, by what the commands read with."""

from provisioner.config.document import STDIN, FoundFile, load_found
from provisioner.config.files import declared_files, documents_of, files_at


def load_file(path):
    """The documents of one file, or of standard input (`-`)."""
    return load_found(FoundFile(str(path)))


def load(path):
    """The documents of a file, of all files below a folder, or of standard input (`-`)."""
    found = [FoundFile(STDIN)] if str(path) == STDIN else declared_files(path)
    for file in found:
        yield from load_found(file)


def documents_at(paths):
    """The documents of everything that was named, as `validate` finds it."""
    return documents_of(files_at(paths))
