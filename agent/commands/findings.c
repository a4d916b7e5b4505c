/* Rows in the order in which they were found, with what a terminal could take for a command blotted out; as text for people, as JSON for programs. */
#include "agent/commands/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/web/web_json.h"
#include "parsers/bytes/array.h"

enum { TEXT_MOST = 1024, AREA_WIDTH = 14 };

const char *const finding_level_names[FINDING_LEVELS] = { [FINDING_OK] = "ok", [FINDING_NOTE] = "note", [FINDING_WARN] = "warn", [FINDING_FAIL] = "FAIL" };

static struct str clean_copy(struct arena *arena, struct str s)
{
	struct str copy = arena_copy(arena, s);
	char *p = (char *)(uintptr_t)copy.p;
	for (size_t i = 0; i < copy.n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = '?';
	return copy;
}

void findings_add(struct findings *f, enum finding_level level, const char *area, struct str subject, const char *advice, const char *text, ...)
{
	char words[TEXT_MOST];
	va_list args;
	va_start(args, text);
	vsnprintf(words, sizeof words, text, args);
	va_end(args);
	f->at = array_room(f->at, f->count, &f->room, sizeof *f->at);
	f->at[f->count++] = (struct finding){ level, clean_copy(&f->arena, str_of(area)), clean_copy(&f->arena, subject),
					      clean_copy(&f->arena, str_of(words)), clean_copy(&f->arena, str_of(advice)) };
	f->by_level[level]++;
}

void findings_fini(struct findings *f)
{
	free(f->at);
	arena_fini(&f->arena);
	*f = (struct findings){ 0 };
}

void findings_print(const struct findings *f, struct buf *out)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct finding *row = &f->at[i];
		buf_printf(out, "%-4s  %-*.*s ", finding_level_names[row->level], AREA_WIDTH, STR_ARG(row->area));
		buf_str(out, row->subject);
		buf_str(out, row->subject.n ? STR(": ") : STR(""));
		buf_str(out, row->text);
		buf_char(out, '\n');
		if (row->advice.n)
			buf_printf(out, "      %-*s -> " STR_FMT "\n", AREA_WIDTH, "", STR_ARG(row->advice));
	}
	buf_printf(out, "%zu ok, %zu notes, %zu warnings, %zu failed\n", f->by_level[FINDING_OK], f->by_level[FINDING_NOTE], f->by_level[FINDING_WARN],
		   f->by_level[FINDING_FAIL]);
}

void findings_print_json(const struct findings *f, struct buf *out)
{
	buf_str(out, STR("{\"findings\":["));
	for (size_t i = 0; i < f->count; i++) {
		const struct finding *row = &f->at[i];
		buf_str(out, i ? STR(",\n{") : STR("\n{"));
		web_json_text(out, "level", row->level == FINDING_FAIL ? STR("fail") : str_of(finding_level_names[row->level]));
		web_json_text(out, "area", row->area);
		web_json_text(out, "subject", row->subject);
		web_json_text(out, "text", row->text);
		web_json_text(out, "advice", row->advice);
		buf_char(out, '}');
	}
	buf_char(out, ']');
	web_json_u64(out, "warnings", f->by_level[FINDING_WARN]);
	web_json_u64(out, "failed", f->by_level[FINDING_FAIL]);
	buf_str(out, STR("}\n"));
}
