"""The web application as a WSGI callable."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")

import connecticard.celery  # noqa: F401  (views queue tasks)

application = get_wsgi_application()
