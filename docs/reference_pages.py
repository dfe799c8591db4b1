"""The parts of the reference that the program knows: each is Markdown, made when the site is built.

A page takes one by a line `<!-- generated: NAME -->`. It replaces the paragraph that follows, which
is for readers of the file itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from typer.main import get_command

from provisioner.advice import explain
from provisioner.cli.app import app_with
from provisioner.cli.commands.schema import SchemaName, schema_text
from provisioner.lint.checks import IGNORABLE, OTHER_ADVICE, severity_of
from provisioner.lint.rule import rule_page, rule_pages
from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.provider import Provider
from provisioner.reports.host_reasons import REASONS

_MARK = re.compile(r"<!-- generated: ([\w-]+) -->\n(?:.+\n)+")
_OPTION = re.compile(r"(?<![\w`-])(?:--[a-z][\w-]*|-[a-zA-Z]\b)")
_SPECIAL = re.compile(r"([*<\[\]|\\])")

Schema = Mapping[str, Any]


def with_parts(page: str) -> str:
    """A page with its generated parts."""
    return _MARK.sub(lambda found: PARTS[found[1]](), page)


# --- Markdown -------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """Text as it is meant, options as code. What is in backticks stays."""
    pieces = text.split("`")
    for number in range(0, len(pieces), 2):
        plain = _SPECIAL.sub(r"\\\1", pieces[number])
        pieces[number] = _OPTION.sub(r"`\g<0>`", plain)
    return "`".join(pieces)


def code(text: str) -> str:
    return f"``{text}``" if "`" in text else f"`{text}`"


def definition(term: str, *lines: str) -> str:
    """A term, and a paragraph of several lines."""
    return f"{term}\n: " + "\\\n  ".join(line for line in lines if line) + "\n"


def sentence(text: str) -> str:
    """With a full stop, and a capital letter unless that would change a name."""
    is_word = text.split(maxsplit=1)[0].isalpha()
    return prose((_capital(text) if is_word else text).rstrip(".") + ".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- Commands -------------------------------------------------------------------------------------


def commands() -> str:
    known = get_command(app_with()).commands  # type: ignore[attr-defined]
    shown = {name: each for name, each in known.items() if not each.hidden}
    return "\n".join(_command(name, each) for name, each in shown.items())


def _command(name: str, command: Any) -> str:
    context = command.context_class(command, info_name=f"provisioner {name}")
    usage = " ".join(["provisioner", name, *command.collect_usage_pieces(context)])
    summary, *rest = command.help.strip().split("\n\n")
    records = (parameter.get_help_record(context) for parameter in command.params)
    options = [_option(*record) for record in records if record]
    examples = "\n".join(line.strip() for line in command.epilog.splitlines()[1:] if line.strip())
    return "\n".join(
        [
            f"## {name}\n",
            *(prose(paragraph) + "\n" for paragraph in (summary, *rest)),
            f"```text\n{usage}\n```\n",
            *options,
            f"```console\n{examples}\n```\n",
        ]
    )


def _option(names: str, text: str) -> str:
    help_text, _, default = text.partition("  [default: ")
    default = default.removesuffix("]").partition(";")[0].removeprefix("(").removesuffix(")")
    return definition(code(names), prose(help_text), f"Default: {prose(default)}" * bool(default))


# --- Rules ----------------------------------------------------------------------------------------


def rules() -> str:
    return "\n".join(_rule(page.rule) for page in rule_pages())


def _rule(rule_id: str) -> str:
    page = (rule_page(rule_id) or "").partition("\n")[2].strip()
    title, _, rest = page.partition("\n")
    can_be_ignored = rule_id in IGNORABLE | OTHER_ADVICE
    kind = f"{severity_of(rule_id)}, " + ("can" if can_be_ignored else "cannot") + " be ignored"
    rest = re.sub(r"^## (.*)$", r"**\1**", rest, flags=re.MULTILINE)
    rest = re.sub(r"^(https?://\S+)$", r"- <\1>", rest, flags=re.MULTILINE)
    return f"## {rule_id}\n\n{title} *({kind.capitalize()}.)*\n{rest}\n"


# --- Schemas --------------------------------------------------------------------------------------


def server_file() -> str:
    return _keys(SchemaName.EMAIL_SERVER)


def project_file() -> str:
    return _keys(SchemaName.PROJECT)


def host_document() -> str:
    return _keys(SchemaName.HOST_DOCUMENT)


def _keys(name: SchemaName) -> str:
    """The keys of a format, then those of each object that several of them may be."""
    schema = json.loads(schema_text(name))
    shared = schema.get("$defs", {})
    lines = [*_section("", schema, shared)]
    for form in shared.values():
        if "properties" in form:
            lines += [f"## {_capital(form['title'])}\n", prose(form["description"]) + "\n"]
            lines += _section("", form, shared)
    return "\n".join(lines)


def _section(path: str, schema: Schema, shared: Schema) -> Iterator[str]:
    """The keys of an object, then each object in it, under a heading of its own."""
    keys = {key: value for key, value in schema["properties"].items() if key != "$schema"}
    for key, value in keys.items():
        resolved = {**shared.get(value.get("$ref", "").rpartition("/")[2], {}), **value}
        yield definition(
            f"`{path}{key}`" + " (required)" * (key in schema.get("required", ())),
            prose(resolved.get("description", "")),
            _form(value, resolved, shared),
        )
    for key, value in keys.items():
        name, inner = _object_in(f"{path}{key}", value)
        if "properties" in inner:
            yield f"## {name}\n"
            yield from _section(f"{name}.", inner, shared)


def _object_in(name: str, schema: Schema) -> tuple[str, Schema]:
    """The object that a value is, or has several of."""
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        return f"{name}.NAME", others
    return (f"{name}[]", schema["items"]) if "items" in schema else (name, schema)


def _form(value: Schema, resolved: Schema, shared: Schema) -> str:
    """What the value may be, its default, and an example."""
    return _capital(
        "; ".join(
            part
            for part in (
                _kind(value, resolved, shared),
                f"default `{_json(resolved['default'])}`" if "default" in resolved else "",
                f"example `{_json(resolved['examples'][0])}`" if "examples" in resolved else "",
            )
            if part
        )
    )


def _kind(value: Schema, resolved: Schema, shared: Schema) -> str:
    if "$ref" in value:
        form = shared[value["$ref"].rpartition("/")[2]]
        return f"{form['title']}"
    if "enum" in resolved:
        return "one of " + ", ".join(f"`{_json(choice)}`" for choice in resolved["enum"])
    if "const" in resolved:
        return f"`{_json(resolved['const'])}`"
    types = resolved.get("type", [])
    text = " or ".join([types] if isinstance(types, str) else types)
    if "maximum" in resolved:
        return f"{text} from {resolved['minimum']} to {resolved['maximum']}"
    return f"{text} from {resolved['minimum']}" if "minimum" in resolved else text


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def run_events() -> str:
    schema = json.loads(schema_text(SchemaName.RUN_EVENTS))
    events = (schema["$defs"][each["$ref"].rpartition("/")[2]] for each in schema["oneOf"])
    return "\n".join(
        definition(
            code(event["properties"]["event"]["enum"][0]),
            ", ".join(code(key) for key in event["properties"] if key != "event"),
        )
        for event in events
    )


# --- Errors ---------------------------------------------------------------------------------------

_COMMANDS = {
    "authenticate": "`provisioner authenticate NAME`",
    "forget": "`provisioner revoke NAME --local`",
}


def errors() -> str:
    """The catalogue by its sections; a row is a list entry, since eight columns fit no screen."""
    _, *sections = re.split(r"^## ", explain.catalogue(), flags=re.MULTILINE)
    return "\n".join(_errors_of(section) for section in sections)


def _errors_of(section: str) -> str:
    title, _, body = section.partition("\n")
    introduction = body.partition("\n|")[0].strip()
    entries = (_error(row) for row in explain.table_rows(section))
    return f"## {title}\n\n{introduction}\n\n" + "\n".join(entries)


def _error(row: explain.Row) -> str:
    codes = ", ".join(code(" ".join(parts)) for parts in row.code)
    words = " or ".join(
        "“" + " … ".join(part.strip("'") for part in parts) + "”" for parts in row.text
    )
    steps = ", ".join(parts[0] for parts in row.where)
    term = " with ".join(part for part in (codes, prose(words)) if part) or "any other error"
    advice = row.advice.with_facts(**_COMMANDS)
    return definition(
        term + f" ({steps})" * bool(steps),
        sentence(advice.cause),
        f"{sentence(advice.remedy)} Who must act: {prose(advice.actor)}."
        + f" Field: {code(advice.field)}." * bool(advice.field),
    )


def host_errors() -> str:
    shown = (reason for reason in REASONS.values() if reason.text != "{about}")
    return "\n".join(
        definition(
            prose(reason.text.replace("{about}", "…")),
            sentence(reason.remedy) if reason.remedy else "The message says what to do.",
        )
        for reason in shown
    )


# --- Providers ------------------------------------------------------------------------------------


def providers() -> str:
    return "\n".join(_provider(provider) for provider in PROVIDERS)


def _provider(provider: Provider) -> str:
    facts = {
        "Sign-in": provider.endpoints,
        "Mail servers": provider.smtp_hosts,
        "Ports": provider.smtp_ports,
        "Scope": provider.smtp_scopes[:1],
        "Refresh token expires unused after": _days(provider.idle_expiry_days),
        "Refresh token rotation": _known(provider.refresh_token_rotation),
        "Messages a minute": _known(provider.messages_per_minute),
        "Connections to a mailbox": _known(provider.max_connections_per_mailbox),
    }
    lines = [
        f"{name}: " + ", ".join(code(str(value)) for value in values)
        for name, values in facts.items()
        if values
    ]
    return definition(f"{provider.title} (`{provider.name}`)", *lines)


def _days(days: int | None) -> tuple[str, ...]:
    return () if days is None else (f"{days} days",)


def _known(value: object) -> tuple[object, ...]:
    return () if value in (None, "unknown") else (str(value).replace("_", " "),)


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "rules": rules,
    "server-file": server_file,
    "project-file": project_file,
    "host-document": host_document,
    "run-events": run_events,
    "errors": errors,
    "host-errors": host_errors,
    "providers": providers,
}
