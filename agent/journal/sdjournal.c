/* What the header declares is what the table holds, so a prototype that changes does not compile. One function is newer than the
 * others and better where it is there: it passes over fields that cannot be read, and goes on with the next one. */
#include "agent/journal/sdjournal.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/journal/sdjournal_table.h"

#define LIBRARY "libsystemd.so.0"

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define ROW(name) { #name, offsetof(struct sdjournal, name) },
	SDJOURNAL_FUNCTIONS(ROW)
#undef ROW
};

struct sdjournal *sdjournal_load(char err[256])
{
	struct sdjournal *l = calloc(1, sizeof *l);
	if (!l)
		abort();
	/* Threads that hang in it may outlive whoever asked: it is never unloaded. */
	l->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!l->handle) {
		const char *why = dlerror();
		snprintf(err, 256, "the journal is read by " LIBRARY ", which is not on this machine (Debian package libsystemd0): %.120s",
			 why ? why : "not found");
		free(l);
		return NULL;
	}
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		void *symbol = dlsym(l->handle, functions[i].name);
		if (!symbol) {
			snprintf(err, 256, LIBRARY " is too old to read the journal: it has no %s (systemd 229 brings all that is needed)",
				 functions[i].name);
			free(l);
			return NULL;
		}
		memcpy((char *)l + functions[i].offset, &symbol, sizeof symbol);
	}
	void *newer = dlsym(l->handle, "sd_journal_enumerate_available_data");
	if (newer)
		memcpy(&l->sd_journal_enumerate_data, &newer, sizeof newer);
	return l;
}
