/* Private to scraping: jobs and their state. scrape.c does the work, scrape_status.c shows it. */
#ifndef AGENT_SCRAPE_SCRAPE_INSIDE_H
#define AGENT_SCRAPE_SCRAPE_INSIDE_H

#include "agent/scrape/file_sd.h"
#include "agent/scrape/scrape.h"
#include "agent/scrape/target.h"

enum { DROPPED_KEPT = 100 /* targets that relabelling drops, for people to look at */ };

struct job {
	struct target_job shared; /* first */
	struct scrape *scrape;
	struct discovered_set statics, pods;
	struct file_sd **files;
	struct target **targets;
	size_t count, room;
	struct target_labels dropped[DROPPED_KEPT];
	size_t dropped_count;
	char forced_error[128];
	struct monitored *monitored; /* it is an endpoint of a monitor; NULL: of the configuration */
	bool is_gone;                /* nobody names it any more: it goes when its targets have come to their end */
};
struct scrape {
	struct scrape_options o;
	struct target_host host;
	struct scrape_status status;
	struct job *jobs;
	size_t job_count;
	struct job **monitored; /* after those in `jobs` */
	size_t monitored_count, monitored_room;
	bool is_beyond_told;
	struct loop_timer look;
	char node_name[256];
};

static inline size_t job_total(const struct scrape *s)
{
	return s->job_count + s->monitored_count;
}

/* First those of the configuration, then those of monitors. */
static inline struct job *job_at(const struct scrape *s, size_t i)
{
	return i < s->job_count ? &s->jobs[i] : s->monitored[i - s->job_count];
}

#endif
