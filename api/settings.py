"""Every setting of the service, read from the environment (or a `.env` file) at the entry points only.

DATABASE_URL, BROKER_URL                    as other services call them
TENSORGRADE_<NAME>                          everything else
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from grader.assignment import REPOSITORY


class Settings(BaseSettings):
    """The service's settings. docs/operating.md lists them; a test holds the two together."""

    model_config = SettingsConfigDict(
        env_prefix="TENSORGRADE_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    # ---------------------------------------------------------------- where things are
    home: Path = REPOSITORY / "var"  # database, uploads and broker of an embedded service
    root: Path = REPOSITORY  # the folder with test_specs/ and reference/
    database_url: str = Field("", validation_alias=AliasChoices("DATABASE_URL", "TENSORGRADE_DATABASE_URL"))
    broker_url: str = Field("", validation_alias=AliasChoices("BROKER_URL", "TENSORGRADE_BROKER_URL"))
    blobs_url: str = ""  # a folder, or s3://bucket/prefix; by default home/blobs

    # ---------------------------------------------------------------- the web
    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    web_processes: int = Field(1, ge=1)  # of `tensorgrade serve`, which share the port
    public_url: str = ""  # as browsers see it; by default http://host:port
    trusted_proxies: str = ""  # addresses whose X-Forwarded-For counts
    session_days: float = 14.0
    token_days: float = 180.0  # default life of an API token
    login_rate: str = "10/minute"  # per address and per account
    upload_rate: str = "60/minute"  # per user
    token_rate: str = "10/minute"  # noqa: S105 - per user
    rate_limits: bool = True

    # ---------------------------------------------------------------- single sign-on
    oidc_issuer: str = ""  # https://login.example.edu; empty: passwords only
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_name: str = "Single sign-on"

    # ---------------------------------------------------------------- uploads
    upload_bytes: int = 50_000_000  # hard cap, whatever an assignment allows
    upload_files: int = 200

    # ---------------------------------------------------------------- the queue
    concurrency: int = 0  # gradings at once in a worker; 0: one per core
    queues: str = "quick,slow"  # which queues a worker serves
    lease_seconds: float = 60.0  # a worker that says nothing for so long has lost its jobs
    heartbeat_seconds: float = 15.0
    sweep_seconds: float = 5.0
    attempts: int = 3  # then a job waits for an operator
    retry_seconds: float = 5.0  # before the second attempt; doubled for each further one
    quick_seconds: float = 600.0  # a quick stage that runs longer is ours to stop
    slow_seconds: float = 1800.0
    waiting_seconds: float = 86_400.0  # a job that waits longer is a dead letter, not forgotten
    worker_nice: int = Field(10, ge=0, le=19)  # of what grades: uploads go first where a machine does both
    stop_seconds: float = 20.0  # that a worker may go on when told to stop

    # ---------------------------------------------------------------- sandboxes
    sandbox_backend: Literal["local", "docker"] = "local"
    sandbox_image: str = "tensorgrade-sandbox:latest"  # this and the following: of docker only
    sandbox_runtime: str = ""  # the engine's default; runsc is gVisor
    sandbox_engine: str = ""  # its URL; else DOCKER_HOST, else the usual socket
    sandbox_warm: int = Field(2, ge=0)  # containers that wait, per kind of limits
    gpus: str = "all"  # that sandboxes may have: indices or uuids, all, or none
    gpu_memory_share: float = Field(1.0, gt=0, le=1)  # of one GPU, for one sandbox
    gpu_locks: str = ""  # a folder that all workers of a machine share; by default in /run/lock

    # ---------------------------------------------------------------- operation
    log_level: str = "INFO"
    log_format: Literal["json", "text"] = "json"
    metrics_port: int = 0  # of a worker's own /metrics; 0: none
    metrics_token: SecretStr = SecretStr("")  # that /metrics wants to see; without it, off in production

    @property
    def database(self) -> str:
        """The SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.home / 'tensorgrade.sqlite'}"

    @property
    def broker(self) -> str:
        """The Celery broker; without one, files in `home`."""
        return self.broker_url or "filesystem://"

    @property
    def blobs(self) -> str:
        """Where uploads are kept."""
        return self.blobs_url or str(self.home / "blobs")

    @property
    def url(self) -> str:
        """The service as browsers see it, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def is_secure(self) -> bool:
        """Whether cookies are for https only."""
        return self.url.startswith("https://")

    @property
    def session_life(self) -> timedelta:
        """How long a browser stays signed in."""
        return timedelta(days=self.session_days)


@lru_cache
def settings() -> Settings:
    """The settings of this process. For entry points: everything else is handed what it needs."""
    return Settings()
