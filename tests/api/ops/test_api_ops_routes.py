"""What surrounds every request, and the routes for operators."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta

import pytest
from fastapi import APIRouter
from pydantic import BaseModel, SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.db.base import now
from api.db.models import Job, Submission, Worker
from api.ops import logs

probe = APIRouter()


class Note(BaseModel):
    text: str


@probe.get("/probe/broken")
def broken():
    raise ZeroDivisionError("secret detail")


@probe.post("/probe/note")
def note(body: Note):
    return {"length": len(body.text)}


@pytest.fixture
def probing(app, service_settings):
    app.include_router(probe)
    with TestClient(app, base_url=service_settings.url) as opened:
        yield opened


def test_alive_and_ready(client):
    assert client.get("/healthz").json()["status"] == "alive"
    ready = client.get("/readyz")
    assert ready.json() == {"status": "ready", "checks": ["database", "migrations", "blobs"]}


def test_not_ready_without_tables(service_settings, tmp_path):
    empty = service_settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'no-tables.sqlite'}"})
    with TestClient(create_app(empty)) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"migrations": "The database needs `tensorgrade migrate`."}
        assert client.get("/healthz").status_code == 200


def test_not_ready_without_a_database(service_settings):
    away = service_settings.model_copy(update={"database_url": "postgresql://nobody:hidden@127.0.0.1:1/x"})
    with TestClient(create_app(away)) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "hidden" not in answer.text
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/probe/broken", "/api/v1/me"])
def test_every_answer_has_an_id_and_security_headers(probing, path):
    headers = probing.get(path).headers
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-ID"])
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers  # this service is http


def test_https_is_kept(service_settings):
    secure = service_settings.model_copy(update={"public_url": "https://grade.example.edu"})
    with TestClient(create_app(secure)) as client:
        assert "max-age" in client.get("/healthz").headers["Strict-Transport-Security"]


def test_a_bug_is_a_500_with_the_request_id_and_without_details(probing):
    answer = probing.get("/probe/broken", headers={"X-Request-ID": "from-the-proxy-1"})
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] == "from-the-proxy-1"
    assert answer.json()["request_id"] == "from-the-proxy-1"
    assert "secret" not in answer.text


@pytest.mark.parametrize("given", ["short", "with space 123", "x" * 65, 'a"quote12345'])
def test_a_strange_request_id_is_replaced(client, given):
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] != given


def test_a_long_body_is_refused_by_its_announcement(probing):
    answer = probing.post("/probe/note", json={"text": "x" * (1 << 20)})
    assert answer.status_code == 413
    assert answer.json()["most"] == 1 << 20
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_long_body_is_refused_without_announcement(probing):
    def chunks():
        yield b'{"text": "'
        for _ in range(20):
            yield b"x" * 100_000

    answer = probing.post("/probe/note", content=chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_a_body_of_usual_length_passes(probing):
    assert probing.post("/probe/note", json={"text": "x" * 1_000_000}).json() == {"length": 1_000_000}


def test_requests_are_logged_with_their_ids(client, caplog):
    caplog.set_level(logging.INFO, "api.access")
    client.get("/nowhere", headers={"X-Request-ID": "known-id-1"})
    record = next(one for one in caplog.records if one.name == "api.access")
    assert (record.path, record.status, record.method) == ("/nowhere", 404, "GET")


def test_json_lines_carry_what_is_bound():
    record = logging.LogRecord("x", logging.WARNING, "", 0, "two\nlines %s", ("here",), None)
    record.status = 200
    with logs.bind(request_id="r1"), logs.bind(submission_id="s1"):
        line = logs.JsonLines("web").format(record)
        text = logs.Lines("web").format(record)
    assert "\n" not in line + text
    parsed = json.loads(line)
    assert parsed["message"] == "two\nlines here"
    assert (parsed["request_id"], parsed["submission_id"], parsed["status"]) == ("r1", "s1", 200)
    assert parsed["level"] == "warning"
    assert "submission_id=s1" in text
    assert "request_id" not in logs.bound()


def test_metrics_of_requests_have_templates_for_paths(client):
    client.get("/api/v1/courses/some-course")
    client.get("/nowhere/at/all")
    text = client.get("/metrics").text
    assert 'handler="/api/v1/courses/{course}"' in text
    assert "some-course" not in text
    assert "nowhere" not in text


def test_metrics_of_the_queue(client, world, database):
    moment = now()
    submission = world.submission("alice")
    with database.write() as session:
        common = {
            "grading_id": session.get(Submission, submission).grading_id,
            "submission_id": submission,
            "user_id": world.ids["alice"],
            "stage": "quick",
            "queue": "quick",
            "deadline_at": moment,
        }
        session.add(Worker(name="w1", queues="quick", concurrency=4, running=1))
        session.add(Worker(name="gone", queues="quick", concurrency=4, seen_at=moment - timedelta(hours=1)))
        session.add(Job(**common, state="queued", queued_at=moment - timedelta(seconds=90)))
        session.add(Job(**common, state="dead"))
        times = [moment - timedelta(seconds=one) for one in (5, 4, 1)]
        session.add(
            Job(**common, state="done", queued_at=times[0], started_at=times[1], finished_at=times[2])
        )
    text = client.get("/metrics").text
    assert "tensorgrade_workers 1.0" in text
    assert "tensorgrade_workers_places 4.0" in text
    assert "tensorgrade_dead_letters 1.0" in text
    assert 'tensorgrade_queue_depth{queue="quick"} 1.0' in text
    assert 'tensorgrade_queue_oldest_seconds{queue="quick"} 9' in text
    assert 'tensorgrade_stage_seconds{phase="run",quantile="0.95",stage="quick"} 3.0' in text
    assert 'tensorgrade_jobs{queue="quick",state="dead"} 1.0' in text


def test_metrics_want_their_token(service_settings):
    closed = service_settings.model_copy(update={"environment": "production"})
    with TestClient(create_app(closed)) as client:
        assert client.get("/metrics").status_code == 404
    locked = closed.model_copy(update={"metrics_token": SecretStr("scrape-me")})
    with TestClient(create_app(locked)) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer scrape-me"}).status_code == 200
