"""What `init` is told: by options, else by a person at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioner.errors import UsageError


class Answers:
    """Given by options; `ask` asks for the rest where somebody can answer.

    `missing` collects what nobody said, so that all of it is told at once.
    """

    def __init__(self, given: Mapping[str, str | None]) -> None:
        from provisioner.cli.prompts import can_answer

        self.given = {name: value.strip() for name, value in given.items() if value}
        self.interactive = can_answer()
        self.missing: list[str] = []

    def would_ask(self, name: str) -> bool:
        """Whether a person will be asked."""
        return self.interactive and name not in self.given

    def ask(
        self,
        name: str,
        question: str,
        default: str = "",
        *,
        wrong: Callable[[str], str] = lambda _: "",
    ) -> str:
        """The option's value, else the answer, else the default, else missing.

        An answer of which `wrong` says anything is asked for again.
        """
        from provisioner.cli.prompts import ask

        if name in self.given:
            return self.given[name]
        if self.interactive:
            return ask(question, default=default, wrong=wrong)
        if not default:
            self.missing.append(f"--{name.replace('_', '-')}  {question}")
        return default

    def refuse_missing(self) -> None:
        """UsageError if anything is missing, with all of it."""
        if self.missing:
            raise UsageError(
                "nobody is here to be asked, and these options are missing",
                remedy="\n".join(self.missing),
            )

    def known(self, name: str, value: str, question: str) -> str:
        """The option's value, else what is known; asked for only where nothing is."""
        return self.given.get(name) or value or self.ask(name, question)
