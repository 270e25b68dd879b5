"""HTTP routes: courses, members, assignments, extensions, groups."""

from __future__ import annotations

from fastapi import APIRouter

from api.courses import (
    assignment_routes,
    course_routes,
    extension_routes,
    group_routes,
    invitation_routes,
    member_routes,
)

router = APIRouter()
for _part in (
    course_routes,
    member_routes,
    invitation_routes,
    assignment_routes,
    extension_routes,
    group_routes,
):
    router.include_router(_part.router)
