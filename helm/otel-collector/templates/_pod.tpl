{{- /* Parts that the pods of agent and gateway share. Argument everywhere: (dict "root" $ "component" "agent" "settings" .Values.agent) */ -}}

{{- define "otel-collector.podMetadata" -}}
labels:
  {{- include "otel-collector.labels" . | nindent 2 }}
  {{- with .settings.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  # A Collector reads its configuration once: a new one needs a new pod.
  checksum/config: {{ include "otel-collector.config" . | sha256sum }}
  {{- with .root.Values.token.value }}
  # The token's file is read again when it changes; with the checksum a rollout shows that it did.
  checksum/token: {{ . | sha256sum }}
  {{- end }}
  {{- with .settings.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "otel-collector.scheduling" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {{ if kindIs "string" . }}name: {{ . }}{{ else }}{{ toYaml . | nindent 4 | trim }}{{ end }}
  {{- end }}
{{- end }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Configuration files of a component, in the order in which the Collector merges them. */ -}}
{{- define "otel-collector.configFiles" -}}
{{- if eq .component "agent" -}}
base files agent
{{- else -}}
base loki{{ if .root.Values.tls.secret }} tls{{ end }} gateway
{{- end -}}
{{- end }}

{{- /* The very files of collector/ (links in files/), and what the values merge over them. */ -}}
{{- define "otel-collector.config" -}}
{{- $root := .root -}}
{{- range include "otel-collector.configFiles" . | splitList " " }}
{{ . }}.yaml: |
  {{- $root.Files.Get (printf "files/%s.yaml" .) | nindent 2 }}
{{- end }}
{{- with .settings.extraConfig }}
extra.yaml: |
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "otel-collector.args" -}}
{{- if eq .component "agent" -}}
# Without it up to 100 ms of lines are in memory only while their offsets are on disk.
- --feature-gates=stanza.synchronousLogEmitter
{{ end -}}
{{- range include "otel-collector.configFiles" . | splitList " " }}
- --config=/etc/otelcol/{{ . }}.yaml
{{- end }}
{{- if .settings.extraConfig }}
- --config=/etc/otelcol/extra.yaml
{{- end }}
{{- end }}

{{- /* /etc/otelcol: configuration, bearer token, and of the TLS Secret what the component needs (an agent never the key). */ -}}
{{- define "otel-collector.configVolume" -}}
- name: config
  projected:
    sources:
      - configMap:
          name: {{ include "otel-collector.fullname" .root }}-{{ .component }}
      - secret:
          name: {{ include "otel-collector.secretName" .root }}
          items:
            - {key: {{ .root.Values.token.key }}, path: token}
      {{- with .root.Values.tls.secret }}
      - secret:
          name: {{ . }}
          items:
            {{- range ternary (list "ca.crt") (list "tls.crt" "tls.key") (eq $.component "agent") }}
            - {key: {{ . }}, path: {{ . }}}
            {{- end }}
      {{- end }}
{{- end }}

{{- define "otel-collector.ports" -}}
- {name: otlp-grpc, containerPort: 4317}
- {name: otlp-http, containerPort: 4318}
- {name: metrics, containerPort: 8888}
- {name: health, containerPort: 13133}
{{- end }}

{{- define "otel-collector.probes" -}}
startupProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 2
  # A long queue is opened before the health endpoint answers.
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 15
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 5
{{- end }}
