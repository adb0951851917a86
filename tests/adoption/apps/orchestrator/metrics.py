"""What the orchestrator counts."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("orchestrator_http_requests_total", "HTTP requests.", ["method", "endpoint", "status"])
DURATION = Histogram("orchestrator_http_request_duration_seconds", "Duration of HTTP requests.", ["method", "endpoint"])
TASKS = Counter("tasks_submitted_total", "Tasks submitted.", ["priority"])
IN_PROGRESS = Gauge("tasks_in_progress", "Tasks in progress.", ["arm"])
