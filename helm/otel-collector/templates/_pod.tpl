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
  {{- with .settings.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "otel-collector.scheduling" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
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

{{- /* The configuration of a component: the very file of collector/, and what the values merge over it. */ -}}
{{- define "otel-collector.config" -}}
{{ .component }}.yaml: |
  {{- .root.Files.Get (printf "files/%s.yaml" .component) | nindent 2 }}
{{- with .settings.extraConfig }}
extra.yaml: |
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "otel-collector.args" -}}
- --config=/etc/otelcol/{{ .component }}.yaml
{{- if .settings.extraConfig }}
- --config=/etc/otelcol/extra.yaml
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

{{- /* Who this pod is, for the Collector's own metrics and for k8s_attributes. */ -}}
{{- define "otel-collector.identityEnv" -}}
- name: K8S_NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- name: MY_POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: MY_POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- name: GOMEMLIMIT
  value: {{ include "otel-collector.gomemlimit" .settings | quote }}
- name: OTLP_BEARER_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ include "otel-collector.secretName" .root }}
      key: {{ .root.Values.token.key }}
{{- end }}

{{- define "otel-collector.extraEnv" -}}
{{- range $name, $value := .settings.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
