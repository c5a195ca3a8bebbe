"""The web application as a WSGI callable."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")

import connecticard.celery  # noqa: F401  (views queue tasks)

application = get_wsgi_application()

from connecticard.demo_people import refuse_to_start_with_demo_people  # noqa: E402  (needs the applications)

refuse_to_start_with_demo_people()
