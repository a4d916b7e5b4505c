/* Stages by name, each a mapping of its keys. Types and words for people are here; which stages and keys there are, parsers/stages says,
 * and a unit test holds this table to it. */
#include "config/schema/schema.h"

#include "parsers/stages/stages.h"

#define REASON "Reason under which it is counted."
#define SOURCE "Extracted value to work on; without it, the line."

static const struct schema_stage_key rows[] = {
	{ "json", "expressions", "names", "Names of values to JMESPath expressions; an empty one is the name itself.", true },
	{ "json", "source", "text", SOURCE, false },
	{ "json", "drop_malformed", "flag", "Drop lines that are no JSON.", false },
	{ "logfmt", "mapping", "names", "Names of values to keys of the line; an empty one is the name itself.", true },
	{ "logfmt", "source", "text", SOURCE, false },
	{ "regex", "expression", "text", "RE2 expression with named groups, `(?P<name>...)`.", true },
	{ "regex", "source", "text", SOURCE, false },
	{ "regex", "labels_from_groups", "flag", "Groups become labels at once.", false },
	{ "replace", "expression", "text", "RE2 expression whose groups, or whole matches, are replaced.", true },
	{ "replace", "source", "text", SOURCE, false },
	{ "replace", "replace", "text", "What is written instead: a template with `.Value`.", false },
	{ "template", "source", "text", "Extracted value that is written.", true },
	{ "template", "template", "text", "Template, in the part of Go's that docs/TEMPLATES.md has.", false },
	{ "timestamp", "source", "text", "Extracted value with the time.", true },
	{ "timestamp", "format", "text", "A named format (RFC3339, Unix, ...) or a layout of Go's reference time.", true },
	{ "timestamp", "fallback_formats", "texts", "Formats to try when the first does not fit.", false },
	{ "timestamp", "location", "text", "Time zone of times that name none.", false },
	{ "timestamp", "action_on_failure", "text", "fudge (the last time, a nanosecond later) or skip.", false },
	{ "output", "source", "text", "Extracted value that becomes the line.", true },
	{ "pack", "labels", "texts", "Labels and extracted values that are packed into the line.", false },
	{ "pack", "ingest_timestamp", "flag", "The entry gets the time of now.", false },
	{ "cri", "max_partial_lines", "number", "Streams of partial lines at one time.", false },
	{ "cri", "max_partial_line_size", "number", "Bytes of a line that is put together.", false },
	{ "cri", "max_partial_line_size_truncate", "flag", "Cut it there.", false },
	{ "tenant", "label", "text", "Label with the tenant.", false },
	{ "tenant", "source", "text", "Extracted value with the tenant.", false },
	{ "tenant", "value", "text", "The tenant.", false },
	{ "match", "selector", "text", "LogQL selector with line filters.", true },
	{ "match", "stages", "stages", "Stages for what matches.", false },
	{ "match", "action", "text", "keep or drop.", false },
	{ "match", "pipeline_name", "text", "Name, for people.", false },
	{ "match", "drop_counter_reason", "text", REASON, false },
	{ "drop", "source", "text_or_texts", "Extracted value, or values, to judge; without it, the line.", false },
	{ "drop", "separator", "text", "What stands between several.", false },
	{ "drop", "value", "text", "Drop what equals this.", false },
	{ "drop", "expression", "text", "Drop what this RE2 expression matches.", false },
	{ "drop", "older_than", "text", "Drop what is older than this duration.", false },
	{ "drop", "longer_than", "text", "Drop lines longer than this size.", false },
	{ "drop", "drop_counter_reason", "text", REASON, false },
	{ "limit", "rate", "number", "Lines a second.", true },
	{ "limit", "burst", "number", "Lines at once.", true },
	{ "limit", "drop", "flag", "Drop what is too much, instead of waiting.", false },
	{ "limit", "by_label_name", "text", "A limit for each value of this label.", false },
	{ "limit", "max_distinct_labels", "number", "Values of it that are kept apart.", false },
	{ "sampling", "rate", "number", "Share that stays, 0 to 1.", false },
	{ "sampling", "drop_counter_reason", "text", REASON, false },
	{ "multiline", "firstline", "text", "RE2 expression that matches the first line of a block.", false },
	{ "multiline", "stack_traces", "any", "Stack traces to put together without an expression.", false },
	{ "multiline", "max_wait_time", "text", "How long a block waits for its next line.", false },
	{ "multiline", "max_lines", "number", "Lines of a block.", false },
};

static const struct { const char *stage, *type; } whole[] = { /* stages that have no keys of their own */
	{ "labels", "names" }, { "static_labels", "names" }, { "structured_metadata", "names" }, { "non_indexed_labels", "names" },
	{ "labeldrop", "texts" }, { "labelallow", "texts" }, { "metrics", "stage_metrics" },
};

static const char metrics[] =
	"\"stage_metrics\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"type\":\"object\",\"required\":[\"type\"],\"properties\":{"
	"\"type\":{\"type\":\"string\",\"pattern\":\"^([Cc]ounter|[Gg]auge|[Hh]istogram|COUNTER|GAUGE|HISTOGRAM)$\"},"
	"\"description\":{\"$ref\":\"#/$defs/text\"},\"source\":{\"$ref\":\"#/$defs/text\"},\"prefix\":{\"$ref\":\"#/$defs/text\"},"
	"\"max_idle_duration\":{\"$ref\":\"#/$defs/text\"},\"config\":{\"type\":[\"object\",\"null\"],\"properties\":{"
	"\"action\":{\"$ref\":\"#/$defs/text\"},\"value\":{\"$ref\":\"#/$defs/text\"},\"match_all\":{\"$ref\":\"#/$defs/flag\"},"
	"\"count_entry_bytes\":{\"$ref\":\"#/$defs/flag\"},\"buckets\":{\"$ref\":\"#/$defs/texts\"}},\"additionalProperties\":false}},"
	"\"additionalProperties\":false}},\n";

const struct schema_stage_key *schema_stage_key_at(size_t i)
{
	return i < COUNT_OF(rows) ? &rows[i] : NULL;
}

static const char *whole_type(const char *stage)
{
	for (size_t i = 0; i < COUNT_OF(whole); i++)
		if (strcmp(whole[i].stage, stage) == 0)
			return whole[i].type;
	return NULL;
}

static void print_required(const char *name, struct buf *out)
{
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!rows[i].is_required || strcmp(rows[i].stage, name) != 0)
			continue;
		buf_str(out, count++ ? STR(",") : STR(",\"required\":["));
		schema_string(str_of(rows[i].key), out);
	}
	buf_str(out, count ? STR("]") : STR(""));
}

static void print_stage(const char *name, struct buf *out)
{
	size_t count = 0;
	if (whole_type(name)) {
		buf_printf(out, "\"stage.%s\":{\"$ref\":\"#/$defs/%s\"},\n", name, whole_type(name));
		return;
	}
	buf_printf(out, "\"stage.%s\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,\"properties\":{", name);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (strcmp(rows[i].stage, name) != 0)
			continue;
		buf_printf(out, "%s\n \"%s\":{\"$ref\":\"#/$defs/%s\",\"description\":", count++ ? "," : "", rows[i].key, rows[i].type);
		schema_string(str_of(rows[i].help), out);
		buf_char(out, '}');
	}
	buf_char(out, '}');
	print_required(name, out);
	buf_str(out, STR("},\n"));
}

void schema_stages_print(struct buf *out)
{
	const char *const *names;
	size_t count = stages_names(&names);
	buf_str(out, STR("\"any\":true,\n\"number\":{\"type\":[\"number\",\"string\",\"null\"]},\n\"text_or_texts\":{\"anyOf\":[{\"$ref\":\"#/$defs/text\"},"
			 "{\"$ref\":\"#/$defs/texts\"}]},\n"));
	buf_str(out, str_of(metrics));
	for (size_t i = 0; i < count; i++)
		print_stage(names[i], out);
	buf_str(out, STR("\"stage\":{\"type\":\"object\",\"minProperties\":1,\"maxProperties\":1,\"additionalProperties\":false,\"properties\":{"));
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s\n \"%s\":{\"$ref\":\"#/$defs/stage.%s\"}", i ? "," : "", names[i], names[i]);
	buf_str(out, STR("}},\n\"stages\":{\"type\":[\"array\",\"null\"],\"items\":{\"$ref\":\"#/$defs/stage\"}},\n"));
}
