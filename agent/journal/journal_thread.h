/* The thread that reads journals: libsystemd's calls wait for the disk. One for all jobs and lanes. Each reader has one block that goes
 * to and fro: the thread fills it, the loop takes it, and while the loop keeps it (its destination has no room) nothing more is read. */
#ifndef AGENT_JOURNAL_JOURNAL_THREAD_H
#define AGENT_JOURNAL_JOURNAL_THREAD_H

#include "agent/journal/follow.h"
#include "agent/loop.h"

struct journal_thread;
/* Takes the readers over, NULL ones are none. `filled` is called on the loop when some block has been. NULL and err: no thread. */
struct journal_thread *journal_thread_start(struct loop *loop, struct follow **follows, size_t count, size_t line_max, loop_fn *filled, void *ctx,
	char err[256]);
/* Waits a second at most; a thread that hangs in a read is left behind with all that it uses. */
void journal_thread_stop(struct journal_thread *t);

/* The block of a reader, when it is the loop's; NULL: the thread has it. */
struct journal_block *journal_thread_block(struct journal_thread *t, size_t i);
void journal_thread_give_back(struct journal_thread *t, size_t i); /* to be filled again */

#endif
