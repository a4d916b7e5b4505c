/* The files have a dozen lines: looking for each line anew by its word costs less than keeping them. */
#include "agent/collectors/rpc_lines.h"

#include "agent/collectors/fields.h"
#include "parsers/bytes/num.h"

const char *const rpc_methods_2[RPC_METHODS_2] = { "Null", "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink", "Read", "WrCache",
	"Write", "Create", "Remove", "Rename", "Link", "SymLink", "MkDir", "RmDir", "ReadDir", "FsStat" };
const char *const rpc_methods_3[RPC_METHODS_3] = { "Null", "GetAttr", "SetAttr", "Lookup", "Access", "ReadLink", "Read", "Write",
	"Create", "MkDir", "SymLink", "MkNod", "Remove", "RmDir", "Rename", "Link", "ReadDir", "ReadDirPlus", "FsStat", "FsInfo",
	"PathConf", "Commit" };

bool rpc_lines_next(struct str *text, struct rpc_line *out)
{
	while (text->n > 0) {
		struct str line = str_cut(text, '\n');
		out->word = fields_next(&line);
		for (out->count = 0; out->count < RPC_NUMBERS_MAX && num_u64(fields_next(&line), &out->numbers[out->count]);)
			out->count++;
		if (out->count > 0)
			return true;
	}
	return false;
}

/* The last line that begins with the word. */
static bool find(struct str text, const char *word, struct rpc_line *out)
{
	struct rpc_line line;
	bool is_found = false;
	while (rpc_lines_next(&text, &line)) {
		if (str_eq(line.word, str_of(word))) {
			*out = line;
			is_found = true;
		}
	}
	return is_found;
}

void rpc_lines_fields(struct sheet *s, struct str text, const struct rpc_field *fields, size_t count)
{
	struct rpc_line line = { .count = 0 };
	const char *held = "";
	for (size_t i = 0; i < count; i++) {
		const struct rpc_field *f = &fields[i];
		if (strcmp(held, f->line) != 0 && !find(text, f->line, &line))
			line.count = 0;
		held = f->line;
		const bool is_there = f->column < line.count && (f->columns == 0 || line.count == f->columns);
		const struct metric_label label = { f->label, str_of(f->value) };
		sheet_put(s, f->type, f->name, f->help, is_there ? (double)line.numbers[f->column] : 0, &label, f->label ? 1 : 0);
	}
}

void rpc_lines_methods(struct sheet *s, struct str text, const char *name, const char *help, const struct rpc_methods *methods)
{
	struct rpc_line line;
	if (!find(text, methods->line, &line) || line.numbers[0] != line.count - 1 || line.count - 1 < methods->least)
		line.count = 0;
	for (size_t i = 0; i < methods->count; i++)
		if (methods->names[i])
			sheet_add(s, METRIC_COUNTER, name, help, i + 1 < line.count ? (double)line.numbers[i + 1] : 0,
				{ "method", str_of(methods->names[i]) }, { "proto", str_of(methods->proto) });
}
