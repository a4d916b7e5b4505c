/* Gives memory back that is not used: what start-up alone has touched, and what malloc keeps after a peak. */
#ifndef AGENT_TRIM_H
#define AGENT_TRIM_H

/* Unmaps the pages of program and library code (never of data) from this process: they stay in the page cache, and the few that
 * are still needed come back by minor faults. Then returns free heap to the kernel. Costs about a millisecond. */
void trim_memory(void);

/* Once, before anything is allocated. */
void trim_set_up(void);

#endif
