"""HTTP routes: accounts. All below /api/v1; single sign-on has its own in `api.accounts.oidc_routes`."""

from __future__ import annotations

from fastapi import APIRouter

from api.accounts import session_routes, token_routes, user_routes

router = APIRouter()
for feature in (session_routes, token_routes, user_routes):
    router.include_router(feature.router)
