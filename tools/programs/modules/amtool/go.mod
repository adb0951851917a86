module otel-distro/tools/amtool

go 1.26.0

require github.com/prometheus/alertmanager v0.34.2

tool github.com/prometheus/alertmanager/cmd/amtool
