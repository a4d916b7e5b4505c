{{- define "spoor.validate" -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "serviceMonitor.enabled and podMonitor.enabled: each sample would be scraped twice; enable one of them" -}}
{{- end -}}
{{- if and (or .Values.monitors.podMonitors .Values.monitors.serviceMonitors) (ne (int .Values.rbac.level) 1) -}}
{{- fail "monitors: PodMonitor and ServiceMonitor objects are asked of the API server, with the pods; set rbac.level to 1" -}}
{{- end -}}
{{- end -}}
