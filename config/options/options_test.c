/* Rows of the file of `spoor test`. */
#include "config/options/options_rows.h"

#include "config/test_file.h"

#define FILE_FIELD(field) offsetof(struct test_file, field)
#define CASE(field) offsetof(struct test_case, field)
#define RECORD(field) offsetof(struct test_record, field)

const struct option options_test[] = {
	VALUE("config", STR, FILE_FIELD(config), "", "", "Configuration with the pipeline; relative to this file."),
	VALUE("job", STR, FILE_FIELD(job), "", "", "Its job; without it, the first one of logs."),
	VALUE("pipeline_stages", STAGES, FILE_FIELD(stages), "", "", "The pipeline itself, instead of config."),
	VALUE("now", STR, FILE_FIELD(now), "2025-01-01T00:00:00Z", "", "The time that it is, RFC 3339. It stands still."),
	VALUE("format", CHOICE, FILE_FIELD(format), "", "raw|cri|docker", "How lines are wrapped. Empty: as the first stage says, raw without one."),
	VALUE("labels", LABELS, FILE_FIELD(labels), "", "", "Labels that lines have before the pipeline, besides those of the job."),
	LIST("cases[]", FILE_FIELD(cases), FILE_FIELD(case_count), struct test_case, "10000", "Lines, and what is to come of them."),
	VALUE("cases[].name", STR, CASE(name), "", "", "Required."),
	VALUE("cases[].format", CHOICE, CASE(format), "", "raw|cri|docker", "Instead of that of the file."),
	VALUE("cases[].labels", LABELS, CASE(labels), "", "", "On top of those of the file."),
	VALUE("cases[].input", LINES, CASE(input), "", "", "The lines: a text of lines, or a list. Required."),
	VALUE("cases[].metrics", MAP, CASE(metrics), "", "", "Metrics of the stage metrics when all lines are through: name{label=\"value\"} to its value."),
	LIST("cases[].expect[]", CASE(records), CASE(record_count), struct test_record, "100000", "The records, in order; all of them, dropped ones too."),
	VALUE("cases[].expect[].line", TEXT, RECORD(line), "", "", "The line."),
	VALUE("cases[].expect[].labels", MAP, RECORD(labels), "", "", "All labels."),
	VALUE("cases[].expect[].labels_include", MAP, RECORD(labels_include), "", "", "Some of the labels; an empty value: no such label."),
	VALUE("cases[].expect[].structured_metadata", MAP, RECORD(structured_metadata), "", "", "All structured metadata."),
	VALUE("cases[].expect[].structured_metadata_include", MAP, RECORD(structured_metadata_include), "", "", "Some of it; an empty value: none by that name."),
	VALUE("cases[].expect[].timestamp", STR, RECORD(timestamp), "", "", "The time, RFC 3339."),
	VALUE("cases[].expect[].tenant", STR, RECORD(tenant), "", "", "The tenant that a stage gave it; empty: none did."),
	VALUE("cases[].expect[].dropped", STR, RECORD(dropped), "", "", "The reason under which it is dropped; empty: it is not."),
};
const size_t options_test_count = COUNT_OF(options_test);
