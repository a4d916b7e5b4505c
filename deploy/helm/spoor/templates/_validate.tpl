{{- define "spoor.validate" -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "serviceMonitor.enabled and podMonitor.enabled: each sample would be scraped twice; enable one of them" -}}
{{- end -}}
{{- end -}}
