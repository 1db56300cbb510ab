# A node in a container: docker build -t sos . && see docs/running.md
# Nothing secret goes in: settings come from the environment when it runs.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/sos
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY sos ./sos
COPY templates ./templates
# --build-arg EXTRA=[demo] adds the embedded Valkey, for a node that needs no Redis.
ARG EXTRA=""
# Byte code is made here, because the running container writes nothing beside its state folder.
RUN /opt/sos/bin/pip install ".${EXTRA}" && /opt/sos/bin/python -m compileall -q /opt/sos/lib

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/sos --create-home --shell /usr/sbin/nologin sos
COPY --from=build /opt/sos /opt/sos
ENV PATH=/opt/sos/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SOS_LISTEN=0.0.0.0:8080 \
    SOS_HEALTH_LISTEN=0.0.0.0:8081 \
    SOS_STATE_DIR=/var/lib/sos \
    SOS_LOG_FORMAT=json
USER 10001
WORKDIR /var/lib/sos
VOLUME /var/lib/sos
# 8081 is private: health and metrics. Do not publish it.
EXPOSE 8080 8081
# SIGTERM drains; docs/running.md says how long an orchestrator has to wait.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['SOS_HEALTH_LISTEN'].rpartition(':')[2] + '/livez', timeout=2)"]
ENTRYPOINT ["sos"]
CMD ["serve"]
