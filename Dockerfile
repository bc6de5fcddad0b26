# The image of web, worker, beat and migrate. It holds no secret and runs as an account of its own.
FROM python:3.13-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements.lock
COPY manage.py ./
COPY helpdesk helpdesk
COPY inbox inbox
COPY accounts accounts
COPY audit audit
COPY templates templates
COPY static static
COPY locale locale
RUN python -m helpdesk.core.catalogues \
    && POSTERN_STATIC=/app/collected python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q helpdesk inbox accounts audit

FROM python:3.13-slim-bookworm

RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin postern \
    && install -d -o postern -g postern -m 0700 /var/lib/postern
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=helpdesk.settings.desk \
    POSTERN_HOME=/var/lib/postern \
    POSTERN_STATIC=/app/collected \
    POSTERN_BIND=0.0.0.0 \
    POSTERN_PORT=8000
USER 10001:10001
EXPOSE 8000
VOLUME /var/lib/postern
CMD ["granian", "--interface", "asgi", "helpdesk.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--workers", "1", "--no-ws", "--http", "1", "--workers-kill-timeout", "3"]
