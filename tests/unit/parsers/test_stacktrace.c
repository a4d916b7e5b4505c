/* Lines that belong together, per language: each case is text in which a line "--" parts the blocks that are wanted. */
#include "parsers/stages/stacktrace.h"

#include <check.h>

#include "parsers/bytes/buf.h"

static const struct { const char *name, *text; } cases[] = {
	{ "plain lines stay apart", "one\n--\ntwo\n--\n\n--\n\n--\n  indented\n--\nthree" },
	{ "records stay apart", "2024-01-01 10:00:00 INFO a\n--\n2024-01-01 10:00:01 INFO b\n--\n[x] c\n--\n{\"a\":1}\n--\n{\"a\":2}" },
	{ "Java behind its record", "2024-01-01 10:00:00 ERROR [main] request failed\n"
		"java.lang.RuntimeException: could not read\n"
		"\tat com.example.Service.read(Service.java:12) ~[app.jar:1.0]\n"
		"\tat java.base/java.lang.Thread.run(Thread.java:833)\n"
		"\tSuppressed: java.io.IOException: close failed\n"
		"\t\tat com.example.Res.close(Res.java:5)\n"
		"\t\t... 2 more\n"
		"Caused by: java.io.FileNotFoundException: /x (No such file)\n"
		"\tat java.base/java.io.FileInputStream.open0(Native Method)\n"
		"\t... 12 common frames omitted\n--\n2024-01-01 10:00:01 INFO next" },
	{ "Java alone, twice", "Exception in thread \"main\" java.lang.NullPointerException\n\tat a.B.c(B.java:1)\n--\n"
		"java.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)\n--\nplain" },
	{ "Java in the record's own line", "10:00 ERROR a.B - java.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)\n\t[CIRCULAR REFERENCE: a.B]\n--\nnext" },
	{ "an exception behind nothing in particular", "hello\n--\njava.lang.Error\n\tat a.B.c(Unknown Source)" },
	{ "frames behind anything", "something odd happened\n\tat a.B.c(B.java:1)\n--\nnext" },
	{ "talk that is no frame", "we met\n--\n  at noon\n--\njust text" },
	{ "Node.js", "/app/index.js:3\n--\nError: ENOENT: no such file, open '/x'\n    at Object.openSync (node:fs:601:3)\n    at async main (file:///app/i.mjs:1:2)\n"
		"    at /app/x.js:10:3\n    at new Promise (<anonymous>) {\n  errno: -2,\n  code: 'ENOENT'\n}\n--\nnext" },
	{ "Python behind its record", "ERROR:root:failed\nTraceback (most recent call last):\n  File \"/a.py\", line 3, in f\n    g()\n    ~^^\n"
		"  [Previous line repeated 995 more times]\nValueError: bad\n--\nINFO:root:next" },
	{ "Python alone, chained", "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    1/0\nZeroDivisionError: division by zero\n\n"
		"During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n"
		"  File \"a.py\", line 4, in <module>\n    f()\na.b.MyError\n--\nnext" },
	{ "Python, the direct cause", "Traceback (most recent call last):\n  File \"a\", line 1\nKeyError: 'a'\n\n"
		"The above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"a\", line 2\nE: x\n--\n"
		"Traceback (most recent call last):\n  File \"a\", line 1\nKeyboardInterrupt" },
	{ "Python's groups", "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in <module>\n  | ExceptionGroup: x (1 sub-exception)\n"
		"  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------\n--\n2024 next" },
	{ "Python, cut short", "Traceback (most recent call last):\n  File \"a\", line 1\n--\n2024-01-01 INFO next" },
	{ "Python's syntax errors", "  File \"a.py\", line 1\n    f(\n     ^\nSyntaxError: '(' was never closed\n--\nnext line" },
	{ "Python in the record's own line", "2024 ERROR Traceback (most recent call last):\n  File \"a\", line 1\nKeyError: 'a'\n--\nnext line" },
	{ "Go", "panic: runtime error: index out of range [5] with length 3 [recovered]\n\tpanic: again\n[signal SIGSEGV: segmentation violation code=0x1]\n\n"
		"goroutine 1 [running]:\nmain.(*T).f(0xc000012345, {0x1, 0x2})\n\t/app/main.go:12 +0x1d\nmain.g[...](...)\n\t/app/main.go:9\n"
		"created by main.main in goroutine 1\n\t/app/main.go:5 +0x25\n\ngoroutine 6 [chan receive, 2 minutes]:\nmain.h()\n\t/app/h.go:1 +0x1\nexit status 2\n--\n"
		"2024/01/01 10:00:00 next" },
	{ "Go, twice", "panic: a\n\ngoroutine 1 [running]:\nmain.f()\n\t/a.go:1\n--\npanic: b\n\ngoroutine 1 [running]:\nmain.f()\n\t/a.go:1" },
	{ "Go, a request's", "2024/01/01 10:00:00 http: panic serving 127.0.0.1:5: boom\ngoroutine 19 [running]:\nnet/http.(*conn).serve.func1()\n\t/net/http/server.go:1 +0x1\n--\nnext line" },
	{ "Go, all asleep", "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/a.go:1 +0x1\n--\nlevel=info msg=f(x)" },
	{ "Go, registers", "SIGQUIT: quit\nPC=0x46f1c1 m=0 sigcode=0\n\ngoroutine 0 gp=0x1 m=0 mp=0x2 [idle]:\nruntime.futex(0x1)\n\t/r.s:1\n\nrax    0xca\nrflags 0x286\n--\nnext line" },
	{ "Ruby", "app.rb:3:in `f': divided by 0 (ZeroDivisionError)\n\tfrom app.rb:7:in `g'\n\tfrom app.rb:10:in `<main>'\n\t ... 3 levels...\n--\n"
		"app.rb:3:in 'Integer#/': divided by 0 (ZeroDivisionError)\n\tfrom app.rb:3:in 'f'\n--\nnext" },
	{ "Ruby up to 2.7", "Traceback (most recent call last):\n\t1: from a.rb:7:in `<main>'\na.rb:3:in `f': x (RuntimeError)\n--\nnext" },
	{ "Ruby behind its record", "[2024-01-01] ERROR -- : failed\na.rb:3:in `f': x (RuntimeError)\n\tfrom a.rb:7:in `g'\n--\nnext" },
	{ "Rails", "NoMethodError (undefined method `x' for nil:NilClass):\n\napp/models/a.rb:3:in `x'\napp/controllers/b.rb:4:in `show'\n--\nStarted GET" },
	{ ".NET", "Unhandled exception. System.AggregateException: One or more errors occurred. (x)\n ---> System.InvalidOperationException: x\n"
		"   at App.Program.F(Int32 a) in /src/Program.cs:line 12\n   --- End of inner exception stack trace ---\n   at App.Program.Main()\n"
		"--- End of stack trace from previous location ---\n   at App.G()\n--\nnext" },
	{ ".NET's console", "info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://[::]:80\n--\nfail: App.Worker[0]\n      It failed\n"
		"      System.Exception: x\n         at App.F() in /x.cs:line 1\n--\ninfo: A[0]\n      b\n--\nnext" },
	{ "carriage returns", "java.lang.Error: x\r\n\tat a.B.c(B.java:1)\r\n--\nnext\r" },
};

START_TEST(blocks)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stacktrace t = { 0 };
		struct str rest = str_of(cases[i].text);
		struct buf got;
		bool is_first = true;
		buf_init(&got, 1 << 16);
		while (is_first || rest.n) {
			struct str line = str_cut(&rest, '\n');
			if (str_eq(line, STR("--")))
				continue;
			bool goes_on = stacktrace_continues(&t, line);
			ck_assert_msg(!(is_first && goes_on), "%s: the first line continues nothing", cases[i].name);
			ck_assert_msg(!goes_on || stacktrace_may_continue(line), "%s: " STR_FMT, cases[i].name, STR_ARG(line));
			if (!is_first)
				buf_str(&got, goes_on ? STR("\n") : STR("\n--\n"));
			buf_str(&got, line);
			is_first = false;
		}
		ck_assert_msg(str_eq(buf_view(&got), str_of(cases[i].text)), "%s: got\n" STR_FMT, cases[i].name, STR_ARG(buf_view(&got)));
		buf_fini(&got);
	}
}
END_TEST

/* What most lines look like is told apart at a look; each of these behind a head of each kind continues nothing either. */
START_TEST(continues_nothing)
{
	static const char *const heads[] = { "10:00 ERROR failed", "java.io.IOException: gone", "\tat a.B.c(B.java:1)", "info: A.B[1]",
		"Traceback (most recent call last):", "panic: x", "goroutine 1 [running]:", "a.rb:1:in `f': x (E)" };
	static const char *const lines[] = { "{\"level\":\"info\",\"msg\":\"x\"}", "ts=2026-01-01T00:00:00Z level=info msg=\"x\"",
		"2026-01-01T00:00:00Z INFO started", "<34>1 x", "\"quoted\"", "level=info" };
	static const char *const others[] = { "", "\tat a.B.c(B.java:1)", "Caused by: x", "}", "main.f(0x1)", "a.rb:1:in 'f'", "[signal SIGSEGV]",
		"--- End of inner exception", "ValueError: bad", "PC=0x1 m=0", "rax    0x0", "a=b  0x0", "...", "\r" };
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		ck_assert_msg(!stacktrace_may_continue(str_of(lines[i])), "%s", lines[i]);
		for (size_t k = 0; k < COUNT_OF(heads); k++) {
			struct stacktrace t = { 0 };
			stacktrace_continues(&t, str_of(heads[k]));
			ck_assert_msg(!stacktrace_continues(&t, str_of(lines[i])), "%s behind %s", lines[i], heads[k]);
		}
	}
	for (size_t i = 0; i < COUNT_OF(others); i++)
		ck_assert_msg(stacktrace_may_continue(str_of(others[i])), "%s", others[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stacktrace");
	TCase *t = tcase_create("stacktrace");
	tcase_add_test(t, blocks);
	tcase_add_test(t, continues_nothing);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
