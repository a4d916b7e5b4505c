#!/bin/sh
# Makes the certificates and keys of the TLS tests, anew in each build: no key lies in the repository.   usage: certificates.sh DIR
set -eu
mkdir -p "$1"
cd "$1"
key() { openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null | openssl pkcs8 -topk8 -nocrypt -out "$1"; }
own() { # own NAME SUBJECT: signed by itself, may sign others
	key "$1.key"
	openssl req -x509 -new -key "$1.key" -days 30 -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE -out "$1.pem"
}
signed() { # signed NAME SUBJECT EXTENSIONS: by ca
	key "$1.key"
	printf '%s\n' "$3" >"$1.ext"
	openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial "$4" -days 30 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
served='subjectAltName=DNS:localhost,IP:127.0.0.1
extendedKeyUsage=serverAuth'
own ca 'test authority'
own stranger stranger
signed server localhost "$served" 2
signed server2 renewed "$served" 3
signed client scraper extendedKeyUsage=clientAuth 4
touch made
