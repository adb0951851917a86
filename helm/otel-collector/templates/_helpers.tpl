{{- define "otel-collector.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- /* Prefix of every object: the release, unless its name says it already. 44: a StatefulSet's name may have 52 letters, because
its pods carry it with a revision in a label. */ -}}
{{- define "otel-collector.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 44 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 44 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- /* Labels that never change over a release's life: selectors are immutable. Argument: (dict "root" $ "component" "agent") */ -}}
{{- define "otel-collector.selector" -}}
app.kubernetes.io/name: {{ include "otel-collector.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "otel-collector.labels" -}}
{{ include "otel-collector.selector" . }}
app.kubernetes.io/part-of: {{ .root.Values.partOf }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "otel-collector.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "otel-collector.secretName" -}}
{{- .Values.token.existingSecret | default (printf "%s-token" (include "otel-collector.fullname" .)) -}}
{{- end }}

{{- /* Bytes of a Kubernetes quantity such as 384Mi; the schema admits Mi and Gi only. */ -}}
{{- define "otel-collector.bytes" -}}
{{- if hasSuffix "Gi" . -}}
{{- mul (trimSuffix "Gi" . | int64) 1073741824 -}}
{{- else -}}
{{- mul (trimSuffix "Mi" . | int64) 1048576 -}}
{{- end -}}
{{- end }}
