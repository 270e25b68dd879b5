"""Questions whose answer is an expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from grader.answers import formula
from grader.answers.equivalence import Comparison, Domain, compare
from grader.answers.question import Outcome, Question
from grader.answers.reading import text_of
from grader.answers.symbolic import is_same
from grader.errors import SpecError


def _described(variables: Any) -> Any:
    """A list of variables is a table without descriptions."""
    return dict.fromkeys(variables, "") if isinstance(variables, list | tuple) else variables


_Name = Annotated[str, Field(pattern=r"^[^\W\d]\w{0,31}$")]


class _Written(NamedTuple):
    text: str
    tree: formula.Tree


class Expression(Question):
    """A formula. Every expression with the same values counts.

    variables:  ["W", "K"] or { W = "width of the input" }.
    domain:     what they stand for: positive numbers, positive integers, or any real numbers.
    tolerance:  relative, for constants that are rounded.
    """

    kind: Literal["expression"]
    variables: Annotated[dict[_Name, str], BeforeValidator(_described)] = Field({})
    domain: Domain = "positive"
    tolerance: Annotated[FiniteFloat, Field(ge=0, lt=0.1)] = 1e-9

    how: ClassVar[str] = "an expression with + - * / ^ and brackets, such as (W - K)/S + 1"

    @model_validator(mode="after")
    def _names_are_free(self) -> Expression:
        taken = sorted(set(self.variables) & set(formula.FUNCTIONS))
        if taken:
            raise ValueError(f"{', '.join(taken)} is a function and cannot be a variable")
        return self

    def read(self, given: Any) -> _Written:
        """A formula in the variables, parsed by our grammar alone."""
        text = text_of(given)
        return _Written(text, formula.parse(text, tuple(self.variables)))

    def judge(self, answer: _Written, right: _Written) -> Outcome:
        """By values at random points; where those do not tell, by sympy.

        Raises:
            SpecError: the right expression has no values to compare with.
        """
        found = compare(answer.tree, right.tree, tuple(self.variables), self.domain, self.tolerance)
        if found.verdict == "untestable":
            raise SpecError(f"`{right.text}` has too few values for {self.domain} variables.")
        if found.verdict == "open" and is_same(answer.tree, right.tree, self.domain):
            found = Comparison("same")
        if not self.variables:  # any two constants differ by a factor
            found = found._replace(factor=False, offset=False)
        return self.verdict(found.verdict == "same", _hint(found))

    def is_like(self, answer: _Written, mistake: _Written) -> bool:
        """By values alone: sympy's time is for right answers."""
        found = compare(answer.tree, mistake.tree, tuple(self.variables), self.domain, self.tolerance)
        return found.verdict == "same"

    def form(self) -> Mapping[str, Any]:
        """The variables, and functions that may be used."""
        variables = [{"name": name, "text": text} for name, text in self.variables.items()]
        return {
            "variables": variables,
            "functions": list(formula.FUNCTIONS),
            "constants": list(formula.CONSTANTS),
        }

    def show(self, answer: _Written) -> str:
        """As it was written."""
        return answer.text


def _hint(found: Comparison) -> str:
    if found.undefined:
        return "For some numbers it has no value, or none within bounds: a division by 0, a log, a power?"
    if found.factor:
        return "It is wrong by a constant factor."
    return "It is wrong by a constant that is added." if found.offset else "This expression is wrong."
