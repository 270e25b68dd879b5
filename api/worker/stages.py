"""One job: from the upload to the score of all stages so far."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from api.blobs import BlobStore
from api.queue.claim import Claim
from api.queue.lease import stage_seconds
from api.settings import Settings
from api.worker.grader import Grader
from api.worker.progress import Progress
from grader.engine import Stage
from grader.errors import InfrastructureError
from grader.scoring.merge import merge, missed
from grader.scoring.model import Score

_LONGEST_NAME = 200  # bytes; file systems take 255
_PREFIX = "tensorgrade-job-"
_OLD_SECONDS = 86_400.0  # longer than any grading


@dataclass(frozen=True)
class Outcome:
    """The score of all stages so far. `all_anew`: this job ran the earlier ones again, too."""

    score: Score
    all_anew: bool = False


def run(claim: Claim, grader: Grader, blobs: BlobStore, settings: Settings, progress: Progress) -> Outcome:
    """Grade what was claimed.

    Raises:
        SpecError: the author's fault.
        InfrastructureError: ours.
    """
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        path = Path(folder) / safe_name(claim.file_name)
        blobs.fetch(claim.blob_digest, path)
        found = grader.prepare(claim.spec)
        if claim.stage == "quick":
            return Outcome(_grade(claim, grader, path, "quick", settings, progress))
        earlier = _earlier(claim)
        if earlier.spec_version == found.spec_version:
            # What could not be imported was not worth a GPU's time: see `queue.finish`.
            slow = _grade(
                claim, grader, path, "slow", settings, progress, missed(earlier), gpus=earlier.imported
            )
            if slow.spec_version == earlier.spec_version:
                return Outcome(merge(earlier, slow, found.config.parts))
        # The specs have changed since the quick stage: no score is made of two versions.
        return Outcome(_grade(claim, grader, path, "all", settings), all_anew=True)


def safe_name(file_name: str) -> str:
    """A name for the upload on our disk. It is the student's own as far as it is no path: assignments may
    ask for a certain one. What is cut off a long one is its beginning, so it keeps its suffixes.
    """
    base = PurePosixPath(file_name.replace("\\", "/")).name
    shown = "".join(char if char.isprintable() else "_" for char in base).lstrip(".-")
    return shown.encode("utf-8", "replace")[-_LONGEST_NAME:].decode("utf-8", "ignore") or "submission"


def remove_leftovers() -> None:
    """Folders of workers that died."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _OLD_SECONDS:
                shutil.rmtree(folder)


def _earlier(claim: Claim) -> Score:
    if claim.earlier is None:
        raise InfrastructureError("The score of the quick stage is not there.")
    return Score.model_validate(claim.earlier)


def _grade(
    claim: Claim,
    grader: Grader,
    path: Path,
    stage: Stage,
    settings: Settings,
    progress: Progress | None = None,
    missed_before: tuple[str, ...] = (),
    gpus: bool = True,
) -> Score:
    seconds = stage_seconds(claim.stage, settings)
    if progress is None:
        return grader.grade(claim.spec, path, seed=claim.seed, stage=stage, seconds=seconds)
    return grader.grade(
        claim.spec,
        path,
        seed=claim.seed,
        stage=stage,
        missed=missed_before,
        gpus=gpus,
        seconds=seconds,
        on_start=progress.on_start,
        on_test=progress.on_test,
    )
