module otel-distro/tools/alertmanager

go 1.26.0

// Newer servers need web assets that are not committed.
require github.com/prometheus/alertmanager v0.31.1

tool github.com/prometheus/alertmanager/cmd/alertmanager
