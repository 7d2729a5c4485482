# syntax=docker/dockerfile:1
# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
#
# docker build --tag hearken .
#
# Three stages. `build` holds the service and what it needs; `tagger` holds TensorFlow, just long enough to turn the
# published checkpoint into a LiteRT file; the last one takes both results and neither TensorFlow nor a compiler.
#
# The checkpoint comes from the optional folder `weights` of the build context. Without one it is downloaded.

FROM python:3.11-slim-bookworm AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONUNBUFFERED=1


FROM base AS build
WORKDIR /src

# Packages first: they change less often than the source.
COPY requirements-media.txt requirements-build.txt ./
RUN python -m venv /opt/hearken/venv \
    && /opt/hearken/venv/bin/pip install --require-hashes --requirement requirements-media.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --requirement requirements-build.txt

COPY pyproject.toml README.md ./
COPY LICENSES ./LICENSES
COPY model ./model
COPY anonymizers ./anonymizers
COPY analytic ./analytic
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/hearken/venv/bin/pip install --no-deps --no-index /dist/*.whl \
    && /opt/hearken/venv/bin/python -m compileall -q /opt/hearken/venv/lib \
    && /opt/hearken/venv/bin/pip check


FROM base AS tagger
ARG TAGGER=mn04_as
WORKDIR /src
COPY requirements-tensorflow.txt ./
RUN python -m venv /opt/convert \
    && /opt/convert/bin/pip install --require-hashes --requirement requirements-tensorflow.txt
COPY --from=build /dist /dist
RUN /opt/convert/bin/pip install --no-deps --no-index /dist/*.whl
# The first name is always there, so that the folder may be missing.
COPY requirements-tensorflow.txt weights* ./weights/
ENV HEARKEN__MODELS__DIR=/opt/hearken/models \
    HEARKEN_WEIGHTS=/src/weights
RUN mkdir -p "$HEARKEN__MODELS__DIR" \
    && if ls weights/*.pt >/dev/null 2>&1; \
       then /opt/convert/bin/hearken model install "$TAGGER"; \
       else /opt/convert/bin/hearken model fetch "$TAGGER"; \
       fi \
    && /opt/convert/bin/hearken model verify \
    && ls "$HEARKEN__MODELS__DIR"/*.tflite \
    && chmod -R a+rX "$HEARKEN__MODELS__DIR"


FROM base
# A fixed number, so that folders of the host can be given to it by name or by number.
RUN groupadd --gid 10001 hearken \
    && useradd --uid 10001 --gid hearken --home-dir /var/lib/hearken --no-create-home --shell /usr/sbin/nologin hearken \
    && install --directory --owner hearken --group hearken --mode 0750 /var/lib/hearken

COPY --from=build /opt/hearken/venv /opt/hearken/venv
COPY --from=tagger /opt/hearken/models /opt/hearken/models

# The two put what every `hearken` command keeps at /var/lib/hearken: taggers, the outbox, this device's key.
ENV PATH=/opt/hearken/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_DATA_HOME=/var/lib \
    XDG_STATE_HOME=/var/lib \
    HEARKEN__MODELS__DIR=/opt/hearken/models

USER 10001:10001
WORKDIR /var/lib/hearken
VOLUME ["/var/lib/hearken"]
EXPOSE 5000 8765

# No proxy: the question never leaves the container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:5000/healthz', timeout=4)"]

# Inside a container 127.0.0.1 is the container itself, so the service binds every address of it. --insecure-lan, which
# allows that without a token, is right only where the ports are published on the host's own loopback address, as
# docker-compose.yml does. To publish them elsewhere, leave the flag out, set a token and name the host under
# HEARKEN__HTTP__ALLOWED_HOSTS.
ENTRYPOINT ["hearken"]
CMD ["serve", "--host", "0.0.0.0", "--insecure-lan"]
