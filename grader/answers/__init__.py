"""Written answers: questions.toml says what is asked, answers.toml of a student says what they think.

sheet.py       all questions of an assignment     questions.py    questions.toml
question.py    what every kind has in common
number.py      number, integer                    reading.py      TOML values to plain texts and decimals
shape.py       shape                              formula.py      text to a tree, by a parser of our own
choice.py      choice, honesty, text              evaluate.py     a tree's value, with bounded cost
marks.py       mark all that apply                equivalence.py  whether two trees mean the same
expression.py  expression                         symbolic.py     the same, by sympy

What is given comes from a student: it is never evaluated as code, and costs bounded time and memory.
"""

from grader.answers.sheet import Marked, Sheet

__all__ = ["Marked", "Sheet"]
