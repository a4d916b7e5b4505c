#!/bin/bash
# A machine inside of this one, for a node that may do to it what it likes: processes, mounts, network, IPC and host name of its own.
# No way leads out of its network; its folders (/run, /var/lib/kubelet, /var/log/pods …) are in DIR; when its process 1 goes, the kernel
# ends all that ran in it and undoes all mounts. Only the cgroups are this machine's: /kubepods in each hierarchy.
#   machine.sh start DIR PAUSE    PAUSE: the program of pause.c; process 1 of the machine
#   machine.sh enter DIR COMMAND...
#   machine.sh end DIR
set -u
host_folders='/var/lib/kubelet /var/lib/containerd /var/lib/cni /var/lib/spoor /var/log/pods /var/log/containers'
# What the kubelet would set for the whole machine. It finds these values and leaves the true ones alone.
tunables='vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000'

say() { echo "machine.sh: $*" >&2; }
cgroups() { ls -d /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods 2>/dev/null; }

# Inside: the mounts, then process 1. Everything is shared among the machine's own mount namespaces, as systemd has it: without that no
# pod could have HostToContainer.
become() {
	set -e
	mount --make-rshared /
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p "$dir/tunables" /run/udev/data /run/lock
	for folder in $host_folders; do
		mkdir -p "$dir$folder"
		mount --bind "$dir$folder" "$folder"
	done
	for pair in $tunables; do
		file=$dir/tunables/$(echo "${pair%=*}" | tr / .)
		echo "${pair#*=}" >"$file"
		mount --bind "$file" "/proc/sys/${pair%=*}"
	done
	hostname spoor-node
	printf '127.0.0.1 localhost spoor-node\n' >"$dir/hosts"
	mount --bind "$dir/hosts" /etc/hosts
	ip link set lo up
	touch "$dir/is-ready"
	exec "$1"
}

start() {
	[ "$(id -u)" = 0 ] || { say 'only root may make namespaces and cgroups'; return 3; }
	[ -z "$(cgroups)" ] || { say "this machine is a node already: $(cgroups | head -n 1)"; return 3; }
	mkdir -p "$dir"
	for folder in $host_folders; do # mount points; those that were not there go again at the end
		[ -d "$folder" ] || { mkdir -p "$folder" && echo "$folder" >>"$dir/made"; }
	done
	setsid unshare --net --mount --pid --ipc --uts --fork --kill-child --mount-proc "$0" become "$dir" "$1" >"$dir/machine.log" 2>&1 </dev/null &
	outer=$!
	for _ in $(seq 100); do
		[ -e "$dir/is-ready" ] && break
		kill -0 $outer 2>/dev/null || break
		sleep 0.05
	done
	[ -e "$dir/is-ready" ] || { say "no machine: $(cat "$dir/machine.log")"; return 3; }
	ps -o pid= --ppid $outer | tr -d ' ' >"$dir/machine.pid"
}

end() {
	if [ -s "$dir/machine.pid" ]; then
		pid=$(cat "$dir/machine.pid")
		# The number may be somebody else's by now: only a process 1 of a namespace is meant.
		[ "$(awk '/^NSpid:/ { print $NF }' "/proc/$pid/status" 2>/dev/null)" = 1 ] && kill -9 "$pid"
		rm -f "$dir/machine.pid" "$dir/is-ready"
		for _ in $(seq 100); do # the processes are gone a moment after the one that was ended
			find /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods -depth -type d -exec rmdir {} + 2>/dev/null
			[ -z "$(cgroups)" ] && break
			sleep 0.1
		done
	fi
	[ -z "$(cgroups)" ] || { say "cgroups are left: $(cgroups | tr '\n' ' ')"; return 1; }
	[ ! -s "$dir/made" ] || tac "$dir/made" | xargs -r rmdir 2>/dev/null
	rm -f "$dir/made"
}

command=${1:?usage: machine.sh start|enter|end DIR ...}
dir=${2:?usage: machine.sh start|enter|end DIR ...}
shift 2
case $command in
start) start "$@" ;;
become) become "$@" ;;
enter) exec nsenter --target "$(cat "$dir/machine.pid")" --mount --net --pid --ipc --uts --wdns="$PWD" -- "$@" ;;
end) end ;;
*) echo "machine.sh: no command $command" >&2; exit 2 ;;
esac
