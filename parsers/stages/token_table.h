/* Token buckets by key, the recently used ones: two generations, and when the younger one is full the older one is forgotten, as
 * Promtail's limit by label does it. A key is its 64-bit hash: two keys with the same one share a bucket. */
#ifndef PARSERS_STAGES_TOKEN_TABLE_H
#define PARSERS_STAGES_TOKEN_TABLE_H

#include "parsers/bytes/str.h"
#include "parsers/stages/token_bucket.h"

enum { TOKEN_TABLE_KEY_SHOWN = 256 };

struct token_slot {
	uint64_t hash; /* 0: free */
	struct token_bucket bucket;
	uint64_t refused;
	char *key; /* of one that was refused, its head; NULL else */
};
struct token_generation { struct token_slot *slots; size_t count, room; };
struct token_table {
	struct token_generation young, old;
	size_t max; /* keys of one generation, at least 1 */
};

void token_table_init(struct token_table *t, size_t max);
void token_table_fini(struct token_table *t);
/* Takes a token of the key's bucket; what is refused is counted. */
bool token_table_allow(struct token_table *t, const struct token_rate *r, struct str key, int64_t now_ns);
/* Those with refusals. Counts start anew when a generation ends. */
void token_table_each_refused(const struct token_table *t, void (*fn)(void *ctx, const struct token_slot *slot), void *ctx);

#endif
