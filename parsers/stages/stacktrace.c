/* Each kind of trace has its own small question "does this line go on with it", and a fresh line is classified by what it says
 * about itself. A bare exception follows the record that announces it ("… ERROR request failed", then "java.io.IOException: …"),
 * but begins a block of its own behind a line that looks like nothing in particular, or behind frames. What cannot be told
 * without looking ahead is left apart: messages of several lines whose further lines are not indented. */
#include "parsers/stages/stacktrace.h"

enum { PYTHON_FRAMES, PYTHON_DONE, PYTHON_BLANK, PYTHON_CHAINED };
enum { FRAMES_PLAIN, FRAMES_BRACE /* Node.js shows the error's fields in braces behind the last frame */ };
enum { RUBY_PLAIN, RUBY_RAILS /* blank and indented lines belong to it */ };

#define TRACEBACK STR("Traceback (most recent call last):")

static bool is_name_start(char c)
{
	return ascii_is_letter(c) || c == '_';
}

static struct str skip_blanks(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	return s;
}

static bool is_indented(struct str line)
{
	return line.n && (line.p[0] == ' ' || line.p[0] == '\t');
}

static struct str without_return(struct str line)
{
	return str_ends(line, STR("\r")) ? str_take(line, line.n - 1) : line;
}

static bool starts_with_any(struct str s, const char *const *heads, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(s, str_of(heads[i])))
			return true;
	return false;
}

/* ---- what a line looks like ---- */

/* "foo.bar.Baz$1", the length of it; 0: it does not start with a name. */
static size_t name_run(struct str s)
{
	size_t n = 0;
	if (s.n == 0 || !is_name_start(s.p[0]))
		return 0;
	while (n < s.n && (is_name_start(s.p[n]) || ascii_is_digit(s.p[n]) || memchr(".$/`", s.p[n], 4)))
		n++;
	return n;
}

/* "java.io.IOException: gone", "System.AggregateException", "TypeError: x is not a function" */
static bool is_exception(struct str line)
{
	static const char *const heads[] = { "Exception in thread \"", "Unhandled exception. ", "Unhandled Exception: ",
		"Uncaught " };
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		if (!str_starts(line, str_of(heads[i])))
			continue;
		line = str_skip(line, strlen(heads[i]));
		if (i == 0)
			line = skip_blanks(str_skip(line, str_find(line, '"') + 1));
		break;
	}
	struct str name = str_take(line, name_run(line));
	if (name.n == 0 || (name.n < line.n && line.p[name.n] != ':'))
		return false;
	name = str_take(name, str_find(name, '`')); /* System.Exception`1 */
	return str_ends(name, STR("Exception")) || str_ends(name, STR("Error")) || str_ends(name, STR("Throwable"));
}

/* "\tat a.B.c(B.java:1)", "   at A.B() in /b.cs:line 2", "    at async f (file:1:2)" */
static bool is_at_frame(struct str line)
{
	struct str rest = skip_blanks(line);
	if (rest.n == line.n || !str_starts(rest, STR("at ")) || rest.n < 5)
		return false;
	rest = str_skip(rest, 3);
	return str_find(rest, '(') < rest.n || str_find(rest, '/') < rest.n || ascii_is_digit(rest.p[rest.n - 1]) ||
		str_ends(rest, STR("<anonymous>"));
}

/* "x.rb:3:in `f'", "x.rb:3:in 'C#f'": where "in" begins, or n. */
static size_t ruby_place(struct str line)
{
	static const struct str mark = { ":in ", 4 };
	for (size_t at = 1; at + 5 < line.n;) {
		const char *hit = memmem(line.p + at, line.n - at, mark.p, mark.n);
		size_t i = hit ? (size_t)(hit - line.p) : line.n;
		if (i + 5 >= line.n)
			return line.n;
		if (ascii_is_digit(line.p[i - 1]) && (line.p[i + 4] == '`' || line.p[i + 4] == '\''))
			return i;
		at = i + 1;
	}
	return line.n;
}

static bool is_ruby_frame(struct str line)
{
	struct str rest = skip_blanks(line);
	if (str_starts(rest, STR("from ")))
		return rest.n < line.n && ruby_place(rest) < rest.n;
	return ruby_place(rest) < rest.n && (rest.p[rest.n - 1] == '\'');
}

/* "x.rb:3:in `f': message (NameError)" */
static bool is_ruby_head(struct str line)
{
	return !is_indented(line) && ruby_place(line) < line.n && line.p[line.n - 1] == ')';
}

static bool is_goroutine(struct str line)
{
	return str_starts(line, STR("goroutine ")) && line.n > 10 && ascii_is_digit(line.p[10]) && str_find(line, '[') < line.n;
}

static bool is_traceback(struct str line)
{
	return str_starts(line, TRACEBACK) ||
		(is_indented(line) && str_starts(skip_blanks(line), STR("+ Exception Group Traceback")));
}

/* "info: Some.Name[14]" */
static bool is_console(struct str line)
{
	static const char *const levels[] = { "trce: ", "dbug: ", "info: ", "warn: ", "fail: ", "crit: " };
	return starts_with_any(line, levels, COUNT_OF(levels)) && line.p[line.n - 1] == ']';
}

static bool is_record(struct str line)
{
	static const char *const levels[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "SEVERE", "CRITICAL", "NOTICE" };
	return ascii_is_digit(line.p[0]) || line.p[0] == '[' || line.p[0] == '<' || starts_with_any(line, levels, COUNT_OF(levels));
}

static struct stacktrace classify(struct str line)
{
	static const char *const go[] = { "panic: ", "fatal error: ", "SIGQUIT: quit", "SIGABRT: abort", "[signal " };
	if (line.n == 0 || (line.p[0] == '{' && line.p[line.n - 1] == '}'))
		return (struct stacktrace){ STACKTRACE_NONE, 0 };
	if (starts_with_any(line, go, COUNT_OF(go)) || is_goroutine(line))
		return (struct stacktrace){ STACKTRACE_GO, 0 };
	if (str_ends(line, TRACEBACK) || str_starts(line, STR("  File \"")))
		return (struct stacktrace){ STACKTRACE_PYTHON, PYTHON_FRAMES };
	if (is_console(line))
		return (struct stacktrace){ STACKTRACE_CONSOLE, 0 };
	if (is_ruby_head(line) || is_ruby_frame(line))
		return (struct stacktrace){ STACKTRACE_RUBY, RUBY_PLAIN };
	if (str_ends(line, STR("):")) && str_has(line, STR("Error (")))
		return (struct stacktrace){ STACKTRACE_RUBY, RUBY_RAILS };
	if (is_exception(line) || is_at_frame(line))
		return (struct stacktrace){ STACKTRACE_FRAMES, FRAMES_PLAIN };
	return (struct stacktrace){ is_record(line) ? STACKTRACE_RECORD : STACKTRACE_PLAIN, 0 };
}

/* ---- does it go on ---- */

/* What stands between and behind frames of Java and .NET. */
static bool is_between_frames(struct str line)
{
	static const char *const indented[] = { "Caused by: ", "Suppressed: ", "- locked ", "- waiting ", "- parking ",
		"[CIRCULAR REFERENCE", "---> ", "--- End of ", "[cause]: " };
	static const char *const flush[] = { "Caused by: ", "Suppressed: ", "Wrapped by: ", "--- End of ", "[CIRCULAR REFERENCE" };
	struct str rest = skip_blanks(line);
	if (rest.n == line.n)
		return starts_with_any(line, flush, COUNT_OF(flush));
	return starts_with_any(rest, indented, COUNT_OF(indented)) ||
		(str_starts(rest, STR("... ")) && rest.n > 4 && ascii_is_digit(rest.p[4]));
}

static bool goes_on_frames(struct stacktrace *t, struct str line)
{
	bool is_brace = t->step == FRAMES_BRACE;
	if (is_at_frame(line)) {
		t->step = str_ends(line, STR(" {")) ? FRAMES_BRACE : FRAMES_PLAIN;
		return true;
	}
	if (is_brace && is_indented(line))
		return true;
	t->step = FRAMES_PLAIN;
	return is_between_frames(line) || (is_brace && str_eq(line, STR("}")));
}

static bool goes_on_console(struct stacktrace *t, struct str line)
{
	(void)t;
	return str_starts(line, STR("      ")); /* as wide as "info: " */
}

/* The line behind the frames: "ValueError: bad", "KeyboardInterrupt". */
static bool ends_python(struct str line)
{
	size_t n = name_run(line);
	return n && (n == line.n || line.p[n] == ':');
}

static bool goes_on_python(struct stacktrace *t, struct str line)
{
	switch (t->step) {
	case PYTHON_FRAMES:
		if (is_indented(line))
			return true;
		if (is_ruby_head(line)) /* Ruby up to 2.7 opened traces with the same words on a terminal */
			t->kind = STACKTRACE_RUBY;
		t->step = t->kind == STACKTRACE_RUBY ? (unsigned char)RUBY_PLAIN : (unsigned char)PYTHON_DONE;
		return t->kind == STACKTRACE_RUBY || ends_python(line);
	case PYTHON_DONE:
		if (line.n == 0)
			t->step = PYTHON_BLANK;
		return line.n == 0 || (is_indented(line) && !is_traceback(line));
	case PYTHON_BLANK:
		t->step = PYTHON_CHAINED;
		return str_starts(line, STR("During handling of the above exception")) ||
			str_starts(line, STR("The above exception was the direct cause"));
	default:
		if (is_traceback(line))
			t->step = PYTHON_FRAMES;
		return line.n == 0 || is_traceback(line);
	}
}

/* "main.(*T).f(0x1, {…})": a call without a blank in front of its bracket. */
static bool is_go_call(struct str line)
{
	size_t open = str_find(line, '(');
	return open > 0 && open < line.n && line.p[line.n - 1] == ')' && str_find(str_take(line, open), ' ') == open &&
		str_find(str_take(line, open), '=') == open;
}

/* "rax    0x0", of a crash that shows the processor's registers */
static bool is_register(struct str line)
{
	size_t n = str_find(line, ' ');
	return n >= 2 && n <= 6 && is_name_start(line.p[0]) && str_starts(skip_blanks(str_skip(line, n)), STR("0x"));
}

static bool goes_on_go(struct stacktrace *t, struct str line)
{
	static const char *const heads[] = { "\t", "created by ", "[signal ", "runtime stack:", "...", "exit status ", "PC=0x",
		"goroutine running on" };
	(void)t;
	return line.n == 0 || starts_with_any(line, heads, COUNT_OF(heads)) || is_goroutine(line) || is_go_call(line) ||
		is_register(line);
}

static bool goes_on_ruby(struct stacktrace *t, struct str line)
{
	if (t->step == RUBY_RAILS && (line.n == 0 || is_indented(line)))
		return true;
	return is_ruby_frame(line) || (is_indented(line) && str_starts(skip_blanks(line), STR("... ")));
}

/* Behind a line that said nothing of a trace. */
static bool goes_on_plain(struct stacktrace *t, struct str line)
{
	bool is_announced = t->kind == STACKTRACE_RECORD;
	struct stacktrace next = classify(line);
	bool is_frame = is_at_frame(line) || is_ruby_frame(line) || is_between_frames(line);
	bool is_trace = (next.kind == STACKTRACE_FRAMES && is_exception(line)) || is_traceback(line) || is_goroutine(line) ||
		is_ruby_head(line);
	if (!is_frame && !(is_announced && is_trace))
		return false;
	*t = next;
	if (is_frame && !is_ruby_frame(line))
		*t = (struct stacktrace){ STACKTRACE_FRAMES, str_ends(line, STR(" {")) ? FRAMES_BRACE : FRAMES_PLAIN };
	return true;
}

static bool goes_on_nothing(struct stacktrace *t, struct str line)
{
	(void)t;
	(void)line;
	return false;
}

static bool (*const goes_on[])(struct stacktrace *t, struct str line) = {
	[STACKTRACE_NONE] = goes_on_nothing, [STACKTRACE_PLAIN] = goes_on_plain, [STACKTRACE_RECORD] = goes_on_plain,
	[STACKTRACE_FRAMES] = goes_on_frames, [STACKTRACE_CONSOLE] = goes_on_console, [STACKTRACE_PYTHON] = goes_on_python,
	[STACKTRACE_GO] = goes_on_go, [STACKTRACE_RUBY] = goes_on_ruby,
};

/* What begins with "key=" is a field, except for the counter of a crash; a register has its blank within the first seven bytes. */
static bool is_field(struct str line)
{
	size_t n = name_run(line);
	return n < line.n && line.p[n] == '=' && str_find(str_take(line, 7), ' ') == 7 && !str_starts(line, STR("PC=0x"));
}

bool stacktrace_may_continue(struct str line)
{
	line = without_return(line);
	if (line.n == 0 || is_indented(line))
		return true;
	char first = line.p[0], last = line.p[line.n - 1];
	if (last == ')' || last == '\'') /* calls of Go, frames of Ruby */
		return true;
	return is_name_start(first) ? !is_field(line) : first == '[' || first == '-' || first == '.' || first == '}';
}

bool stacktrace_continues(struct stacktrace *t, struct str line)
{
	line = without_return(line);
	if (goes_on[t->kind](t, line))
		return true;
	*t = classify(line);
	return false;
}
