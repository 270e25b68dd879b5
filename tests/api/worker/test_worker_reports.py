"""A report from a browser's form to pictures of its pages, with a real worker and a real sandbox."""

from __future__ import annotations

from papers import give_papers, newest_report
from pdf_files import pdf
from starlette.testclient import TestClient
from worker_helpers import WorkerProcess, is_ready, wait_until
from world import World

from api.db.reports import ReportState


def test_a_worker_draws_what_is_handed_in(client: TestClient, world: World, service_settings, tmp_path):
    give_papers(world)
    alice = world.token("alice")

    def hand_in(data: bytes) -> str:
        there = "/api/v1/assignments/vu_dl_a3/reports"
        answer = client.post(there, files={"file": ("report.pdf", data)}, headers=alice)
        assert answer.status_code == 202
        return answer.headers["location"]

    def is_done() -> bool:
        return newest_report(world).state != ReportState.WAITING

    good = hand_in(pdf(2))
    worker = WorkerProcess(service_settings, tmp_path / "worker.log")
    try:
        wait_until(is_ready(world), worker=worker)
        wait_until(is_done, worker=worker)
        assert client.get(good, headers=alice).json()["pages"] == 2
        page = client.get(f"{good}/pages/2", headers=alice)
        assert page.content.startswith(b"\x89PNG")
        bad = hand_in(b"%PDF-1.7\nThis is no report.\n%%EOF")
        wait_until(is_done, worker=worker)
        assert client.get(bad, headers=alice).json()["state"] == "refused"
    finally:
        worker.kill()
