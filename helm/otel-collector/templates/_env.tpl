{{- /* The variables that collector/*.yaml read, from the values. Argument: (dict "root" $ "component" "agent" "settings" .Values.agent) */ -}}
{{- define "otel-collector.ownEnv" -}}
{{- $memory := include "otel-collector.bytes" .settings.resources.limits.memory | int64 -}}
- name: K8S_NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
# Go's garbage collector works harder from 80 % of the limit on, instead of being killed at 100 %.
- name: GOMEMLIMIT
  value: {{ div (mul $memory 80) 100 | quote }}
- name: COLLECTOR_MEMORY_MIB
  value: {{ div (mul $memory 75) 104857600 | quote }}
- name: COLLECTOR_MEMORY_SPIKE_MIB
  value: {{ div (mul $memory 15) 104857600 | quote }}
- name: COLLECTOR_HEALTH_ADDRESS
  value: 0.0.0.0:13133
- name: COLLECTOR_METRICS_HOST
  value: 0.0.0.0
{{ include (printf "otel-collector.%sEnv" .component) .root }}
{{- end }}

{{- /* The same, with what the user sets in the place of what the chart would: a name twice is refused by the API server. */ -}}
{{- define "otel-collector.env" -}}
{{- $given := .settings.env -}}
{{- range .settings.extraEnv }}{{ $given = set (deepCopy $given) .name "" }}{{ end -}}
{{- range include "otel-collector.ownEnv" . | fromYamlArray }}
{{- if not (hasKey $given .name) }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- range $name, $value := .settings.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .settings.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "otel-collector.agentEnv" -}}
{{- $gateway := printf "%s-gateway" (include "otel-collector.fullname" .) -}}
{{- $tls := or (ne .Values.tls.secret "") .Values.agent.gatewayTLS -}}
- name: GATEWAY_ENDPOINT
  value: {{ ternary "https" "http" $tls }}://{{ .Values.agent.gatewayEndpoint | default (printf "%s.%s.svc:4318" $gateway .Release.Namespace) }}
{{- if $tls }}
- name: GATEWAY_INSECURE
  value: "false"
{{- end }}
{{- if .Values.tls.secret }}
- name: GATEWAY_CA_FILE
  value: /etc/otelcol/ca.crt
{{- end }}
{{- if .Values.tailSampling.enabled }}
- name: COLLECTOR_TRACES_EXPORTERS
  value: "[load_balancing]"
- name: GATEWAY_HEADLESS_HOST
  value: {{ $gateway }}-headless.{{ .Release.Namespace }}.svc
{{- end }}
{{- end }}

{{- define "otel-collector.gatewayEnv" -}}
{{- with .Values.destinations -}}
- name: LOKI_OTLP_ENDPOINT
  value: {{ with .victoriaLogs.endpoint }}{{ . }}/insert/opentelemetry{{ else }}{{ .loki.endpoint }}{{ end }}
{{- with .loki.tenant }}
- name: LOKI_TENANT
  value: {{ . }}
{{- end }}
{{- with .traces.endpoint }}
- name: TRACES_OTLP_ENDPOINT
  value: {{ . }}
- name: COLLECTOR_TRACES_EXPORTERS
  value: "[otlp_http/traces]"
{{- end }}
{{- with .metrics.endpoint }}
- name: PROMETHEUS_OTLP_ENDPOINT
  value: {{ . }}
- name: COLLECTOR_METRICS_EXPORTERS
  value: "[otlp_http/prometheus]"
{{- end }}
{{- end }}
{{- if .Values.tailSampling.enabled }}
- name: COLLECTOR_TRACES_PROCESSORS
  value: "[memory_limiter, tail_sampling, redaction]"
{{- end }}
{{- if .Values.tls.secret }}
- name: COLLECTOR_TLS_CERT
  value: /etc/otelcol/tls.crt
- name: COLLECTOR_TLS_KEY
  value: /etc/otelcol/tls.key
{{- end }}
# Two fifths of the volume: while the queue's file is compacted there are two of it.
- name: COLLECTOR_QUEUE_BYTES
  value: {{ div (mul (include "otel-collector.bytes" .Values.gateway.persistence.size | int64) 2) 5 | quote }}
{{- end }}

{{- define "otel-collector.appLabel" -}}
- {targetLabel: app, action: replace, replacement: otel-collector-{{ .component }}}
{{- end }}
