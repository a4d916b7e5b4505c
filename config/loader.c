/* Messages of the loader, and the memory of where each field came from. */
#include "config/loader.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MOST = 2048 };

static bool is_secret(const struct place *at)
{
	return at->option && (at->option->kind == OPTION_SECRET || at->option->kind == OPTION_SECRET_MAP ||
			       at->option->kind == OPTION_HTTP_HEADERS);
}

__attribute__((format(printf, 5, 0))) static void add(struct loader *r, const struct place *at, bool is_warning, bool at_key,
	const char *format, va_list args)
{
	char text[TEXT_MOST];
	struct buf key;
	vsnprintf(text, sizeof text, format, args);
	buf_init(&key, 4096);
	buf_str(&key, str_take(at->section, 1024));
	buf_str(&key, at->section.n && at->key.n ? STR(".") : STR(""));
	buf_str(&key, str_take(at->key, 1024));
	bool has_value = !at_key && at->node && at->node->kind != NODE_NULL;
	struct config_problem *problem = problem_add(r->problems, is_warning, has_value ? at->node->line : at->line,
						     has_value ? at->node->column : at->column, buf_view(&key), "%s", text);
	if (problem && is_secret(at) && at->node && at->node->line == problem->line)
		problem->secret_column = at->node->column;
	buf_fini(&key);
}

void loader_error(struct loader *r, const struct place *at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(r, at, false, false, format, args);
	va_end(args);
}

void loader_warning(struct loader *r, const struct place *at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(r, at, true, true, format, args);
	va_end(args);
}

void loader_key_error(struct loader *r, const struct place *at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(r, at, false, true, format, args);
	va_end(args);
}

void loader_expected(struct loader *r, const struct place *at, const char *what)
{
	struct buf found;
	buf_init(&found, 512);
	if (is_secret(at) && at->node->kind == NODE_SCALAR)
		buf_str(&found, STR("something else"));
	else
		tree_describe(at->node, &found);
	loader_error(r, at, "expected %s, found %.*s", what, STR_ARG(buf_view(&found)));
	buf_fini(&found);
}

static const struct place *find(const struct map *map, const void *address)
{
	return map_get(map, (struct str){ (const char *)&address, sizeof address });
}

const struct place *loader_field(const struct loader *r, const void *field)
{
	return find(&r->fields, field);
}

const struct place *loader_element(const struct loader *r, const void *element)
{
	return find(&r->elements, element);
}
