# One image for web, worker and beat; docker-compose.yml says which of them a container is.
FROM python:3.13-slim-bookworm

# Pango lays out the PDF documents; its version is Debian's to choose
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 PYTHONUTF8=1 CONNECTICARD_PRODUCTION=1 CONNECTICARD_VAR=/var/lib/connecticard

WORKDIR /app
COPY requirements/production.txt requirements/production.txt
RUN pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements/production.txt

COPY manage.py pyproject.toml LICENSE ./
COPY connecticard connecticard
COPY libraries libraries
COPY transactions transactions
COPY payments payments
COPY reports reports
COPY templates templates
COPY static static
# The rulebook page shows the worked examples
COPY tests/rules/worked_examples tests/rules/worked_examples
# The page of a run's proof offers these
COPY docs/recompute_payments.py docs/auditing.md docs/

RUN useradd --system --uid 10001 --home-dir /var/lib/connecticard --create-home connecticard
USER 10001

# Static files are part of the image; the values below serve this step alone and stay nowhere.
# A volume takes the owner of the folder that it is mounted on.
RUN SECRET_KEY=collectstatic ALLOWED_HOSTS=localhost SITE_URL=https://localhost DATABASE_URL=postgresql://localhost/none \
    REDIS_URL=redis://localhost/0 EMAIL_HOST=localhost \
    python manage.py collectstatic --no-input \
    && mkdir /var/lib/connecticard/documents

VOLUME /var/lib/connecticard/documents
EXPOSE 8000
CMD ["gunicorn", "connecticard.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--threads", "4", "--worker-tmp-dir", "/dev/shm"]
