# To be sourced: exports where the programs of a node are, building what is not in the cache (tests/servers/get.sh).
kubernetes_programs() {
	local get
	get=$(dirname "${BASH_SOURCE[0]}")/../servers/get.sh
	KUBE_APISERVER=${KUBE_APISERVER:-$("$get" kubernetes)} && KUBECTL=${KUBECTL:-$("$get" kubernetes kubectl)} || return
	KUBE_CONTROLLER_MANAGER=$("$get" kubernetes kube-controller-manager) && KUBE_SCHEDULER=$("$get" kubernetes kube-scheduler) || return
	KUBELET=$("$get" kubernetes kubelet) && KUBE_PROXY=$("$get" kubernetes kube-proxy) || return
	export KUBE_APISERVER KUBECTL KUBE_CONTROLLER_MANAGER KUBE_SCHEDULER KUBELET KUBE_PROXY
}
