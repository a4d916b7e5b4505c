/* By content, not by time stamp: mounted secrets are swapped by symlink, and their times tell nothing. */
#include "exporters/tls_files.h"

#include "parsers/bytes/hash.h"

enum { FILE_MAX = 1024 * 1024 };
static const int64_t look_every_ns = 10 * INT64_C(1000000000);

void tls_files_look(struct tls_files *t, const struct http_tls *tls, const struct secret_door *door, int64_t now_ns)
{
	const struct str paths[] = { tls->ca_file, tls->cert_file, tls->key_file };
	uint64_t hash = 0;
	if (now_ns < t->next_look_ns || !door->read_file)
		return;
	t->next_look_ns = now_ns + look_every_ns;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct buf content;
		if (paths[i].n == 0)
			continue;
		buf_init(&content, FILE_MAX);
		int64_t status = door->read_file(door->ctx, paths[i], &content);
		uint64_t part = hash_bytes(buf_view(&content));
		if (content.p)
			explicit_bzero(content.p, content.room);
		buf_fini(&content);
		if (status < 0)
			return;
		hash = hash_u64(hash + part + i + 1);
	}
	if (t->has_hash && t->hash != hash)
		t->generation++;
	t->hash = hash;
	t->has_hash = true;
}
