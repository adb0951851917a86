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

{{- /* Names, or objects as the API has them. */ -}}
{{- define "fastapi-service.pullSecrets" -}}
{{- range .Values.imagePullSecrets -}}
- {{ if kindIs "string" . }}name: {{ . }}{{ else }}{{ toYaml . | nindent 2 | trim }}{{ end }}
{{ end }}
{{- end }}

{{- /* Paths of probes are not traffic: no line, no span, no sample. */ -}}
{{- define "fastapi-service.excludedUrls" -}}
{{- with .Values.probes -}}
{{- $paths := compact (list .liveness .readiness) | uniq -}}
{{- $patterns := list -}}
{{- range $paths }}{{ $patterns = append $patterns (printf "%s$" (regexQuoteMeta .)) }}{{ end -}}
{{- join "," $patterns -}}
{{- end -}}
{{- end }}

{{- /* Nobody sends to a worker: it need not wait for that to stop. */ -}}
{{- define "fastapi-service.preStopSeconds" -}}
{{- ternary .Values.shutdown.preStopSeconds 0 .Values.service.enabled -}}
{{- end }}

{{- /* The preStop hook, for what the cluster knows. */ -}}
{{- define "fastapi-service.preStop" -}}
{{- $seconds := int .Values.shutdown.preStopSeconds -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
sleep: {seconds: {{ $seconds }}}
{{- else -}}
exec: {command: [sleep, {{ $seconds | quote }}]}
{{- end -}}
{{- end }}

{{- /* More than one pod, whoever decides how many. */ -}}
{{- define "fastapi-service.leastPods" -}}
{{- ternary .Values.autoscaling.minReplicas .Values.replicas .Values.autoscaling.enabled -}}
{{- end }}

{{- /* Attributes that Prometheus, Loki and the trace store share; $(NAME) is filled in by the kubelet. */ -}}
{{- define "fastapi-service.resourceAttributes" -}}
service.namespace={{ .Values.serviceNamespace | default .Release.Namespace }},
{{- ""}}service.version={{ .Values.image.tag }},
{{- with .Values.environment }}deployment.environment.name={{ . }},{{ end }}
{{- ""}}k8s.namespace.name={{ .Release.Namespace }},
{{- ""}}k8s.deployment.name={{ include "fastapi-service.name" . }},
{{- ""}}k8s.container.name={{ include "fastapi-service.name" . }},
{{- ""}}k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME)
{{- end }}
