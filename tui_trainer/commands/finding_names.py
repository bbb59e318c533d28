"""Names of findings on the command line."""

import click
from click.shell_completion import CompletionItem


class FindingNames(click.ParamType[tuple[str, ...]]):
    """A comma list of what a diagnosis may find."""

    name = "findings"

    def convert(self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Split the list. Fails where there is no such finding."""
        from tui_trainer.diagnosis.rules import RULES  # noqa: PLC0415 --help need not wait for it

        if isinstance(value, tuple):
            return value
        found = tuple(name.strip() for name in value.split(","))
        for name in found:
            if name not in RULES:
                self.fail(f"{name!r} is no finding; there are {', '.join(RULES)}", param, ctx)
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names that may come next."""
        from tui_trainer.diagnosis.rules import RULES  # noqa: PLC0415

        before, comma, start = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{name}") for name in RULES if name.startswith(start)]
