# docker build -t facever .    Options and tests: docs/deployment.md
#
# Registries: --build-arg PIP_INDEX_URL=… or NPM_CONFIG_REGISTRY=…, Docker's proxy arguments, or files that stay out
# of every layer:
#   --secret id=pip.conf,src=$HOME/.config/pip/pip.conf --secret id=npmrc,src=$HOME/.npmrc
#   --secret id=ca.pem,src=…    certificates to trust, if a proxy uses its own
ARG BASE=python:3.11-slim-bookworm

# The locked packages. They and FaceVer are separate layers, so that an upgrade of FaceVer transfers little.
FROM ${BASE} AS packages
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore CA=/run/secrets/ca.pem
WORKDIR /src
RUN python -m venv /opt/facever
# The lock is complete: --no-deps keeps the GUI build of OpenCV out (docs/installation.md).
COPY requirements/runtime.lock requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.pem \
    [ ! -s $CA ] || export PIP_CERT=$CA; \
    /opt/facever/bin/python -m pip install --require-hashes --no-deps -r requirements/runtime.lock

# FaceVer and the weights, in a separate folder.
FROM packages AS application
ARG PIP_INDEX_URL
ARG NPM_CONFIG_REGISTRY
COPY . .
RUN /opt/facever/bin/python -m pip install --no-deps --no-build-isolation --prefix=/opt/application .
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca.pem \
    [ ! -s $CA ] || export PIP_CERT=$CA NODE_EXTRA_CA_CERTS=$CA; \
    PYTHONPATH=/opt/application/lib/python3.11/site-packages FACEVER_WEIGHTS=/opt/application/share/facever/weights \
    /opt/application/bin/facever weights fetch

# Without files that serving never reads: pip, setuptools, tests, sample pictures and conversion scripts of packages.
FROM packages AS lean
WORKDIR /opt/facever/lib/python3.11/site-packages
RUN /opt/facever/bin/python -m pip uninstall -q -y setuptools pip \
    && find . -depth -type d \( -name tests -o -path ./onnx/backend/test \) -exec rm -r {} + \
    && rm -r cv2/data/*.xml onnxruntime/transformers \
    && find skimage/data -type f ! -name '*.py*' -delete

FROM ${BASE}
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="FaceVer" \
      org.opencontainers.image.description="Open, self-hosted biometric processor: the HTTP API of Oz API Lite" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nothing is installed from here on: remove pip and ensurepip's wheels. The base may lack pip.
RUN if python -m pip --version; then python -m pip uninstall -q -y --root-user-action=ignore setuptools wheel pip; fi \
    && find / -xdev \( -name 'pip-*.whl' -o -name 'setuptools-*.whl' \) -delete \
    && groupadd --gid 10001 facever \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin facever
COPY --from=lean /opt/facever /opt/facever
COPY --from=application /opt/application /opt/facever
ENV PATH=/opt/facever/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /
# Fail the build if something needed is missing: hashes of the weights, an inference, the application.
RUN facever doctor \
    && python -c "from faceVer.http.server.app import create_app; from faceVer.settings.loader import load_settings; create_app(load_settings())"
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=20s --start-period=30s CMD ["facever", "health"]
CMD ["facever", "serve"]
