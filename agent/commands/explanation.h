/* Everything that `spoor explain` has found out about one file, and one line of it; and what follows from it. */
#ifndef AGENT_COMMANDS_EXPLANATION_H
#define AGENT_COMMANDS_EXPLANATION_H

#include "agent/commands/explain_agent.h"
#include "agent/commands/explain_way.h"
#include "agent/logs/log_jobs.h"

enum { EXPLAIN_JOBS_MAX = 32, EXPLAIN_PATH_ROOM = 4096, EXPLAIN_SENTENCE_ROOM = 2048 };

enum verdict { VERDICT_YES, VERDICT_NOT_YET, VERDICT_DROPPED, VERDICT_REFUSED, VERDICT_NOT_READ, VERDICT_UNKNOWN, VERDICTS };
extern const char *const verdict_names[VERDICTS]; /* "yes" "not_yet" "dropped" "refused" "not_read" "unknown" */

struct explain_job { /* a set of labels that discovery has found for a job, and whether it takes the file */
	const struct config_scrape *job;
	enum log_fit fit;
	bool is_pod, lacks_pod; /* found among pods; its rules ask for what only the pod's object has, and that was not there */
	struct str asks;             /* what annotations of the pod ask for; empty: nothing */
	struct str discovered, labels, metadata, why; /* rendered; labels: behind relabelling, of a line on standard output; why: one sentence, empty when it is read */
};
struct explanation { /* texts in the arena */
	struct arena arena;
	char given[EXPLAIN_PATH_ROOM], real[EXPLAIN_PATH_ROOM]; /* absolute; real: links followed */
	bool exists, is_link, is_regular;
	int open_error;              /* 0, or errno of opening it for reading as this user */
	const char *kind;            /* "a named pipe", … */
	uint64_t size_bytes, dev, ino;
	bool has_line;               /* a line was asked for */
	struct explain_window window;
	bool has_window, has_way;
	struct explain_way way;
	struct explain_job jobs[EXPLAIN_JOBS_MAX];
	size_t job_count;
	const struct config_scrape *job; /* whose stages the line goes through; NULL: none */
	struct str labels, metadata; /* before stages, of a line on standard output */
	struct agent_view agent;
	bool is_saved;               /* no agent answers: agent.files is what was saved last */
	bool is_other_config;        /* the agent runs another one than was read here */
	bool is_guess;               /* no agent answers and no file was named: the jobs are those that there are without one */
	enum verdict verdict;
	char sentence[EXPLAIN_SENTENCE_ROOM];
};

void explanation_judge(struct explanation *e);
void explanation_print(const struct explanation *e, struct buf *out);
void explanation_print_json(const struct explanation *e, struct buf *out);
/* 90112 as "90,112". */
void explanation_number(struct buf *out, uint64_t value);
/* The newest refusal of the line by this destination; NULL: there is none among those that are kept. */
const struct agent_drop *explanation_drop(const struct explanation *e, struct str destination);
/* From what was saved in the state directory; the state is not touched. false: it says nothing about the file. */
bool explanation_saved(struct explanation *e, const char *positions);

#endif
