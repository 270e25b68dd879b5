"""Generated requests to every operation: whatever is sent, no 5xx, and each answer is as described."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from route_table import ROUTES, Level
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance
from starlette.testclient import TestClient
from world import World

EXAMPLES = int(os.environ.get("API_EXAMPLES", "8"))
DESCRIBED = [
    name
    for name in ROUTES
    if " /api/v1/" in name and not name.endswith(("/openapi.json", "/docs", "/events"))
]
_SHRINK_NOTHING = (Phase.explicit, Phase.generate)


@pytest.fixture(scope="session")
def described(running: Any) -> Mapping[str, Any]:
    """The description that the application gives of itself: "GET /path" -> its operation."""
    schema = schemathesis.openapi.from_dict(running.app.openapi())
    found = (result.ok() for result in schema.get_all_operations())
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


@pytest.mark.parametrize("name", DESCRIBED)
def test_answers_are_as_described(
    name: str, described: Mapping[str, Any], world: World, client: TestClient, ids: Mapping[str, object]
) -> None:
    headers = world.browser("admin") if ROUTES[name] < Level.MEMBER else world.token("admin")

    @given(case=described[name].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=_SHRINK_NOTHING,
        suppress_health_check=list(HealthCheck),
    )
    def generated(case: schemathesis.Case) -> None:
        case.path_parameters = {key: str(ids.get(key, value)) for key, value in case.path_parameters.items()}
        client.cookies.clear()
        _check(case, client, headers)

    generated()


def _check(case: schemathesis.Case, client: TestClient, headers: dict[str, str]) -> None:
    sent = case.as_transport_kwargs(base_url=str(client.base_url))
    kept = {key: sent[key] for key in ("method", "url", "params", "json", "data", "files") if key in sent}
    prepared = requests.Request(**kept).prepare()  # it is requests' arguments that are generated
    asked = {"Content-Type": prepared.headers.get("Content-Type", "application/json"), **headers}
    answer = client.request(prepared.method, prepared.url, content=prepared.body, headers=asked)
    case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])
