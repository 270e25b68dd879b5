# The service: web application, worker, migrations and administration, by command. It holds the specs and the
# reference solutions; submissions run in containers of tensorgrade-sandbox, never here.
#
#   docker build -f docker/service.Dockerfile -t tensorgrade-service .
#   docker run tensorgrade-service tensorgrade --help
#
# Build arguments: see sandbox.Dockerfile. A worker needs torch too: the examiner compares tensors.

ARG BASE=python:3.11-slim

# ---- packages: the same lines in sandbox.Dockerfile, so that both images share the layer that is copied
FROM ${BASE} AS packages
ARG TORCH=cpu
ARG TORCH_INDEX
ARG PIP_CERT
ARG PIP_INDEX_URL
RUN python3 -m venv --without-pip /venv && python3 -m venv /pip
# The star lets the folder be missing.
COPY requirements.lock docker/wheels* /wheels/
# A torch for CUDA is refused as soon as it is here, before it brings gigabytes of CUDA along.
RUN set -eu; cd /wheels; \
    install() { \
        /pip/bin/pip --disable-pip-version-check --python /venv/bin/python install --no-compile --no-cache-dir \
            --constraint requirements.lock --find-links . ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "$@"; \
    }; \
    install --no-deps torch; \
    if [ "$TORCH" != cuda ] && grep -q '^Requires-Dist: triton' /venv/lib/python3*/*/torch-*.dist-info/METADATA; then \
        echo "This torch is for CUDA. Name an index of CPU builds in TORCH_INDEX, put such a wheel of torch" \
             "into docker/wheels/, or build with TORCH=cuda."; exit 1; \
    fi; \
    install torch torchvision numpy scipy matplotlib tqdm msgspec pypdfium2; \
    /venv/bin/python -m compileall -qq -j 0 --invalidation-mode unchecked-hash /venv/lib || true

# ---- the service's own packages, as pyproject.toml names them, beside those of the sandbox
FROM packages AS more
COPY pyproject.toml /app/
RUN set -eu; cd /app; \
    python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        > /wheels/wanted; \
    /pip/bin/pip --disable-pip-version-check --python /venv/bin/python install --no-compile --no-cache-dir \
        --constraint /wheels/requirements.lock --requirement /wheels/wanted --prefix /more; \
    /venv/bin/python -m compileall -qq -j 0 --invalidation-mode unchecked-hash /more/lib || true

# ---- the project, laid out as in the repository, and the command `tensorgrade`
FROM more AS project
COPY README.md /app/
COPY docker/seccomp.json /app/docker/
COPY reference /app/reference
COPY test_specs /app/test_specs
COPY api /app/api
COPY grader /app/grader
RUN /pip/bin/pip --disable-pip-version-check --python /venv/bin/python install --no-deps --no-build-isolation \
        --prefix /project --editable /app \
    && rm -rf /app/*.egg-info && chmod -R a=rX,u+w /app \
    && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app/api /app/grader

# ---- the image
FROM ${BASE}
COPY --from=packages /venv /venv
COPY --from=more /more /venv

# The one place that the service writes to besides /tmp: a volume's mount point. The root may be read-only.
RUN echo 'tensorgrade:x:10002:10002:tensorgrade:/var/lib/tensorgrade:/bin/false' >> /etc/passwd \
    && echo 'tensorgrade:x:10002:' >> /etc/group \
    && mkdir -m 0750 /var/lib/tensorgrade && chown 10002:10002 /var/lib/tensorgrade

ENV PATH=/venv/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    HOME=/var/lib/tensorgrade \
    XDG_CACHE_HOME=/tmp/cache \
    MPLBACKEND=agg \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TENSORGRADE_HOME=/var/lib/tensorgrade \
    TENSORGRADE_HOST=0.0.0.0 \
    TENSORGRADE_ROOT=/app

WORKDIR /app
EXPOSE 8000
# Of the web application; a worker's is its own matter (docker-compose.yml).
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('TENSORGRADE_PORT', '8000')}/healthz\", timeout=4)"]
CMD ["tensorgrade", "api"]

# Our own code comes last: a change to it costs seconds.
COPY --from=project /project /venv
COPY --from=project /app /app
USER 10002:10002
