{{- define "fastapi-service.name" -}}
{{- .Values.name | default .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "fastapi-service.selector" -}}
app.kubernetes.io/name: {{ include "fastapi-service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "fastapi-service.labels" -}}
{{ include "fastapi-service.selector" . }}
app.kubernetes.io/part-of: {{ .Values.partOf }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "fastapi-service.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end -}}
{{- end -}}
{{- end }}

{{- /* Attributes that Prometheus, Loki and the trace store share; $(NAME) is filled in by the kubelet. */ -}}
{{- define "fastapi-service.resourceAttributes" -}}
service.namespace={{ .Values.serviceNamespace | default .Release.Namespace }},
{{- ""}}service.version={{ .Values.image.tag }},
{{- ""}}deployment.environment.name={{ .Values.environment }},
{{- ""}}k8s.namespace.name={{ .Release.Namespace }},
{{- ""}}k8s.deployment.name={{ include "fastapi-service.name" . }},
{{- ""}}k8s.container.name={{ include "fastapi-service.name" . }},
{{- ""}}k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME)
{{- end }}
