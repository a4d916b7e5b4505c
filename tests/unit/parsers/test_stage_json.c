/* The stage json: what the expressions find, what is no JSON, and how objects come out as text. */
#include "tests/unit/parsers/stage_cases.h"

static const struct stage_case cases[] = {
	{ "values of each kind",
		"[{'json': {'expressions': {'s': '', 'n': '', 'b': '', 'z': '', 'gone': ''}}}]",
		{ "{\"s\":\"text\",\"n\":1.5,\"b\":true,\"z\":null}" },
		"{\"s\":\"text\",\"n\":1.5,\"b\":true,\"z\":null} | s=text | n=#1.5 | b=?true | z=nil | gone=nil\n" },
	{ "a way into objects and arrays",
		"[{'json': {'expressions': {'a': 'x.y[1].z', 'last': 'x.y[-1].z', 'far': 'x.y[7]'}}}]",
		{ "{\"x\":{\"y\":[{\"z\":1},{\"z\":\"two\"},{\"z\":false}]}}" },
		"{\"x\":{\"y\":[{\"z\":1},{\"z\":\"two\"},{\"z\":false}]}} | a=two | last=?false | far=nil\n" },
	{ "first and last of an array of one",
		"[{'json': {'expressions': {'a': 'x[0]', 'b': 'x[-1]', 'c': 'x[-2]'}}}]",
		{ "{\"x\":[\"only\"]}" },
		"{\"x\":[\"only\"]} | a=only | b=only | c=nil\n" },
	{ "quoted names",
		"[{'json': {'expressions': {'a': '\\'the name\\'.\\'x-y\\'', 'b': '\\'\\\\u00e9\\''}}}]",
		{ "{\"the name\":{\"x-y\":\"1\"},\"\303\251\":\"2\"}" },
		"{\"the name\":{\"x-y\":\"1\"},\"\303\251\":\"2\"} | a=1 | b=2\n" },
	{ "an object becomes text",
		"[{'json': {'expressions': {'o': '', 'l': 'o.list'}}}]",
		{ "{ \"o\" : { \"list\" : [ 1.0, 2e3, \"<a>\" , null ] , \"x\" : {} } }" },
		"{ \"o\" : { \"list\" : [ 1.0, 2e3, \"<a>\" , null ] , \"x\" : {} } } | o={\"list\":[1,2000,\"\\u003ca\\u"
		"003e\",null],\"x\":{}} | l=[1,2000,\"\\u003ca\\u003e\",null]\n" },
	{ "the whole of it",
		"[{'json': {'expressions': {'all': '@'}}}]",
		{ "{\"a\": 1}" },
		"{\"a\": 1} | all={\"a\":1}\n" },
	{ "numbers",
		"[{'json': {'expressions': {'a': '', 'b': '', 'c': '', 'd': '', 'e': ''}}}]",
		{ "{\"a\":1e21,\"b\":-0,\"c\":1E-7,\"d\":123456789012345678901234,\"e\":0.1}" },
		"{\"a\":1e21,\"b\":-0,\"c\":1E-7,\"d\":123456789012345678901234,\"e\":0.1} | a=#1e+21 | b=#-0 | c=#9.9999"
		"999999999995e-08 | d=#1.2345678901234569e+23 | e=#0.10000000000000001\n" },
	{ "escapes",
		"[{'json': {'expressions': {'a': ''}}}]",
		{ "{\"a\":\"\\u00e9\\n\\ud83d\\ude00\"}" },
		"{\"a\":\"\\u00e9\\n\\ud83d\\ude00\"} | a=\303\251\n"
		"\360\237\230\200\n" },
	{ "a control byte behind an escape, and before one",
		"[{'json': {'expressions': {'a': ''}}}]",
		{ "{\"a\":\"x\\ny\tz\"}",
			"{\"a\":\"y\tz\\n\"}" },
		"{\"a\":\"x\\ny\tz\"} | a=x\n"
		"y\tz\n"
		"{\"a\":\"y\tz\\n\"}\n" },
	{ "a key that stands twice",
		"[{'json': {'expressions': {'a': 'k', 'b': 'k.x'}}}]",
		{ "{\"k\":{\"x\":1},\"k\":2}",
			"{\"k\":1,\"k\":{\"x\":2}}" },
		"{\"k\":{\"x\":1},\"k\":2} | a=#2 | b=nil\n"
		"{\"k\":1,\"k\":{\"x\":2}} | a={\"x\":2} | b=#2\n" },
	{ "from the end of nothing",
		"[{'json': {'expressions': {'a': 'x[-1][-1].y', 'b': 'z', 'c': '@'}}}]",
		{ "{\"x\":[[],[]],\"z\":1}",
			"{\"x\":[],\"z\":1}",
			"null" },
		"{\"x\":[[],[]],\"z\":1} | a=nil | b=#1 | c={\"x\":[[],[]],\"z\":1}\n"
		"{\"x\":[],\"z\":1} | a=nil | b=#1 | c={\"x\":[],\"z\":1}\n"
		"null | a=nil | b=nil | c=null\n" },
	{ "no JSON, kept",
		"[{'json': {'expressions': {'a': ''}}}]",
		{ "{\"a\":1",
			"no",
			"[1]",
			"",
			"null",
			"{\"a\":1} x" },
		"{\"a\":1\n"
		"no\n"
		"[1]\n"
		"\n"
		"null | a=nil\n"
		"{\"a\":1} x\n" },
	{ "no JSON, dropped",
		"[{'json': {'expressions': {'a': ''}, 'drop_malformed': true}}]",
		{ "{\"a\":1",
			"{\"a\":2}" },
		"dropped: malformed_json\n"
		"{\"a\":2} | a=#2\n" },
	{ "out of a value",
		"[{'json': {'expressions': {'a': ''}, 'source': 'src'}}]",
		{ "x" },
		"x | a=b\n" },
	{ "nested in a text",
		"[{'json': {'expressions': {'inner': ''}}}, {'json': {'expressions': {'u': 'user.id'}, 'source': 'inner'}"
		"}]",
		{ "{\"inner\":\"{\\\"user\\\":{\\\"id\\\":7}}\"}" },
		"{\"inner\":\"{\\\"user\\\":{\\\"id\\\":7}}\"} | inner={\"user\":{\"id\":7}} | u=#7\n" },
	{ "a label of the stream is overwritten",
		"[{'json': {'expressions': {'app': ''}}}]",
		{ "{\"app\":\"other\"}" },
		"{\"app\":\"other\"} | app=other\n" },
};

START_TEST(case_of_table)
{
	case_check(&cases[_i]);
}
END_TEST

int main(void)
{
	return case_main("stage_json", case_of_table, (int)COUNT_OF(cases));
}
