#!/bin/bash
# A real node: a machine of its own (machine.sh), containerd, etcd, API server, controllers, scheduler, kubelet and proxy in it, and the
# images. Returns when the node is Ready.   usage: up.sh DIR   (an absolute path; programs in the environment, as programs.sh exports them)
#   then: machine.sh enter DIR COMMAND..., with KUBECONFIG=DIR/conf/admin.kubeconfig; and down.sh DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$1 node=spoor-node address=10.88.0.1 pods=10.88.0.0/24 services=10.96.0.0/16 service=10.96.0.1
began=$(date +%s%N)
say() { printf '%5d ms  %s\n' $((($(date +%s%N) - began) / 1000000)) "$*"; }

inside() { "$here/machine.sh" enter "$dir" "$@"; }
part() { inside "$here/part.sh" "$dir" "$@"; }
kubectl() { inside "$KUBECTL" --kubeconfig "$dir/conf/admin.kubeconfig" "$@"; }
wait_for() { # wait_for PART SECONDS COMMAND...: the part is the one whose log tells why not
	name=$1 end=$(($(date +%s) + $2))
	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ "$(date +%s)" -ge "$end" ]; then
			echo "up.sh: $name: still not: $*; its log ends:" >&2
			tail -n 20 "$dir/log/$name.log" >&2
			exit 1
		fi
		sleep 0.2
	done
	say "$name: ${*##*/}"
}

settings() {
	mkdir -p "$dir/log" "$dir/pid" "$dir/run" "$dir/conf/cni" "$dir/conf/static"
	for name in KUBE_APISERVER KUBE_CONTROLLER_MANAGER KUBE_SCHEDULER KUBELET KUBE_PROXY KUBECTL; do
		printf '%s=%q\n' "$name" "${!name}"
	done >"$dir/settings"
	printf 'NODE=%s\nADDRESS=%s\nSERVICES=%s\n' $node $address $services >>"$dir/settings"
	"$here/certificates.sh" "$dir" $node $address $service 2>"$dir/log/certificates.log"
	cd "$dir/conf"
	# Not an empty one: then pods would get this machine's.
	printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >resolv.conf
	cat >cni/10-bridge.conflist <<-END
	{ "cniVersion": "0.4.0", "name": "pods", "plugins": [{ "type": "bridge", "bridge": "pods0", "hairpinMode": true,
	  "ipam": { "type": "host-local", "dataDir": "$dir/run/addresses", "routes": [{ "dst": "$services", "gw": "$address" }],
	  "ranges": [[{ "subnet": "$pods", "rangeStart": "10.88.0.10", "gateway": "$address" }]] } }] }
	END
	# restrict_oom_score_adj: without CAP_SYS_RESOURCE no container could be made else.
	cat >containerd.toml <<-END
	version = 2
	[plugins."io.containerd.internal.v1.opt"]
	  path = "/var/lib/containerd/opt"
	[plugins."io.containerd.grpc.v1.cri"]
	  sandbox_image = "localhost/pause:1"
	  restrict_oom_score_adj = true
	  stream_server_address = "127.0.0.1"
	  [plugins."io.containerd.grpc.v1.cri".cni]
	    bin_dir = "/usr/lib/cni"
	    conf_dir = "$dir/conf/cni"
	  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
	    runtime_type = "io.containerd.runc.v2"
	END
	cat >kubelet.yaml <<-END
	apiVersion: kubelet.config.k8s.io/v1beta1
	kind: KubeletConfiguration
	address: $address
	healthzBindAddress: 127.0.0.1
	tlsCertFile: $dir/pki/kubelet-server.crt
	tlsPrivateKeyFile: $dir/pki/kubelet-server.key
	authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: $dir/pki/ca.crt } }
	authorization: { mode: Webhook }
	containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
	cgroupDriver: cgroupfs
	failCgroupV1: false
	failSwapOn: false
	makeIPTablesUtilChains: false
	clusterDomain: cluster.local
	staticPodPath: $dir/conf/static
	resolvConf: $dir/conf/resolv.conf
	clusterDNS: [$address]
	volumePluginDir: $dir/run/plugins
	containerLogMaxSize: 1Mi
	containerLogMonitorInterval: 3s
	syncFrequency: 5s
	imageGCHighThresholdPercent: 100
	evictionHard: { memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1% }
	END
	cat >proxy.yaml <<-END
	apiVersion: kubeproxy.config.k8s.io/v1alpha1
	kind: KubeProxyConfiguration
	clientConnection: { kubeconfig: $dir/conf/proxy.kubeconfig }
	hostnameOverride: $node
	mode: nftables
	clusterCIDR: $pods
	healthzBindAddress: 127.0.0.1:10256
	metricsBindAddress: 127.0.0.1:10249
	conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
	END
}

network() { # a bridge without a port; a service's address that nothing translates ends there
	inside sh -ec "ip link add pods0 type bridge; ip addr add $address/24 dev pods0; ip link set pods0 up
		ip route add $services dev pods0 src $address; echo 1 >/proc/sys/net/ipv4/ip_forward"
}

import() {
	for archive in "$dir"/images/*.tar; do
		inside ctr -n k8s.io images import "$archive" >/dev/null
	done
	say images
}

[ -s "$dir/images/pause.tar" ] || "$here/images.sh" "$dir/images" >/dev/null
"$here/machine.sh" start "$dir" "$dir/images/pause"
settings
network
say 'machine and certificates'
part start containerd
part start etcd
part start apiserver
wait_for containerd 30 inside ctr version
import
wait_for apiserver 120 kubectl get --raw /readyz
for name in controller-manager scheduler kubelet proxy; do
	part start $name
done
wait_for kubelet 60 kubectl get node $node
wait_for kubelet 120 kubectl wait --for=condition=Ready --timeout=1s node/$node
wait_for controller-manager 60 kubectl get serviceaccount default
say 'the node is Ready'
