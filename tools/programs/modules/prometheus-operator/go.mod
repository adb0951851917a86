// Not built: the operator's CRDs lie in this module, and tools/charts reads them there.
module otel-distro/tools/prometheus-operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.93.1
