# What a submission runs in: Python, torch, what homework imports, and the harness. No specs, no reference
# solutions, no service, no pytest, no pip.
#
#   docker build -f docker/sandbox.Dockerfile -t tensorgrade-sandbox .
#   docker build ... --build-arg TORCH=cuda --build-arg TORCH_INDEX=...      for GPUs
#
# Build arguments, all of them optional:
#   BASE          a Debian with Python 3.11 or later
#   TORCH         cpu, or cuda: a build for cpu fails rather than fetch gigabytes of CUDA
#   TORCH_INDEX   an index of packages with that kind of torch. Or put a wheel of torch into docker/wheels/;
#                 one there for the CPU must go before a build for GPUs
#   PIP_CERT      certificates in the base image that pip trusts
#   PIP_INDEX_URL another package index than pip's own

ARG BASE=python:3.11-slim

# ---- packages: the same lines in service.Dockerfile, so that both images share the layer that is copied
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

# ---- the harness: readable by everybody, and compiled, since a container's root is read-only. Of the Docker
# backend only what runs inside.
FROM packages AS harness
COPY grader/__init__.py grader/errors.py grader/version.py /opt/tensorgrade/grader/
COPY grader/wire /opt/tensorgrade/grader/wire
COPY grader/harness /opt/tensorgrade/grader/harness
COPY grader/sandbox /opt/tensorgrade/grader/sandbox
RUN cd /opt/tensorgrade && find grader/sandbox/docker -name '*.py' \
        ! -name __init__.py ! -name inside.py ! -name ready.py -delete \
    && chmod -R a=rX,u+w . \
    && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/tensorgrade

# ---- the image
FROM ${BASE}
COPY --from=packages /venv /venv

# /sandbox is a tmpfs in a container that grades. Here it is empty: nothing else is ever writable. No program
# may change its user, not even one that no_new_privileges would stop.
RUN echo 'student:x:10001:10001:student:/sandbox/home:/bin/false' >> /etc/passwd \
    && echo 'student:x:10001:' >> /etc/group \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && mkdir /sandbox && rm -rf /tmp /var/tmp && ln -s /sandbox/tmp /tmp && ln -s /sandbox/tmp /var/tmp

# As for a local sandbox (grader/sandbox/local/backend.py): libraries read these when they are loaded.
ENV PATH=/venv/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    HOME=/sandbox/home \
    TMPDIR=/sandbox/tmp \
    GLIBC_TUNABLES=glibc.malloc.hugetlb=1 \
    OMP_NUM_THREADS=1 \
    OMP_WAIT_POLICY=passive \
    OPENBLAS_NUM_THREADS=1 \
    MKL_NUM_THREADS=1 \
    MPLBACKEND=agg \
    PYTHONHASHSEED=0 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTORCH_NVML_BASED_CUDA_CHECK=1 \
    PYTHONSAFEPATH=1 \
    PYTHONPATH=/opt/tensorgrade

WORKDIR /
ENTRYPOINT ["/venv/bin/python", "-m", "grader.sandbox.docker.inside"]

# Our own code comes last: a change to it costs seconds.
COPY --from=harness /opt/tensorgrade /opt/tensorgrade
USER 10001:10001
