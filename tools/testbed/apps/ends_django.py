# SPDX-License-Identifier: Apache-2.0
"""A Django application, by ASGI and by WSGI, which nothing instruments."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from ends_asgi import leave_something

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="for tests", LOGGING_CONFIG=None)


def root(_request):
    leave_something()
    return HttpResponse()


urlpatterns = [path("", root)]
asgi = get_asgi_application()
wsgi = get_wsgi_application()
