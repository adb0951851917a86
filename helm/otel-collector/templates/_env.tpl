{{- define "otel-collector.agentEnv" -}}
- {name: X, value: y}
{{- end }}
{{- define "otel-collector.gatewayEnv" -}}
- {name: X, value: y}
{{- end }}
{{- define "otel-collector.appLabel" -}}
- {targetLabel: app, action: replace, replacement: otel-collector-{{ .component }}}
{{- end }}
