"""The score of a grading: its data, its sums, who sees what of it, and its other formats.

model.py       Score, TestResult, ...: frozen, JSON in and out       schema.py      its JSON schema
aggregate.py   from tests and rules to points                        gradescope.py  results.json
views.py       what a student sees
"""
