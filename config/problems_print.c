/* Problems as text: for people, with the source line and a caret, and as JSON for what runs in a pipeline. */
#include "config/problems.h"

/* Under the character at `column`: tabs are kept, so that it lines up wherever tabs end. */
static void print_caret(struct str line, uint64_t column, struct buf *out)
{
	size_t end = problems_bytes_of(line, column - 1);
	uint64_t characters = 0;
	for (size_t i = 0; i < end; i++)
		characters += ((unsigned char)line.p[i] & 0xc0) != 0x80;
	if (characters + 1 != column)
		return; /* what it would point at is hidden or too far right */
	buf_str(out, STR("    "));
	for (size_t i = 0; i < end; i++) {
		if (((unsigned char)line.p[i] & 0xc0) == 0x80)
			continue;
		buf_char(out, line.p[i] == '\t' ? '\t' : ' ');
	}
	buf_str(out, STR("^\n"));
}

/* Control bytes of a hostile file must not reach a terminal. */
static void print_plain(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(out, ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f ? '?' : s.p[i]);
}

void config_problems_print(const struct config_problems *problems, struct str name, struct buf *out)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *problem = &problems->at[i];
		bool is_of_file = problem->line != PROBLEM_OF_FLAGS;
		buf_str(out, is_of_file ? name : STR("command line: "));
		if (is_of_file)
			buf_printf(out, ":%llu:%llu: ", (unsigned long long)problem->line, (unsigned long long)problem->column);
		buf_str(out, problem->is_warning ? STR("warning: ") : STR(""));
		print_plain(problem->key, out);
		buf_str(out, problem->key.n ? STR(": ") : STR(""));
		print_plain(problem->message, out);
		buf_char(out, '\n');
		if (!problem->source_line.n)
			continue;
		buf_str(out, STR("    "));
		print_plain(problem->source_line, out);
		buf_char(out, '\n');
		print_caret(problem->source_line, problem->column, out);
	}
	if (problems->count == PROBLEMS_MOST)
		buf_printf(out, "%.*s: there may be more; these are the first %d\n", STR_ARG(name), PROBLEMS_MOST);
}


static void member(const char *name, struct str value, bool is_there, struct buf *out)
{
	buf_printf(out, is_there ? ",\"%s\":\"" : ",\"%s\":null", name);
	if (!is_there)
		return;
	buf_json(out, value);
	buf_char(out, '"');
}

static void print_object(const struct config_problem *problem, struct str name, struct buf *out)
{
	buf_str(out, STR("{\"file\":\""));
	buf_json(out, name);
	bool is_of_file = problem->line != PROBLEM_OF_FLAGS;
	buf_printf(out, "\",\"line\":%llu,\"column\":%llu", is_of_file ? (unsigned long long)problem->line : 0, (unsigned long long)problem->column);
	member("key", problem->key, problem->key.n > 0, out);
	member("severity", problem->is_warning ? STR("warning") : STR("error"), true, out);
	member("message", problem->message, true, out);
	member("suggestion", problem->suggestion, problem->suggestion.n > 0, out);
	member("source", problem->source_line, problem->source_line.n > 0, out);
	buf_char(out, '}');
}

void config_problems_json(const struct config_problems *problems, struct str name, struct buf *out)
{
	size_t warnings = 0;
	for (size_t i = 0; i < problems->count; i++)
		warnings += problems->at[i].is_warning;
	buf_str(out, STR("{\"file\":\""));
	buf_json(out, name);
	buf_printf(out, "\",\"valid\":%s,\"errors\":%zu,\"warnings\":%zu,\"problems\":[", problems->errors ? "false" : "true", problems->errors,
		   warnings);
	for (size_t i = 0; i < problems->count; i++) {
		buf_str(out, i ? STR(",\n") : STR("\n"));
		print_object(&problems->at[i], name, out);
	}
	buf_str(out, problems->count ? STR("\n]}\n") : STR("]}\n"));
}
