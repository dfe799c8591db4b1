"""Names that people make up for mail servers, and endings that do not exist."""

from __future__ import annotations

# Of each provider the names that its own documentation does not have for sending mail; which
# host it does have is in the provider's file.
_GUESSES = {
    "smtp.office365.com": (
        *("office365.com", "mail.office365.com", "exchange.office365.com", "smtp.office.com"),
        *("office.com", "smtp.microsoft.com", "smtp.microsoft365.com", "smtp.exchange.com"),
        *("smtp.microsoftonline.com", "smtp.o365.com", "smtp.outlook.office365.com"),
    ),
    "smtp-mail.outlook.com": (
        *("smtp.outlook.com", "outlook.com", "mail.outlook.com", "smtp.mail.outlook.com"),
        *("smtp.hotmail.com", "hotmail.com", "smtp.live.com", "smtp.msn.com"),
    ),
    "smtp.gmail.com": (
        *("gmail.com", "mail.gmail.com", "relay.gmail.com", "smtp.gmail"),
        *("smtp.workspace.google.com", "smtp.gsuite.com", "smtp-relay.google.com"),
    ),
    "smtp.mail.yahoo.com": ("smtp.yahoo.com", "mail.yahoo.com", "yahoo.com"),
    "smtp.zoho.com": ("zoho.com", "mail.zoho.com", "smtp.zoho"),
    "smtp.aol.com": ("aol.com", "mail.aol.com"),
}
GUESSED = {guess: host for host, guesses in _GUESSES.items() for guess in guesses}

# Top-level domains that are none, and the one that was meant.
_SLIPS = {
    "com": ("con", "cmo", "ocm", "comm", "ccom", "coom", "vom", "xom", "cpm", "cim"),
    "net": ("nett", "nte", "ent"),
    "org": ("ogr", "orgg", "rog"),
    "edu": ("eud", "eduu", "deu", "edi"),
    "gov": ("gvo", "govv", "goc"),
}
_MEANT = {slip: suffix for suffix, slips in _SLIPS.items() for slip in slips}


def with_known_suffix(domain: str) -> str:
    """`example.con` -> `example.com`; empty if nothing is wrong with the ending."""
    name, _, suffix = domain.casefold().rpartition(".")
    meant = _MEANT.get(suffix) if name else None
    return f"{name}.{meant}" if meant else ""
