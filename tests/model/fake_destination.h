/* What the model may do with a destination of its own. */
#ifndef TESTS_MODEL_FAKE_DESTINATION_H
#define TESTS_MODEL_FAKE_DESTINATION_H

#include "agent/tail/generation.h"
#include "exporters/destination.h"

/* A record came: the number of its last piece. */
typedef int fake_append_fn(void *ctx, size_t lane, struct str labels, const struct record *record);
typedef void fake_settle_fn(void *ctx, size_t lane, int piece);

struct destination *fake_new(size_t lane, void *ctx, fake_append_fn *on_append, fake_settle_fn *on_record, void (*on_mark)(void *, struct mark *));
void fake_block(struct destination *d, bool is_blocked);
void fake_park(struct destination *d, char digit); /* does not take streams whose labels begin with it; 0: takes all */
void fake_seal(struct destination *d);             /* the open batch waits in the queue now */
size_t fake_sealed(const struct destination *d);
void fake_settle(struct destination *d, size_t i); /* the i-th sealed one, 0: the oldest, is accepted */
uint64_t fake_appended(const struct destination *d);
/* Defined by the owner: the ring's side, with what lanes_options.ring was. */
void fake_ring_add(void *ctx, struct str labels, const struct record *record);

#endif
