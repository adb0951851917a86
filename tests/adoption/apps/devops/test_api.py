from api import app
from fastapi.testclient import TestClient

client = TestClient(app)


def test_the_root_is_well():
    assert client.get("/").json() == {"status": "ok"}


def test_an_item_is_created_and_read():
    created = client.post("/items", json={"name": "lamp"})
    assert created.status_code == 201
    assert client.get(f"/items/{created.json()['id']}").json() == {"name": "lamp"}


def test_an_item_that_is_not_there_is_not_found():
    assert client.get("/items/4711").status_code == 404


def test_a_response_names_its_request():
    assert client.get("/").headers["X-Request-ID"]


def test_metrics_are_served():
    client.get("/")
    page = client.get("/metrics")
    assert page.status_code == 200
    assert "http_requests_total" in page.text
    assert "items_created_total" in page.text
