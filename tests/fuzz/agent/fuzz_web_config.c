/* Any bytes as the file about TLS and users: no crash; what is refused is refused with words, what is accepted is whole. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/web/web_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf problems;
	buf_init(&problems, 1 << 22);
	struct web_config *c = web_config_parse((struct str){ (const char *)data, size }, STR("w.yml"), &problems);
	if (!c && problems.n == 0 && !problems.is_full)
		abort();
	if (c && c->has_tls && !(c->cert.n || c->files[1].path.n))
		abort();
	for (size_t i = 0; c && i < c->user_count; i++)
		if (c->users[i].hash.n != 60 || !c->users[i].name.n)
			abort();
	web_config_free(c);
	buf_fini(&problems);
	return 0;
}
