"""Makes notebooks for tests."""

import json


def cell(source, kind="code", **more):
    made = {"cell_type": kind, "metadata": {}, "source": source, **more}
    return made if kind != "code" else {"execution_count": 1, "outputs": [], **made}


def notebook(*cells, **more):
    """Cells are texts of code cells, or whole cells."""
    made = [each if isinstance(each, dict) else cell(each) for each in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}).encode()
