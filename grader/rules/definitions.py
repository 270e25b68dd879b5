"""The kinds require-names and signature: what the entry module must define."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.intake.paths import shown
from grader.rules.lookup import Function, Lookup
from grader.rules.model import Finding
from grader.rules.signatures import Signature, parse_signature


def missing_names(names: Iterable[str], lookup: Lookup) -> Iterator[Finding]:
    """`name` and `Class.method` that the entry module does not have."""
    for name in names:
        if lookup.find(name) is None:
            where = f" in `{lookup.entry}`" if lookup.entry else ""
            yield Finding(lookup.entry, 0, f"`{name}` is missing: define it{where}.")


def wrong_signatures(names: Iterable[str], lookup: Lookup) -> Iterator[Finding]:
    """Functions and methods of the entry module that cannot be called as written.

    Raises:
        SpecError: a rule whose signature is not Python.
    """
    for text in names:
        wanted = parse_signature(text)
        found = lookup.find_callable(wanted.name)
        if found is None:
            yield Finding(lookup.entry, 0, f"`{wanted.name}` is missing: define it as `{text}`.")
        elif isinstance(found.node, Function):
            actual = Signature.of(wanted.name, found.node)
            if not actual.serves(wanted):
                detail = f"`{shown(str(actual))}` must be callable as `{text}`."
                yield Finding(found.path, found.line, detail)
