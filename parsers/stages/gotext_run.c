/* Runs the program of a template. */
#include "parsers/stages/gotext_state.h"

#include <stdlib.h>

static struct gotext_value field(const struct gotext_data *d, struct str name)
{
	struct gotext_value out = { .kind = GOTEXT_TEXT };
	if (d->line.p && str_eq(name, STR("Entry"))) {
		out.text = d->line;
		return out;
	}
	if (d->value.p && str_eq(name, STR("Value"))) {
		out.text = d->value;
		return out;
	}
	const struct extracted *x = extracted_get(d->entry, name);
	if (!x || !extracted_text(d->entry, x, &out.text))
		out.kind = GOTEXT_NONE;
	return out;
}

/* Go finds out what a value is when the function is called with it, and stops there. */
static bool fits(const struct gotext_function *f, const struct gotext_value *args, size_t count)
{
	const char *kind = f->kinds;
	for (size_t i = 0; i < count; i++) {
		if ((*kind == 's' && args[i].kind != GOTEXT_TEXT) || (*kind == 'i' && args[i].kind != GOTEXT_INT))
			return false;
		kind += kind[1] != '\0';
	}
	return true;
}

static struct gotext_value indexed(const struct gotext_data *d, struct str name)
{
	struct gotext_value out = field(d, name);
	if (out.kind == GOTEXT_NONE && d->misses_empty)
		out = (struct gotext_value){ .kind = GOTEXT_TEXT, .text = STR("") };
	return out;
}

static bool call(struct gotext *t, const struct gotext_step *step, const struct gotext_data *d, struct gotext_value *args, struct gotext_value *out)
{
	if (step->is_piped) {
		struct gotext_value piped = args[0];
		memmove(args, args + 1, (step->count - 1) * sizeof *args);
		args[step->count - 1] = piped;
	}
	if (!step->function->run) { /* index: of the dot by name, of a text by place */
		if (args[0].kind == GOTEXT_DATA && args[1].kind == GOTEXT_TEXT) {
			*out = indexed(d, args[1].text);
			return true;
		}
		if (args[0].kind != GOTEXT_TEXT || args[1].kind != GOTEXT_INT || (uint64_t)args[1].number >= args[0].text.n)
			return false;
		*out = (struct gotext_value){ .kind = GOTEXT_INT, .number = (unsigned char)args[0].text.p[args[1].number] };
		return true;
	}
	struct gotext_call c = { d, args, step->count, step->regex, d->entry->arena, &t->out, &t->piece };
	stage_scratch_reset(&t->out);
	stage_scratch_reset(&t->piece);
	return fits(step->function, args, step->count) && step->function->run(&c, out) && out->text.n <= STAGE_OUTPUT_MAX;
}

bool gotext_run(struct gotext *t, const struct gotext_data *data, struct buf *out)
{
	struct gotext_value stack[GOTEXT_STACK + 1];
	size_t top = 0;
	for (size_t at = 0; at < t->count; at++) {
		const struct gotext_step *step = &t->steps[at];
		if (top >= GOTEXT_STACK)
			return false;
		switch (step->op) {
		case OP_WRITE:
			buf_str(out, step->text);
			break;
		case OP_PUSH:
			stack[top++] = step->constant;
			break;
		case OP_FIELD:
			stack[top++] = field(data, step->text);
			break;
		case OP_CALL: {
			struct gotext_value result = { 0 };
			top -= step->count;
			if (!call(t, step, data, stack + top, &result))
				return false;
			stack[top++] = result;
			break;
		}
		case OP_PRINT:
			if (stack[--top].kind == GOTEXT_NONE)
				buf_str(out, STR("<no value>"));
			else
				gotext_print(&stack[top], out);
			break;
		case OP_JUMP_UNLESS:
			at = gotext_is_true(&stack[--top]) ? at : step->target - 1;
			break;
		case OP_JUMP:
			at = step->target - 1;
		}
	}
	return !out->is_full;
}

void gotext_free(struct gotext *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		regex_free(t->steps[i].regex);
	free(t->steps);
	arena_fini(&t->texts);
	buf_fini(&t->out);
	buf_fini(&t->piece);
	free(t);
}
