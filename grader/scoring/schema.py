"""The JSON schema of a score: `python -m grader.scoring.schema > docs/score.schema.json`."""

from __future__ import annotations

import json
import sys

from grader.scoring.model import Score


def schema_text() -> str:
    """The schema (draft 2020-12) of what `Score.to_json` writes, as a text that ends with a newline."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Score.model_json_schema(by_alias=True, mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
