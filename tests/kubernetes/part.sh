#!/bin/bash
# One part of the node, inside the machine: part.sh DIR start|stop NAME [SIGNAL]   NAME: containerd etcd apiserver controller-manager
# scheduler kubelet proxy. DIR has what up.sh put there; DIR/log/NAME.log is what it says, DIR/pid/NAME its process.
set -eu
dir=$1 verb=$2 name=$3 signal=${4:-TERM}
# shellcheck source=/dev/null
. "$dir/settings"
pki=$dir/pki conf=$dir/conf

command_of() { # as words in the array `words`
	case $name in
	containerd) words=(containerd -c "$conf/containerd.toml") ;;
	etcd)
		words=(etcd --name node --data-dir "$dir/etcd" --unsafe-no-fsync=true
			--listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
			--listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster node=http://127.0.0.1:2380) ;;
	apiserver)
		words=("$KUBE_APISERVER" --etcd-servers=http://127.0.0.1:2379 --bind-address="$ADDRESS" --advertise-address="$ADDRESS" --secure-port=6443
			--tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" --cert-dir="$dir/run"
			--kubelet-certificate-authority="$pki/ca.crt" --kubelet-client-certificate="$pki/to-kubelet.crt" --kubelet-client-key="$pki/to-kubelet.key"
			--kubelet-preferred-address-types=InternalIP --service-cluster-ip-range="$SERVICES" --allow-privileged=true
			--service-account-issuer=https://kubernetes.default.svc.cluster.local
			--service-account-key-file="$pki/accounts.pub" --service-account-signing-key-file="$pki/accounts.key"
			--authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --profiling=false) ;;
	controller-manager)
		# With the usual limits of requests the default service accounts alone take ten seconds.
		words=("$KUBE_CONTROLLER_MANAGER" --kubeconfig="$conf/controller-manager.kubeconfig" --bind-address=127.0.0.1 --leader-elect=false
			--kube-api-qps=500 --kube-api-burst=500 --use-service-account-credentials=true --root-ca-file="$pki/ca.crt"
			--service-account-private-key-file="$pki/accounts.key" --flex-volume-plugin-dir="$dir/run/plugins" --cert-dir="$dir/run" --profiling=false) ;;
	scheduler)
		words=("$KUBE_SCHEDULER" --kubeconfig="$conf/scheduler.kubeconfig" --bind-address=127.0.0.1 --leader-elect=false --cert-dir="$dir/run" --profiling=false) ;;
	kubelet)
		words=("$KUBELET" --config="$conf/kubelet.yaml" --kubeconfig="$conf/kubelet.kubeconfig" --hostname-override="$NODE" --node-ip="$ADDRESS"
			--root-dir=/var/lib/kubelet --cert-dir="$dir/run") ;;
	proxy) words=("$KUBE_PROXY" --config="$conf/proxy.yaml") ;;
	*) echo "part.sh: no part $name" >&2; exit 2 ;;
	esac
}

# A process that has ended and is not taken in yet is dead, whatever kill -0 says.
is_alive() { [ -s "$dir/pid/$name" ] && case $(cut -d ' ' -f 3 "/proc/$(cat "$dir/pid/$name")/stat" 2>/dev/null) in ''|Z) false ;; esac; }

case $verb in
start)
	command_of
	setsid "${words[@]}" >>"$dir/log/$name.log" 2>&1 </dev/null &
	echo $! >"$dir/pid/$name" ;;
stop)
	is_alive || exit 0
	kill -"$signal" "$(cat "$dir/pid/$name")"
	for _ in $(seq 100); do
		is_alive || exit 0
		sleep 0.1
	done
	echo "part.sh: $name did not end by SIG$signal" >&2
	exit 1 ;;
*) echo "part.sh: start or stop, not $verb" >&2; exit 2 ;;
esac
