"""HTTP routes: submissions."""

from __future__ import annotations

from fastapi import APIRouter

from api.submissions.reading_routes import router as reading
from api.submissions.upload_routes import router as upload

router = APIRouter(tags=["submissions"])
router.include_router(upload)
router.include_router(reading)
