# Prometheus, Loki, Jaeger and Grafana, a service that writes traces and logs, and Spoor between them. For a look at it (kind, minikube): one
# replica of each, nothing is kept.
terraform {
  required_version = ">= 1.5"
  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = ">= 3.0" # kubernetes below is an attribute since then
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = ">= 2.25"
    }
  }
}

variable "kubeconfig" {
  description = "How to reach the cluster."
  type        = string
  default     = "~/.kube/config"
}

variable "image_repository" {
  description = "Image of Spoor without its tag."
  type        = string
}

variable "images" {
  description = "Images of the others."
  type        = map(string)
  default = {
    prometheus = "prom/prometheus:v3.5.0"
    loki       = "grafana/loki:3.5.0"
    jaeger     = "jaegertracing/all-in-one:1.62.0"
    grafana    = "grafana/grafana:12.0.0"
    hotrod     = "jaegertracing/example-hotrod:1.62.0"
  }
}

provider "kubernetes" {
  config_path = pathexpand(var.kubeconfig)
}

provider "helm" {
  kubernetes = {
    config_path = pathexpand(var.kubeconfig)
  }
}

locals {
  namespace  = "observability"
  dashboards = "${path.module}/../../../helm/spoor/files/dashboards"
  parts = {
    prometheus = {
      port = 9090
      args = ["--config.file=/etc/prometheus/prometheus.yml", "--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage"]
      env  = {}
    }
    loki = {
      port = 3100
      args = ["-config.file=/etc/loki/local-config.yaml", "-validation.allow-structured-metadata=true"]
      env  = {}
    }
    jaeger = {
      port = 16686
      args = []
      env  = { COLLECTOR_OTLP_ENABLED = "true" }
    }
    grafana = {
      port = 3000
      args = []
      env  = { GF_AUTH_ANONYMOUS_ENABLED = "true", GF_AUTH_ANONYMOUS_ORG_ROLE = "Admin" }
    }
  }
}

resource "kubernetes_namespace_v1" "observability" {
  metadata {
    name = local.namespace
  }
}

resource "kubernetes_config_map_v1" "datasources" {
  metadata {
    name      = "grafana-datasources"
    namespace = kubernetes_namespace_v1.observability.metadata[0].name
  }
  data = {
    "spoor.yaml" = file("${path.module}/../../../grafana/datasources-jaeger.yaml")
  }
}

# Below the folder of the provider, which is the chart's dashboards as they are.
resource "kubernetes_config_map_v1" "dashboards" {
  metadata {
    name      = "grafana-dashboards"
    namespace = kubernetes_namespace_v1.observability.metadata[0].name
  }
  data = merge(
    { for name in fileset(local.dashboards, "*.json") : name => file("${local.dashboards}/${name}") },
    {
      "provider.yaml" = yamlencode({
        apiVersion = 1
        providers  = [{ name = "spoor", options = { path = "/etc/grafana/provisioning/dashboards" } }]
      })
    },
  )
}

resource "kubernetes_deployment_v1" "part" {
  for_each = local.parts
  metadata {
    name      = each.key
    namespace = kubernetes_namespace_v1.observability.metadata[0].name
    labels    = { app = each.key }
  }
  spec {
    selector {
      match_labels = { app = each.key }
    }
    template {
      metadata {
        labels = { app = each.key }
      }
      spec {
        # Variables such as LOKI_PORT, which programs might take for their own.
        enable_service_links = false
        container {
          name  = each.key
          image = var.images[each.key]
          args  = each.value.args
          port {
            container_port = each.value.port
          }
          dynamic "env" {
            for_each = each.value.env
            content {
              name  = env.key
              value = env.value
            }
          }
          dynamic "volume_mount" {
            for_each = each.key == "grafana" ? ["datasources", "dashboards"] : []
            content {
              name       = volume_mount.value
              mount_path = "/etc/grafana/provisioning/${volume_mount.value}"
            }
          }
        }
        dynamic "volume" {
          for_each = each.key == "grafana" ? {
            datasources = kubernetes_config_map_v1.datasources.metadata[0].name
            dashboards  = kubernetes_config_map_v1.dashboards.metadata[0].name
          } : {}
          content {
            name = volume.key
            config_map {
              name = volume.value
            }
          }
        }
      }
    }
  }
}

resource "kubernetes_service_v1" "part" {
  for_each = local.parts
  metadata {
    name      = each.key
    namespace = kubernetes_namespace_v1.observability.metadata[0].name
  }
  spec {
    selector = { app = each.key }
    port {
      name = "http"
      port = each.value.port
    }
    dynamic "port" {
      for_each = each.key == "jaeger" ? [1] : []
      content {
        name = "otlp-http"
        port = 4318
      }
    }
  }
}

resource "kubernetes_namespace_v1" "shop" {
  metadata {
    name = "shop"
  }
}

resource "kubernetes_deployment_v1" "hotrod" {
  metadata {
    name      = "hotrod"
    namespace = kubernetes_namespace_v1.shop.metadata[0].name
    labels    = { app = "hotrod" }
  }
  spec {
    selector {
      match_labels = { app = "hotrod" }
    }
    template {
      metadata {
        labels = { app = "hotrod" }
      }
      spec {
        container {
          name  = "hotrod"
          image = var.images["hotrod"]
          args  = ["all"]
          env {
            name  = "OTEL_EXPORTER_OTLP_ENDPOINT"
            value = "http://jaeger.${local.namespace}.svc:4318"
          }
          env {
            name = "POD_NAME"
            value_from {
              field_ref {
                field_path = "metadata.name"
              }
            }
          }
          env {
            name  = "OTEL_RESOURCE_ATTRIBUTES"
            value = "k8s.namespace.name=shop,k8s.pod.name=$(POD_NAME),k8s.container.name=hotrod"
          }
          port {
            container_port = 8080
          }
        }
      }
    }
  }
}

module "spoor" {
  source           = "../.."
  image_repository = var.image_repository
  loki_url         = "http://loki.${local.namespace}.svc:3100/loki/api/v1/push"
  remote_write_url = "http://prometheus.${local.namespace}.svc:9090/api/v1/write"
}

output "grafana" {
  value = "kubectl -n ${local.namespace} port-forward service/grafana 3000"
}
