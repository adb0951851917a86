import logging

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

logger = logging.getLogger(__name__)
settings.configure(ROOT_URLCONF="shop", ALLOWED_HOSTS=["*"], SECRET_KEY="not one", DEBUG=False)


@csrf_exempt
def item(request, item_id):
    if request.method == "DELETE":
        return HttpResponse(status=204)
    logger.warning("item %s read", item_id)
    return JsonResponse({"id": item_id, "q": request.GET.get("q")})


@csrf_exempt
def create(request):
    return HttpResponse(request.body, content_type="application/json", status=201)


def fails(request):
    raise ValueError("it fails")


urlpatterns = [path("items/<int:item_id>", item), path("items", create), path("fails", fails)]
