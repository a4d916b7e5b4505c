# What becomes of the variables; apart from main.tf because it needs no provider, and so can be tried without a cluster.
locals {
  chart = var.chart != "" ? var.chart : "${path.module}/../helm/spoor"
  values = {
    image          = { repository = var.image_repository, tag = var.image_tag }
    lokiUrl        = var.loki_url
    remoteWriteUrl = var.remote_write_url
    rbac           = { level = var.rbac_level }
    secretMounts   = var.existing_secret == "" ? [] : [{ name = var.existing_secret, mountPath = "/etc/spoor-secrets" }]
    serviceMonitor = { enabled = length(var.service_monitor_labels) > 0, additionalLabels = var.service_monitor_labels }
  }
}
