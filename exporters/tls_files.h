/* Notices that a certificate, key or CA file has new content (rotated certificates, mounted Kubernetes secrets). Only a hash of the
 * content is kept; the buffer that a key was read into is wiped. */
#ifndef EXPORTERS_TLS_FILES_H
#define EXPORTERS_TLS_FILES_H

#include "exporters/http.h"
#include "exporters/secret.h"

struct tls_files { /* zeroed before use */
	uint64_t hash;
	int64_t next_look_ns;
	unsigned generation; /* for http_tls.generation */
	bool has_hash;
};

/* Looks at the files at most every 10 s; raises the generation when their content is another one. A file that cannot be
 * read now changes nothing: the connection that needs it reports that better. */
void tls_files_look(struct tls_files *t, const struct http_tls *tls, const struct secret_door *door, int64_t now_ns);

#endif
