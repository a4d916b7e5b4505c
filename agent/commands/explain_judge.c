/* From the nearest to the file to the farthest: a file that is not read has no line that could be dropped; a line that a stage drops is never
 * sent. Of several destinations the one that is worst off decides. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/commands/explanation.h"
#include "parsers/bytes/rfc3339.h"

const char *const verdict_names[VERDICTS] = { [VERDICT_YES] = "yes", [VERDICT_NOT_YET] = "not_yet", [VERDICT_DROPPED] = "dropped",
	[VERDICT_REFUSED] = "refused", [VERDICT_NOT_READ] = "not_read", [VERDICT_UNKNOWN] = "unknown" };

__attribute__((format(printf, 3, 4))) static void say(struct explanation *e, enum verdict verdict, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	e->verdict = verdict;
	vsnprintf(e->sentence, sizeof e->sentence, format, args);
	va_end(args);
}

void explanation_number(struct buf *out, uint64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
	for (int i = 0; i < n; i++) {
		buf_char(out, digits[i]);
		if ((n - 1 - i) % 3 == 0 && i + 1 < n)
			buf_char(out, ',');
	}
}

struct number_text { char text[32]; };

static struct number_text big(uint64_t value)
{
	struct number_text to = { "" };
	struct buf out;
	buf_init(&out, 64);
	explanation_number(&out, value);
	snprintf(to.text, sizeof to.text, STR_FMT, STR_ARG(buf_view(&out)));
	buf_fini(&out);
	return to;
}

/* ---- drops ---- */

const struct agent_drop *explanation_drop(const struct explanation *e, struct str destination)
{
	char at[RFC3339_ROOM];
	if (!e->has_way || e->way.sent_timestamp_ns <= 0)
		return NULL;
	struct str timestamp = { at, rfc3339_format(e->way.sent_timestamp_ns, at) };
	for (size_t i = 0; i < e->agent.drop_count; i++) {
		const struct agent_drop *d = &e->agent.drops[i];
		size_t n = d->line.n < 64 ? d->line.n : 64; /* the agent keeps the beginning, cleaned */
		bool is_same = str_eq(d->timestamp, timestamp) && (n == 0 || str_eq(str_take(d->line, n), str_take(e->way.line, n)));
		if (is_same && str_eq(d->destination, destination))
			return d;
	}
	return NULL;
}

/* ---- why it is not read ---- */

static bool judge_file(struct explanation *e)
{
	if (!e->exists && e->agent.file_count) /* it has no name any more, but the agent holds it open */
		return false;
	if (!e->exists)
		say(e, VERDICT_NOT_READ, "no, not read: there is no such file%s", e->is_link ? ": the link leads nowhere" : "");
	else if (!e->is_regular)
		say(e, VERDICT_NOT_READ, "no, not read: it is %s, and only regular files are read", e->kind);
	else if (e->agent.file_count == 0 && e->agent.refused_path.n)
		say(e, VERDICT_NOT_READ, "no, not read: " STR_FMT ": " STR_FMT, STR_ARG(e->agent.refused_path), STR_ARG(e->agent.refused_why));
	else
		return false;
	return true;
}

static const struct explain_job *taker(const struct explanation *e)
{
	for (size_t i = 0; i < e->job_count; i++)
		if (e->jobs[i].fit == FIT_READ)
			return &e->jobs[i];
	return NULL;
}

/* The reason that is nearest to the file: a rule that dropped it, or an exclusion, says more than a pattern that is about other files. */
static const struct explain_job *nearest(const struct explanation *e)
{
	const struct explain_job *found = NULL;
	for (size_t i = 0; i < e->job_count; i++) {
		const struct explain_job *j = &e->jobs[i];
		if (!found || (found->fit == FIT_OTHER && j->fit != FIT_OTHER))
			found = j;
	}
	return found;
}

static bool judge_job(struct explanation *e)
{
	const struct explain_job *why = nearest(e);
	if (e->agent.file_count || taker(e))
		return false;
	if (e->is_guess)
		say(e, VERDICT_UNKNOWN, "unknown: no agent was found that answers, and no configuration is named: say where the agent listens with "
		    "--web.listen-address, or what it runs with --config.file");
	else if (why)
		say(e, VERDICT_NOT_READ, "no, not read: no job takes it: job " STR_FMT ": " STR_FMT, STR_ARG(why->job->job_name), STR_ARG(why->why));
	else
		say(e, VERDICT_NOT_READ, "no, not read: the configuration has no job for logs like this");
	return true;
}

static bool judge_access(struct explanation *e)
{
	for (size_t i = 0; i < e->agent.file_count; i++)
		if (e->agent.files[i].error.n) {
			bool is_denied = str_eq(e->agent.files[i].error, str_of(strerror(EACCES)));
			say(e, VERDICT_NOT_READ, "no, not read: the agent cannot open it: " STR_FMT "%s", STR_ARG(e->agent.files[i].error),
			    is_denied ? ": let its user read the file: the file's group, an ACL, or the capability DAC_READ_SEARCH" : "");
			return true;
		}
	if (e->agent.file_count || !e->agent.has_answered)
		return false;
	say(e, VERDICT_NOT_READ, "no, not read: job " STR_FMT " takes it, but the agent does not have it%s", STR_ARG(taker(e)->job->job_name),
	    e->is_other_config ? ": it runs another configuration than this one; reload it"
			       : ": it may have been made just now; a folder that could not be listed is told in its log");
	return true;
}

/* ---- the line ---- */

static const struct agent_destination *destination_named(const struct explanation *e, struct str name)
{
	for (size_t i = 0; i < e->agent.destination_count; i++)
		if (str_eq(e->agent.destinations[i].name, name))
			return &e->agent.destinations[i];
	return NULL;
}

/* "; its last answer: …; next attempt in 3.2 s" */
static void put_state(struct buf *out, const struct agent_destination *d)
{
	if (!d || d->last_error.n == 0)
		return;
	buf_str(out, STR("; its last answer: "));
	buf_str(out, str_take(d->last_error, 300));
	if (d->retry_s > 0)
		buf_printf(out, "; next attempt in %.1f s", d->retry_s);
}

static void judge_unread(struct explanation *e, const struct agent_file *f, const struct agent_lane *lane)
{
	struct buf why;
	const struct agent_destination *d = destination_named(e, lane->name);
	bool is_ended = str_eq(f->state, STR("done")) || str_eq(f->state, STR("error"));
	buf_init(&why, 1024);
	if (str_eq(f->state, STR("waiting")))
		buf_str(&why, STR(": its labels wait for the pod's object"));
	else if (lane->is_waiting)
		buf_str(&why, STR(": a stream that the server throttles, or a limit stage, holds this log back"));
	else if (e->has_line && e->has_window && !e->window.is_whole)
		buf_str(&why, STR(": it has no line feed yet"));
	else if (d && !str_eq(d->state, STR("ok")) && !str_eq(d->state, STR("sending")))
		buf_printf(&why, ": " STR_FMT " does not take more now (" STR_FMT ")", STR_ARG(d->name), STR_ARG(d->state));
	put_state(&why, d);
	say(e, is_ended ? VERDICT_NOT_READ : VERDICT_NOT_YET, "%s for " STR_FMT ": read up to byte %s of %s" STR_FMT,
	    is_ended ? "no, not read, and it will not be" : "not yet read", STR_ARG(lane->name), big(lane->read_bytes).text,
	    big(f->size_bytes).text, STR_ARG(buf_view(&why)));
	buf_fini(&why);
}

static void judge_pending(struct explanation *e, const struct agent_lane *lane)
{
	struct buf why;
	buf_init(&why, 1024);
	put_state(&why, destination_named(e, lane->name));
	say(e, VERDICT_NOT_YET, "not yet: it is read, and " STR_FMT " has not acknowledged it (acknowledged up to byte %s)" STR_FMT, STR_ARG(lane->name),
	    big(lane->acked_bytes).text, STR_ARG(buf_view(&why)));
	buf_fini(&why);
}

static enum verdict judge_lane(struct explanation *e, const struct agent_file *f, const struct agent_lane *lane)
{
	uint64_t end = e->has_window ? e->window.at[e->window.wanted].end : f->size_bytes;
	const struct agent_drop *drop;
	if (lane->acked_bytes >= end && e->has_line && (drop = explanation_drop(e, lane->name)))
		say(e, VERDICT_REFUSED, "no: " STR_FMT " refused it (" STR_FMT "): " STR_FMT, STR_ARG(lane->name), STR_ARG(drop->reason), STR_ARG(drop->error));
	else if (lane->acked_bytes >= end)
		say(e, VERDICT_YES, "yes: acknowledged by " STR_FMT, STR_ARG(lane->name));
	else if (lane->read_bytes >= end)
		judge_pending(e, lane);
	else
		judge_unread(e, f, lane);
	return e->verdict;
}

/* What the stages do with it does not depend on how far it is. */
static bool judge_stages(struct explanation *e)
{
	if (!e->has_way || !e->way.dropped.n)
		return false;
	say(e, VERDICT_DROPPED, "no: dropped by stage %zu of job " STR_FMT ": " STR_FMT, e->way.dropped_by, STR_ARG(e->job->job_name), STR_ARG(e->way.dropped));
	return true;
}

static void judge_lanes(struct explanation *e)
{
	static const int badness[VERDICTS] = { [VERDICT_YES] = 0, [VERDICT_NOT_YET] = 1, [VERDICT_REFUSED] = 2, [VERDICT_NOT_READ] = 3 };
	struct str names[EXPLAIN_LANES_MAX];
	size_t good = 0;
	char worst[EXPLAIN_SENTENCE_ROOM] = "";
	enum verdict verdict = VERDICT_YES;
	for (size_t i = 0; i < e->agent.file_count; i++)
		for (size_t k = 0; k < e->agent.files[i].lane_count; k++) {
			enum verdict v = judge_lane(e, &e->agent.files[i], &e->agent.files[i].lanes[k]);
			if (v == VERDICT_YES && i == 0)
				names[good++] = e->agent.files[i].lanes[k].name;
			if (badness[v] <= badness[verdict] && worst[0])
				continue;
			verdict = v;
			memcpy(worst, e->sentence, sizeof worst);
		}
	e->verdict = verdict;
	if (verdict != VERDICT_YES || good < 2) {
		memcpy(e->sentence, worst, sizeof worst);
		return;
	}
	int n = snprintf(e->sentence, sizeof e->sentence, "yes: acknowledged by ");
	for (size_t i = 0; i < good && n > 0 && (size_t)n < sizeof e->sentence; i++)
		n += snprintf(e->sentence + n, sizeof e->sentence - (size_t)n, "%s" STR_FMT, i ? ", " : "", STR_ARG(names[i]));
}

static void judge_without_agent(struct explanation *e)
{
	char lanes[EXPLAIN_SENTENCE_ROOM];
	if (!e->is_saved) {
		say(e, VERDICT_UNKNOWN, "unknown: %.400s; by its configuration job " STR_FMT " reads this file", e->agent.err,
		    STR_ARG(taker(e) ? taker(e)->job->job_name : STR("?")));
		return;
	}
	judge_lanes(e);
	memcpy(lanes, e->sentence, sizeof lanes);
	if (e->verdict == VERDICT_YES)
		say(e, VERDICT_YES, "%.1000s, by the positions that were saved last (no agent answers)", lanes);
	else
		say(e, VERDICT_UNKNOWN, "unknown: %.400s; by the positions that were saved last it was not acknowledged yet", e->agent.err);
}

static bool is_kept_in_memory(const struct explanation *e)
{
	return e->agent.has_answered && e->agent.destination_count == 0;
}

void explanation_judge(struct explanation *e)
{
	if (judge_file(e) || judge_job(e) || judge_access(e))
		return;
	if (e->has_line && !e->has_window)
		say(e, VERDICT_UNKNOWN, "unknown: the line was not found: %s", e->window.why);
	else if (e->has_line && judge_stages(e))
		return;
	else if (!e->agent.has_answered)
		judge_without_agent(e);
	else if (is_kept_in_memory(e))
		say(e, VERDICT_NOT_READ, "no: no destination is configured; the newest records are kept in memory and shown on the page");
	else
		judge_lanes(e);
}
