variable "namespace" {
  description = "Namespace of the release."
  type        = string
  default     = "spoor"
}

variable "create_namespace" {
  description = "Make the namespace, with the label by which Pod Security admits hostPath volumes."
  type        = bool
  default     = true
}

variable "release_name" {
  description = "Name of the Helm release."
  type        = string
  default     = "spoor"
}

variable "chart" {
  description = "Where the chart is: a folder, or its name in chart_repository."
  type        = string
  default     = ""
}

variable "chart_repository" {
  description = "Repository of the chart; empty: chart is a folder."
  type        = string
  default     = ""
}

variable "chart_version" {
  description = "Version of the chart in chart_repository; empty: the newest, or what lies in the folder."
  type        = string
  default     = ""
}

variable "image_repository" {
  description = "Image without its tag."
  type        = string
  default     = "spoor"
}

variable "image_tag" {
  description = "Tag of the image; empty: the chart's appVersion."
  type        = string
  default     = ""
}

variable "loki_url" {
  description = "Loki's push address, such as http://loki.monitoring.svc:3100/loki/api/v1/push; empty: logs are not shipped."
  type        = string
  default     = ""
}

variable "remote_write_url" {
  description = "Receiver of metrics, such as http://prometheus.monitoring.svc:9090/api/v1/write; empty: metrics are only served."
  type        = string
  default     = ""
}

variable "existing_secret" {
  description = "Secret to mount at /etc/spoor-secrets, for password_file and ca_file in the configuration; empty: none."
  type        = string
  default     = ""
}

variable "rbac_level" {
  description = "0: no right in the cluster. 1: list pods. 2: ask the node's kubelet."
  type        = number
  default     = 1
  validation {
    condition     = contains([0, 1, 2], var.rbac_level)
    error_message = "rbac_level is 0, 1 or 2."
  }
}

variable "service_monitor_labels" {
  description = "Labels that your Prometheus selects ServiceMonitors by; empty: no ServiceMonitor."
  type        = map(string)
  default     = {}
}

variable "extra_values" {
  description = "More values of the chart, each a YAML text; later ones win."
  type        = list(string)
  default     = []
}
