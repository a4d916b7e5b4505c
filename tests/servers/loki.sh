#!/bin/sh
# Becomes a single-process Loki on loopback with its data in DIR (kept: start it again on the same DIR to continue).
# usage: LOKI=path loki.sh DIR PORT   (ports PORT to PORT+2 are used)
#
# Limits, so that tests can set low ones; the defaults here are high, where Loki's own would bite a test by accident:
#   LOKI_RATE_MB, LOKI_BURST_MB            tenant's ingestion rate (512)       LOKI_MAX_STREAMS    active streams (0: no limit)
#   LOKI_STREAM_RATE, LOKI_STREAM_BURST    per stream (512MB)                  LOKI_MAX_LINE_SIZE  (256KB, as Loki has it)
#   LOKI_REJECT_OLD  reject samples older than LOKI_MAX_AGE (false, 168h)      LOKI_METADATA       structured metadata (true)
#   LOKI_AUTH        tenant header required (false)                            LOKI_LOG_LEVEL      (warn)
set -eu
binary=${LOKI:?LOKI must be the path of a loki binary: tests/servers/get.sh loki prints it}
dir=${1:?usage: loki.sh DIR PORT} port=${2:?usage: loki.sh DIR PORT}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cat >"$dir/loki.yaml" <<YAML
auth_enabled: ${LOKI_AUTH:-false}
analytics:
  reporting_enabled: false
server:
  http_listen_address: 127.0.0.1
  http_listen_port: $port
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: $((port + 1))
  log_level: ${LOKI_LOG_LEVEL:-warn}
common:
  instance_addr: 127.0.0.1
  path_prefix: $dir
  replication_factor: 1
  storage:
    filesystem:
      chunks_directory: $dir/chunks
      rules_directory: $dir/rules
  ring:
    instance_addr: 127.0.0.1
    kvstore:
      store: inmemory
memberlist:
  bind_addr: [127.0.0.1]
  bind_port: $((port + 2))
frontend_worker:
  frontend_address: 127.0.0.1:$((port + 1))
query_scheduler:
  max_outstanding_requests_per_tenant: 4096
ingester:
  lifecycler:
    min_ready_duration: 0s
    final_sleep: 0s
  # Acknowledged lines survive kill -9 of Loki.
  wal:
    enabled: true
    dir: $dir/wal
schema_config:
  configs:
    - from: 2024-01-01
      store: tsdb
      object_store: filesystem
      schema: v13
      index:
        prefix: index_
        period: 24h
limits_config:
  allow_structured_metadata: ${LOKI_METADATA:-true}
  ingestion_rate_mb: ${LOKI_RATE_MB:-512}
  ingestion_burst_size_mb: ${LOKI_BURST_MB:-${LOKI_RATE_MB:-512}}
  per_stream_rate_limit: ${LOKI_STREAM_RATE:-512MB}
  per_stream_rate_limit_burst: ${LOKI_STREAM_BURST:-${LOKI_STREAM_RATE:-512MB}}
  max_global_streams_per_user: ${LOKI_MAX_STREAMS:-0}
  max_line_size: ${LOKI_MAX_LINE_SIZE:-256KB}
  reject_old_samples: ${LOKI_REJECT_OLD:-false}
  reject_old_samples_max_age: ${LOKI_MAX_AGE:-168h}
  max_entries_limit_per_query: 1000000
  max_query_length: 0
  volume_enabled: false
YAML
exec "$binary" -config.file="$dir/loki.yaml"
