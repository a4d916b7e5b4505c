{{- define "spoor.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "spoor.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "spoor.labels" -}}
{{ include "spoor.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Of the pod of `helm test`: nothing that selects the agents selects it. */}}
{{- define "spoor.testLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "spoor.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "spoor.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "spoor.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "spoor.configMap" -}}
{{- default (include "spoor.fullname" .) .Values.existingConfigMap -}}
{{- end -}}

{{/* The two URLs first, what stands in config over them; a level of rights chooses where pods are asked for. */}}
{{- define "spoor.config" -}}
{{- if .Values.configRaw -}}
{{- tpl .Values.configRaw . -}}
{{- else -}}
{{- $config := dict -}}
{{- if .Values.lokiUrl -}}
{{- $config = mergeOverwrite $config (dict "logs" (dict "clients" (list (dict "url" .Values.lokiUrl)))) -}}
{{- end -}}
{{- if .Values.remoteWriteUrl -}}
{{- $config = mergeOverwrite $config (dict "metrics" (dict "remote_write" (list (dict "url" .Values.remoteWriteUrl)))) -}}
{{- end -}}
{{- if ne .Values.labelProfile "default" -}}
{{- $config = mergeOverwrite $config (dict "logs" (dict "label_profile" .Values.labelProfile)) -}}
{{- end -}}
{{- if eq (int .Values.rbac.level) 2 -}}
{{- $config = mergeOverwrite $config (dict "kubernetes" (dict "metadata" "kubelet")) -}}
{{- end -}}
{{- if .Values.monitors.podMonitors -}}
{{- $config = mergeOverwrite $config (dict "metrics" (dict "pod_monitors" (dict "enabled" true))) -}}
{{- end -}}
{{- if .Values.monitors.serviceMonitors -}}
{{- $config = mergeOverwrite $config (dict "metrics" (dict "service_monitors" (dict "enabled" true))) -}}
{{- end -}}
{{- $config = mergeOverwrite $config (deepCopy .Values.config) -}}
{{- toYaml $config -}}
{{- end -}}
{{- end -}}

{{/* What the kubelet asks: dict path, probe. */}}
{{- define "spoor.probe" -}}
path: {{ .path }}
port: http
scheme: {{ .probe.scheme }}
{{- with .probe.httpHeaders }}
httpHeaders:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* An endpoint of a ServiceMonitor or PodMonitor: dict endpoint, monitor, port. */}}
{{- define "spoor.endpoint" -}}
- port: {{ .port }}
  path: {{ .endpoint.path }}
  {{- with .monitor.interval }}
  interval: {{ . }}
  {{- end }}
  {{- with .monitor.scrapeTimeout }}
  scrapeTimeout: {{ . }}
  {{- end }}
  {{- with .monitor.endpointConfig }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  relabelings:
    - sourceLabels: [__meta_kubernetes_pod_node_name]
      targetLabel: node
    - sourceLabels: [__meta_kubernetes_pod_node_name]
      targetLabel: instance
    {{- with .endpoint.job }}
    - targetLabel: job
      replacement: {{ . }}
    {{- end }}
    {{- if eq .endpoint.path "/metrics/pods" }}
    - targetLabel: metrics_path
      replacement: /metrics/cadvisor
    {{- end }}
    {{- with .monitor.relabelings }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if eq .endpoint.path "/metrics/pods" }}
  honorLabels: true
  {{- end }}
  {{- with .monitor.metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
