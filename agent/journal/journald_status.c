/* What the page, the metrics and the API say of the journal: how far each job is for each destination, and what is wrong. */
#include "agent/journal/journald_inside.h"

static int64_t lag_of(const struct part *p, int64_t wall_ns)
{
	int64_t oldest_ns = 0;
	for (const struct journal_mark *m = p->oldest_mark; m && !oldest_ns; m = m->next)
		oldest_ns = m->is_settled ? 0 : m->oldest_ns;
	if (!oldest_ns)
		oldest_ns = p->begun_ns;
	return oldest_ns && wall_ns > oldest_ns ? wall_ns - oldest_ns : 0;
}

int64_t journald_lag_ns(const struct journald *j, int64_t wall_ns)
{
	int64_t most = 0;
	for (size_t i = 0; j && i < j->job_count; i++)
		for (size_t lane = 0; lane < j->o.lanes->count; lane++) {
			int64_t lag_ns = lag_of(&j->jobs[i].parts[lane], wall_ns);
			most = lag_ns > most ? lag_ns : most;
		}
	return most;
}

uint64_t journald_streams(const struct journald *j)
{
	uint64_t n = 0;
	for (size_t i = 0; j && i < j->job_count; i++)
		n += j->jobs[i].parts[0].streams.by_key.count;
	return n;
}

const char *journald_problem(const struct journald *j)
{
	if (j && j->saver.error < 0)
		return "the journal's positions could not be saved: a restart would repeat lines";
	return j && j->unavailable[0] ? j->unavailable : NULL;
}

void journald_each(const struct journald *j, int64_t wall_ns, void (*fn)(void *ctx, const struct journal_status *status), void *ctx)
{
	for (size_t i = 0; j && i < j->job_count; i++)
		for (size_t lane = 0; lane < j->o.lanes->count; lane++) {
			const struct part *p = &j->jobs[i].parts[lane];
			struct journal_status status = { .job = j->jobs[i].scrape->job_name,
							 .path = j->jobs[i].scrape->journal.path,
							 .destination = j->o.names[lane],
							 .entries_read = p->entries,
							 .gaps = p->gaps,
							 .cursor_read = str_of(p->cursor),
							 .cursor_acked = str_of(j->saver.places.rows[p->row].cursor),
							 .is_at_end = p->is_at_end,
							 .lag_ns = lag_of(p, wall_ns),
							 .problem = j->unavailable[0] ? j->unavailable : p->problem };
			fn(ctx, &status);
		}
}

void journald_each_file(const struct journald *j, int64_t wall_ns, void (*fn)(void *ctx, const struct file_status *file), void *ctx)
{
	for (size_t i = 0; j && i < j->job_count; i++) {
		const struct job *job = &j->jobs[i];
		struct file_status row = { .path = job->scrape->journal.path.n ? job->scrape->journal.path : STR("journal"),
					   .job = job->scrape->job_name, .state = FILE_AT_END, .error = j->unavailable };
		for (size_t lane = 0; lane < j->o.lanes->count; lane++) {
			const struct part *p = &job->parts[lane];
			int64_t lag_ns = lag_of(p, wall_ns);
			row.lag_ns = lag_ns > row.lag_ns ? lag_ns : row.lag_ns;
			row.error = p->problem[0] ? p->problem : row.error;
			if (!p->is_at_end)
				row.state = FILE_READING;
		}
		if (row.error[0])
			row.state = FILE_ERROR;
		fn(ctx, &row);
	}
}
