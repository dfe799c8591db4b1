"""A worksheet whose values would break formats that trust them."""

from dataclasses import replace
from pathlib import Path

from provisioner.model.email_server import EmailServer, LogFile, Origin, SecretReference
from provisioner.secret import Secret
from provisioner.security_level import SecurityLevel
from provisioner.worksheet.sheet import Worksheet, build_sheet

CANARY = "CANARY</script>\"'&<b>`|\x1b[31m\x00\x85\u202e"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"' onmouseover=alert(1) x='",
    "`` ` ``` code `",
    "| a | b |\\",
    "[link](javascript:alert(1)) ![x](http://example.edu/x.png)",
    "https://example.edu/a_b_c?x=1&amp;y=*2*",
    "\u202egro.elpmaxe@resu\u202c",
    "a\u200fb\u2066c\u2069",
    "tab\there \x1b]0;title\x07 bell\x00\x85",
    "  two  blanks   ",
    "\u2028line\u2029ends\r\n\v",
    "<!-- --> <![CDATA[ ]]> &lt;",
    "@everyone #1 ~~no~~ $x^2$ <U+0020>",
    "\U000e0041 \ufeff \u3164 \xa0 \xad",
)


def hostile_server(value):
    """Each text that a person declares is `value`, whatever the schema would say."""
    return EmailServer(
        server_name=value,
        host=value,
        client_name=value,
        smtp_security_level=SecurityLevel.LOGIN,
        user_name=value,
        password=SecretReference({"env": value}, Path()),
        logging=LogFile(enabled=True, file_name=value),
        origin=Origin(f"servers/{value}.yml", 3),
    )


def hostile_worksheet(value, secret=None):
    """Of a host with a hostile name, too."""
    shown = None if secret is None else Secret(secret)
    sheet = build_sheet(hostile_server(value), shown)
    other = build_sheet(replace(hostile_server("Other"), password=None))
    return Worksheet((sheet, other), hosts=(value,))
