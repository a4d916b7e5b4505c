#!/bin/bash
# Certificates and kubeconfigs of a node's parts, all signed by one authority: certificates.sh DIR NODE ADDRESS SERVICE_ADDRESS
#   DIR/pki/NAME.crt and .key, DIR/conf/NAME.kubeconfig
set -eu
dir=$1 node=$2 address=$3 service=$4
mkdir -p "$dir/pki" "$dir/conf"
cd "$dir/pki"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
signed() { # signed NAME SUBJECT USAGE [NAMES]
	key "$1"
	printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n%s\n' "$3" "${4:+subjectAltName=$4}" >"$1.ext"
	openssl req -new -key "$1.key" -subj "$2" | openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}

key ca
openssl req -x509 -new -key ca.key -subj /CN=spoor-tests -days 30 -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature -out ca.crt
names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
signed apiserver /CN=kube-apiserver serverAuth "IP:127.0.0.1,IP:$address,IP:$service,$names"
signed kubelet-server "/O=system:nodes/CN=system:node:$node" serverAuth "IP:127.0.0.1,IP:$address,DNS:$node"
signed to-kubelet /O=system:masters/CN=apiserver-to-kubelet clientAuth
signed admin /O=system:masters/CN=admin clientAuth
signed kubelet "/O=system:nodes/CN=system:node:$node" clientAuth
signed controller-manager /CN=system:kube-controller-manager clientAuth
signed scheduler /CN=system:kube-scheduler clientAuth
signed proxy /CN=system:kube-proxy clientAuth
key accounts
openssl ec -in accounts.key -pubout -out accounts.pub 2>/dev/null

for name in admin kubelet controller-manager scheduler proxy; do
	cat >"../conf/$name.kubeconfig" <<-END
	apiVersion: v1
	kind: Config
	clusters: [{ name: node, cluster: { server: "https://$address:6443", certificate-authority: $dir/pki/ca.crt } }]
	users: [{ name: $name, user: { client-certificate: $dir/pki/$name.crt, client-key: $dir/pki/$name.key } }]
	contexts: [{ name: $name, context: { cluster: node, user: $name } }]
	current-context: $name
	END
done
