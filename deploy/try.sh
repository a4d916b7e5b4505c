#!/bin/bash
# Spoor in one command, on this machine: installs what is missing, builds the release, starts a small demo shop and Spoor on its logs
# and metrics and on this host's, and shows the records as they come. Ctrl-C stops everything that it started.
#
#   deploy/try.sh [--seconds N] [--port N] [--loki URL] [--remote-write URL] [--keep]
#
#   --seconds N         end by itself after N seconds of showing records
#   --port N            where its page is (9195)
#   --loki URL          ship the records to this Loki too, e.g. http://127.0.0.1:3100/loki/api/v1/push
#   --remote-write URL  send the metrics to this receiver, e.g. http://127.0.0.1:9090/api/v1/write
#   --keep              leave the folder with the demo logs, the configuration and Spoor's own log
set -u
cd "$(dirname "$0")/.." || exit 1

seconds=0 port=9195 loki='' remote_write='' keep=''
usage() { sed -n '5,11s/^# \{0,1\}//p' deploy/try.sh; }
while [ $# -gt 0 ]; do
	option=$1 value=
	case $option in
	--*=*) value=${option#*=} option=${option%%=*} ;;
	--seconds|--port|--loki|--remote-write)
		[ $# -gt 1 ] || { echo "try.sh: $option needs a value" >&2; exit 2; }
		value=$2
		shift
		;;
	esac
	shift
	case $option in
	--seconds) seconds=$value ;;
	--port) port=$value ;;
	--loki) loki=$value ;;
	--remote-write) remote_write=$value ;;
	--keep) keep=yes ;;
	-h|--help) usage; exit 0 ;;
	*) echo "try.sh: unknown option $option" >&2; usage >&2; exit 2 ;;
	esac
done
for number in "$seconds" "$port"; do
	case $number in ''|*[!0-9]*) echo "try.sh: '$number' is not a number" >&2; exit 2 ;; esac
done
case $loki in
''|http://*/*/*|https://*/*/*) ;;
http://*|https://*) loki=${loki%/}/loki/api/v1/push ;;
*) echo "try.sh: --loki wants a URL such as http://127.0.0.1:3100/loki/api/v1/push, got '$loki'" >&2; exit 2 ;;
esac
case $remote_write in
''|http://*/*/*|https://*/*/*) ;;
http://*|https://*) remote_write=${remote_write%/}/api/v1/write ;;
*) echo "try.sh: --remote-write wants a URL such as http://127.0.0.1:9090/api/v1/write, got '$remote_write'" >&2; exit 2 ;;
esac
case $loki$remote_write in *[\"\\]*) echo "try.sh: quotes and backslashes are not part of a URL: '$loki' '$remote_write'" >&2; exit 2 ;; esac

dir=$(mktemp -d)
chmod 755 "$dir"
follow_pid='' workload_pid='' spoor_pid=''
stop() {
	trap - EXIT INT TERM
	# Only what was started here, by its id: the workload before Spoor, so that its last lines are delivered.
	for pid in $follow_pid $workload_pid $spoor_pid; do
		kill -TERM "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	if [ -n "$keep" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap stop EXIT
trap 'echo; exit 0' INT TERM

echo '== Installing what is missing, building (the first time: a minute or two)'
tests/setup.sh build demo || exit 1
if ! cmake --workflow --preset release >"$dir/build.log" 2>&1; then
	tail -n 40 "$dir/build.log"
	echo 'try.sh: the build failed; its last words are above' >&2
	exit 1
fi

mkdir "$dir/pods" # there at Spoor's start, so that it is watched at once, not from the next scan on
PYTHONDONTWRITEBYTECODE=1 python3 deploy/demo/workload.py "$dir" </dev/null &
workload_pid=$!
for _ in $(seq 100); do
	[ -s "$dir/targets.json" ] && break
	kill -0 "$workload_pid" 2>/dev/null || exit 1
	sleep 0.1
done
# Targets are only asked when somebody is to have the samples. Without a receiver the demo shop takes them and throws them away.
demo=$(sed -n 's/.*"\(127\.0\.0\.1:[0-9]*\)".*/\1/p' "$dir/targets.json")
{
	echo 'logs:'
	[ -z "$loki" ] || printf '  clients:\n    - url: "%s"\n' "$loki"
	cat <<-'YAML'
	  scrape_configs:
	    # The pods: here the demo shop, in a cluster every container of the node.
	    - job_name: pods
	      kubernetes_sd_configs:
	        - role: pod
	    # This host's own logs.
	    - job_name: host
	      static_configs:
	        - labels:
	            job: host
	            __path__: /var/log/*.log
	metrics:
	  global:
	    scrape_interval: 5s
	    scrape_timeout: 4s
	  # This host, its containers if it has any, and Spoor itself. With jobs of one's own, as below, they want to be asked for.
	  node: { enabled: true }
	  pods: { enabled: true }
	  self: { enabled: true }
	  scrape_configs:
	    # The demo shop's own metrics; it writes its address into that file.
	    - job_name: demo
	      file_sd_configs:
	        - files: [targets.json]
	  remote_write:
	YAML
	if [ -n "$remote_write" ]; then
		printf '    - url: "%s"\n' "$remote_write"
	else
		printf '    - url: "http://%s/discard"\n      name: nowhere\n      protobuf_message: prometheus.WriteRequest\n' "$demo"
	fi
} >"$dir/spoor.yaml"

build/release/spoor run --config.file="$dir/spoor.yaml" --path.pod-logs="$dir/pods" --state.dir="$dir/state" \
	--web.listen-address="127.0.0.1:$port" </dev/null >"$dir/spoor.log" 2>&1 &
spoor_pid=$!

url=http://127.0.0.1:$port
for _ in $(seq 100); do
	kill -0 "$spoor_pid" 2>/dev/null || break
	python3 -c 'import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=2)' "$url/-/ready" 2>/dev/null && break
	sleep 0.1
done
if ! kill -0 "$spoor_pid" 2>/dev/null; then
	cat "$dir/spoor.log"
	echo "try.sh: Spoor has ended; what it said is above. Is port $port in use? Then: deploy/try.sh --port N" >&2
	exit 1
fi

echo "== Spoor runs. Its page: $url/   metrics: $url/metrics   what it scrapes: $url/targets   configuration: $url/config"
if [ -n "$loki" ]; then
	echo "   Shipping to $loki; ask it: {namespace=\"shop\"} | trace_id=\"...\""
else
	echo '   No Loki was named: the newest records are kept in memory and shown on the page. Search there by a trace id from below.'
fi
if [ -n "$remote_write" ]; then
	echo "   Sending metrics to $remote_write; ask it: node_load1, shop_orders_total (its exemplars carry trace ids of the lines below)"
else
	echo "   No receiver was named: metrics are scraped every 5 s and thrown away. They are at $url/metrics/node, the demo shop's at http://$demo/metrics"
fi
echo '== Records: time, labels, trace id (- when the line has none), line. Ctrl-C stops everything.'
# In the background, so that a signal ends the waiting at once.
python3 deploy/demo/follow.py "$url" --seconds "$seconds" --pid "$spoor_pid" </dev/null &
follow_pid=$!
wait "$follow_pid"
code=$?
follow_pid=''
if [ "$code" = 1 ]; then
	tail -n 20 "$dir/spoor.log"
	echo 'try.sh: Spoor has ended or does not answer; its last words are above' >&2
fi
exit "$code"
