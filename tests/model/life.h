/* The agent's side of the model: the real tailer and reader on real files, between a clock and destinations that the model holds
 * in its hand; everything that is delivered is compared with the world's tables at once. */
#ifndef TESTS_MODEL_LIFE_H
#define TESTS_MODEL_LIFE_H

#include "agent/logs/reader.h"
#include "tests/model/world.h"

struct life_rules {
	size_t lanes;
	bool is_ring;      /* no destination: the ring takes it all */
	bool is_loose;     /* batches are settled in any order */
	bool is_strict;    /* what was settled when positions were saved must never come again */
	bool has_blocks;   /* a stage joins lines: those whose number ends with 0 or 5 begin an entry */
	bool has_torn_saves; /* a kill may tear what was added to the positions */
	bool is_patient;   /* and waits so long for the next line that time never tears a block */
	size_t max_line_bytes, open_limit;
};
struct life;

struct life *life_new(struct world *w, const struct life_rules *rules, const char *state_path);
void life_free(struct life *l);
bool life_is_up(const struct life *l);
void life_start(struct life *l);
void life_kill(struct life *l);  /* nothing is saved, nothing is settled */
void life_stop(struct life *l);  /* as at SIGTERM, with or without time to deliver what is read */
void life_act(struct life *l);   /* one random thing that an agent that is up does */
void life_settle_down(struct life *l); /* destinations take everything; time passes until nothing moves any more */
uint64_t life_open_files(const struct life *l);
void model_report_seed(void); /* the program's: which history this is */
/* Prints why and the seed, and ends the program. */
__attribute__((noreturn, format(printf, 2, 3))) void life_fail(struct life *l, const char *format, ...);

#endif
