resource "kubernetes_namespace_v1" "this" {
  count = var.create_namespace ? 1 : 0
  metadata {
    name = var.namespace
    labels = {
      # Reading the node's logs takes hostPath volumes, which only this level admits.
      "pod-security.kubernetes.io/enforce" = "privileged"
    }
  }
}

resource "helm_release" "this" {
  name            = var.release_name
  namespace       = var.create_namespace ? kubernetes_namespace_v1.this[0].metadata[0].name : var.namespace
  repository      = var.chart_repository == "" ? null : var.chart_repository
  chart           = local.chart
  version         = var.chart_version == "" ? null : var.chart_version
  atomic          = true
  cleanup_on_fail = true
  timeout         = 600
  values          = concat([yamlencode(local.values)], var.extra_values)
}
