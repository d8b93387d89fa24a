# docker build -t facever .
#
# The registries' clients are configured as usual: --build-arg PIP_INDEX_URL=… or NPM_CONFIG_REGISTRY=…, Docker's own
# proxy arguments, or whole files that stay out of every layer:
#   --secret id=pip.conf,src=$HOME/.config/pip/pip.conf --secret id=npmrc,src=$HOME/.npmrc
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS builder
ARG PIP_INDEX_URL
ARG NPM_CONFIG_REGISTRY
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/facever
# The lock is complete: --no-deps keeps the GUI build of OpenCV out (docs/installation.md).
COPY requirements/runtime.lock requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    /opt/facever/bin/python -m pip install --require-hashes --no-deps -r requirements/runtime.lock
COPY . .
RUN /opt/facever/bin/python -m pip install --no-deps --no-build-isolation .
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    /opt/facever/bin/facever weights fetch && /opt/facever/bin/facever weights verify
# Nothing below installs anything any more.
RUN /opt/facever/bin/python -m pip uninstall -q -y setuptools pip

FROM ${BASE}
RUN python -m pip uninstall -q -y --root-user-action=ignore setuptools wheel pip \
    && groupadd --gid 10001 facever \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin facever
COPY --from=builder /opt/facever /opt/facever
ENV PATH=/opt/facever/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=20s --start-period=30s CMD ["facever", "health"]
CMD ["facever", "serve"]
