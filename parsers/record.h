/* One log record: what the pipeline hands to a sink. All views; valid until the next read of the same reader. */
#ifndef PARSERS_RECORD_H
#define PARSERS_RECORD_H

#include "parsers/labels.h"
#include "parsers/level.h"
#include "parsers/trace/trace.h"

struct record {
	int64_t timestamp_ns; /* since 1970, from the container runtime where there is one */
	struct str line;      /* valid UTF-8, no line feed */
	enum level level;
	enum trace_result trace_result;
	struct trace_context trace; /* meaningful with TRACE_VALID */
	struct str adjusted_count; /* how many lines it stands for, as text, when others were left out by sampling; empty: itself */
	const struct label *metadata; /* more structured metadata, from pipeline stages */
	size_t metadata_count;
};

#endif
