/* Two entries side by side. Sets are small, so they are searched name by name. */
#include "agent/commands/changes.h"

#include <stdio.h>

#include "parsers/bytes/rfc3339.h"

static void tell(const char *what, struct str name, struct str before, struct str after, change_fn *fn, void *ctx)
{
	const struct change c = { what, name, before, after, before.p != NULL, after.p != NULL };
	if (c.was_there != c.is_there || !str_eq(before, after))
		fn(ctx, &c);
}

/* Empty, and there. */
static struct str present(struct str s)
{
	return s.p ? s : STR("");
}

static struct str value_of(const struct labels *labels, struct str name)
{
	for (size_t i = 0; i < labels->count; i++)
		if (str_eq(labels->at[i].name, name))
			return present(labels->at[i].value);
	return (struct str){ 0 };
}

static void compare_labels(const char *what, const struct labels *before, const struct labels *after, change_fn *fn, void *ctx)
{
	for (size_t i = 0; i < after->count; i++)
		tell(what, after->at[i].name, value_of(before, after->at[i].name), present(after->at[i].value), fn, ctx);
	for (size_t i = 0; i < before->count; i++)
		if (!value_of(after, before->at[i].name).p)
			tell(what, before->at[i].name, present(before->at[i].value), (struct str){ 0 }, fn, ctx);
}

static struct str extracted_of(const struct entry *e, struct str name)
{
	struct str text;
	for (size_t i = 0; i < e->extracted_count; i++)
		if (str_eq(e->extracted[i].name, name))
			return stages_extracted_text(e, &e->extracted[i], &text) ? present(text) : STR("null");
	return (struct str){ 0 };
}

static void compare_extracted(const struct entry *before, const struct entry *after, change_fn *fn, void *ctx)
{
	for (size_t i = 0; i < after->extracted_count; i++) {
		struct str name = after->extracted[i].name;
		tell("extracted", name, extracted_of(before, name), extracted_of(after, name), fn, ctx);
	}
	for (size_t i = 0; i < before->extracted_count; i++)
		if (!extracted_of(after, before->extracted[i].name).p)
			tell("extracted", before->extracted[i].name, extracted_of(before, before->extracted[i].name), (struct str){ 0 }, fn, ctx);
}

static void compare_times(int64_t before_ns, int64_t after_ns, change_fn *fn, void *ctx)
{
	char before[RFC3339_ROOM], after[RFC3339_ROOM];
	tell("timestamp", (struct str){ 0 }, (struct str){ before, rfc3339_format(before_ns, before) },
	     (struct str){ after, rfc3339_format(after_ns, after) }, fn, ctx);
}

static struct str unless_empty(struct str s)
{
	return s.n ? s : (struct str){ 0 };
}

/* Metrics that were touched, and that several lines have become one. */
static void tell_deeds(const struct entry *before, const struct entry *after, change_fn *fn, void *ctx)
{
	const struct str none = { 0 };
	char lines[32];
	for (size_t i = before->note_count; i < after->note_count; i++)
		tell("metric", after->notes[i].name, none, after->notes[i].text, fn, ctx);
	if (after->gave_up_regex)
		tell("regex", none, none, STR("given up: this line would have taken it too long; that counts as no match"), fn, ctx);
	if (after->joined > before->joined)
		tell("joined", none, none, (struct str){ lines, (size_t)snprintf(lines, sizeof lines, "%llu lines", (unsigned long long)after->joined + 1) },
		     fn, ctx);
}

void changes_each(const struct entry *before, const struct entry *after, change_fn *fn, void *ctx)
{
	const struct str none = { 0 };
	tell("line", none, present(before->line), present(after->line), fn, ctx);
	compare_times(before->timestamp_ns, after->timestamp_ns, fn, ctx);
	compare_labels("label", &before->labels, &after->labels, fn, ctx);
	compare_labels("structured_metadata", &before->metadata, &after->metadata, fn, ctx);
	compare_extracted(before, after, fn, ctx);
	tell_deeds(before, after, fn, ctx);
	tell("tenant", none, unless_empty(before->tenant), unless_empty(after->tenant), fn, ctx);
	tell("dropped", none, str_of(before->drop_reason), str_of(after->drop_reason), fn, ctx);
}
