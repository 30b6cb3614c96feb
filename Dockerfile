# syntax=docker/dockerfile:1
# One image for every command: haidang up, or one service of docker-compose.yml.
FROM python:3.12.8-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/haidang/.venv
# What we depend on changes seldom: its layer is kept while only our own code changes.
COPY pyproject.toml README.md LICENSE ./
RUN mkdir -p services/cli edge simulators && touch services/__init__.py services/cli/__init__.py edge/__init__.py \
      simulators/__init__.py && /opt/haidang/.venv/bin/pip install '.[site]'
COPY services services
COPY edge edge
COPY simulators simulators
RUN /opt/haidang/.venv/bin/pip install --no-deps --force-reinstall .

FROM python:3.12.8-slim-bookworm
LABEL org.opencontainers.image.title="Hải Đăng" \
      org.opencontainers.image.description="Early warning and city sensors" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number, so that a platform that refuses root by number can tell.
RUN groupadd --gid 10001 haidang && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin haidang \
    && install -d -o 10001 -g 10001 -m 0700 /data /secrets
COPY --from=build /opt/haidang /opt/haidang
COPY deploy/cluster.py /opt/haidang/deploy/cluster.py
ENV PATH=/opt/haidang/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HAIDANG_DATA=/data HAIDANG_LOG=json
USER 10001:10001
WORKDIR /data
EXPOSE 8080 1883
# For `up` and `api`; docker-compose.yml has another for services without HTTP.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('HAIDANG_HTTP', ':8080').rpartition(':')[2] + '/healthz', timeout=4)"]
ENTRYPOINT ["haidang"]
CMD ["--help"]
