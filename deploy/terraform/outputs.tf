output "release_name" {
  description = "Name of the Helm release."
  value       = helm_release.this.name
}

output "namespace" {
  description = "Namespace of the release."
  value       = helm_release.this.namespace
}

output "metrics_service" {
  description = "Headless Service of the agents' page and metrics."
  value       = "${helm_release.this.name}.${helm_release.this.namespace}.svc:9195"
}
