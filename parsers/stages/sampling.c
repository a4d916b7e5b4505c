/* The stage sampling: a share of the entries passes. Promtail throws a die for each; here the die is a hash of time and line,
 * salted with the stage's place in the file. So a line that is read again after a crash, or by another destination, is judged
 * the same way, and two stages behind each other still judge independently. */
#include <stdlib.h>

#include "parsers/bytes/hash.h"
#include "parsers/stages/stage.h"

#define LARGEST (UINT64_MAX >> 1)

struct sampling {
	uint64_t boundary, salt;
	char reason[];
};

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	double rate = 0;
	struct str reason = STR("sampling_stage"), given = { 0 };
	stage_read_number(c, config, "rate", &rate);
	if (!(rate >= 0 && rate <= 1))
		stage_complain(c, stage_key(config, "rate"), "rate must be between 0 and 1");
	if (stage_read_text(c, config, "drop_counter_reason", &given) && given.n)
		reason = given;
	if (c->has_failed)
		return NULL;
	struct sampling *s = calloc(1, sizeof *s + reason.n + 1);
	if (!s)
		abort();
	s->boundary = (uint64_t)((double)LARGEST * rate);
	s->salt = c->at ? hash_u64(c->at->line << 20 ^ c->at->column) : 0;
	memcpy(s->reason, reason.p, reason.n);
	return s;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct sampling *s = stage;
	(void)turn;
	uint64_t die = hash_u64(hash_bytes(e->line) ^ hash_u64((uint64_t)e->timestamp_ns ^ s->salt)) & LARGEST;
	return (die ? die : 1) <= s->boundary ? STAGE_NEXT : stage_drop(e, s->reason);
}

static const char *const keys[] = { "rate", "drop_counter_reason", NULL };
const struct stage_type stage_sampling = { .name = "sampling", .keys = keys, .compile = compile, .run = run, .free = free };
