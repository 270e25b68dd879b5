"""Text to a tree, by a tokenizer and parser that know arithmetic and nothing else.

sum     = product {("+" | "-") product}
product = signed {("*" | "/" | "//") signed}
signed  = {"+" | "-"} power
power   = atom [("^" | "**") signed]                    -x^2 is -(x^2), 2^3^2 is 2^(3^2)
atom    = number | name | name "(" sum {"," sum} ")" | "(" sum ")"
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, DecimalException

from grader.answers.reading import plain, quoted
from grader.errors import SubmissionError

_MOST_TOKENS = 200
_MOST_DEPTH = 30  # brackets, signs and powers inside each other
_MOST_DIGITS = 60  # of one number, with its exponent
_MOST_EXPONENT = 400  # of ten
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|//|[-+*/^(),\[\]])|(?P<other>\S))"
)
_SUPERSCRIPTS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ")
# Functions and how many arguments they take, at least and at most.
FUNCTIONS = {
    **dict.fromkeys(
        ("sqrt", "exp", "log", "ln", "log2", "log10", "abs", "floor", "ceil", "sin", "cos", "tanh"), (1, 1)
    ),
    "min": (1, 8),
    "max": (1, 8),
}
CONSTANTS = ("pi", "e")


@dataclass(frozen=True)
class Number:
    """A literal."""

    value: Decimal


@dataclass(frozen=True)
class Name:
    """A variable or constant."""

    name: str
    is_constant: bool = False


@dataclass(frozen=True)
class Call:
    """An operator (+ - * / // ^) or function with its arguments; "-" with one argument is a sign."""

    name: str
    arguments: tuple[Tree, ...]


Tree = Number | Name | Call


@dataclass(frozen=True)
class _Token:
    kind: str  # number, name, sign or end
    text: str


def parse(text: str, variables: Collection[str]) -> Tree:
    """The tree of an expression in these variables.

    Raises:
        SubmissionError: it is none; the text says what is wrong near where.
    """
    parser = _Parser(_tokens(plain(text)), variables)
    tree = parser.sum()
    parser.end()
    return tree


def _tokens(text: str) -> list[_Token]:
    if "=" in text:
        raise SubmissionError("Write only what stands on the right of the `=`.")
    if not _SUPERSCRIPTS.isdisjoint(text):
        raise SubmissionError("Write powers with ^: `x^2`.")
    tokens = [_token(match) for match in _TOKEN.finditer(text.replace("[", "(").replace("]", ")"))]
    if not tokens:
        raise SubmissionError("There is no expression.")
    if len(tokens) > _MOST_TOKENS:
        raise SubmissionError(f"This expression has more than {_MOST_TOKENS} numbers, names and signs.")
    return [*tokens, _Token("end", "")]


def _token(match: re.Match[str]) -> _Token:
    kind = match.lastgroup or "other"
    if kind == "other":
        raise SubmissionError(
            f"{quoted(match[kind])} is no part of an expression: write numbers, names, + - * / ^."
        )
    if kind == "number" and len(match[kind]) > _MOST_DIGITS:
        raise SubmissionError(f"A number is more than {_MOST_DIGITS} characters long.")
    return _Token(kind, match[kind])


def _number(text: str) -> Number:
    try:
        value = Decimal(text)
    except DecimalException as error:  # an exponent beyond what decimals can have at all
        raise SubmissionError(f"{quoted(text)} is too large or too small.") from error
    if value and abs(value.adjusted()) > _MOST_EXPONENT:
        raise SubmissionError(f"{quoted(text)} is too large or too small.")
    return Number(value or Decimal(0))  # zeros have exponents too


class _Parser:
    """Recursive descent; every recursion passes `_deeper`."""

    def __init__(self, tokens: list[_Token], variables: Collection[str]) -> None:
        self._tokens = tokens
        self._variables = variables
        self._position = 0
        self._depth = 0

    # ------------------------------------------------------------ tokens

    @property
    def _next(self) -> _Token:
        return self._tokens[self._position]

    def _take(self, *signs: str) -> str | None:
        """The next token's text if it is one of these signs; then it is behind us."""
        if self._next.kind == "sign" and self._next.text in signs:
            self._position += 1
            return self._tokens[self._position - 1].text
        return None

    def end(self) -> None:
        """Nothing may be left."""
        last = self._next
        if last.kind == "end":
            return
        if last.text == ")":
            raise SubmissionError("A bracket is closed that was never opened.")
        before = self._tokens[self._position - 1].text
        if last.kind in ("name", "number") or last.text == "(":
            raise SubmissionError(f"Write products with *: {quoted(f'{before}*{last.text}')}.")
        raise SubmissionError(f"{quoted(last.text)} is not expected after {quoted(before)}.")

    def _close(self) -> None:
        if self._take(")") is None:
            if self._next.kind == "end":
                raise SubmissionError("A bracket is opened that is never closed.")
            self.end()

    # ------------------------------------------------------------ grammar

    def sum(self) -> Tree:
        """A sum of products."""
        tree = self._product()
        while sign := self._take("+", "-"):
            tree = Call(sign, (tree, self._product()))
        return tree

    def _product(self) -> Tree:
        tree = self._signed()
        while sign := self._take("*", "/", "//"):
            tree = Call(sign, (tree, self._signed()))
        return tree

    def _signed(self) -> Tree:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise SubmissionError(f"This expression nests more than {_MOST_DEPTH} deep.")
        sign = self._take("+", "-")
        tree = self._power() if sign is None else self._signed()
        self._depth -= 1
        return Call("-", (tree,)) if sign == "-" else tree

    def _power(self) -> Tree:
        base = self._atom()
        return Call("^", (base, self._signed())) if self._take("^", "**") else base

    def _atom(self) -> Tree:
        token = self._next
        if token.kind in ("number", "name"):
            self._position += 1
            return _number(token.text) if token.kind == "number" else self._named(token.text)
        if self._take("("):
            tree = self.sum()
            self._close()
            return tree
        if token.kind == "end":
            raise SubmissionError("The expression ends too early.")
        raise SubmissionError(f"A number or name is missing before {quoted(token.text)}.")

    def _named(self, name: str) -> Tree:
        if self._next.text == "(" and name.lower() in FUNCTIONS and name not in self._variables:
            return self._call(name.lower())
        constants = [one for one in CONSTANTS if one not in self._variables]
        known = (*self._variables, *constants)
        same = [name] if name in known else [one for one in known if one.casefold() == name.casefold()]
        if len(same) == 1:
            return Name(same[0], same[0] in constants)
        if name.lower() in FUNCTIONS:
            raise SubmissionError(f"Write brackets behind {quoted(name)}: `{name.lower()}(...)`.")
        listed = ", ".join(f"`{one}`" for one in self._variables) or "none"
        raise SubmissionError(f"{quoted(name)} is not known. The variables are: {listed}.")

    def _call(self, name: str) -> Tree:
        self._take("(")
        arguments = [self.sum()]
        while self._take(","):
            arguments.append(self.sum())
        self._close()
        least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise SubmissionError(f"`{name}` does not take {len(arguments)} arguments.")
        return Call(name, tuple(arguments))
