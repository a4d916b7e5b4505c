/* Sources that nobody wants any more, though their files are there. */
#ifndef AGENT_TAIL_RETIRE_H
#define AGENT_TAIL_RETIRE_H

struct source;
struct tail;

/* No more of it is read than its files hold now. It frees itself when that is delivered; at once when it waits for its labels. */
void retire_source(struct tail *t, struct source *s);
void retire_soon(struct tail *t); /* something of a retired source was settled */

#endif
