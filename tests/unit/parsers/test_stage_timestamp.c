/* The stage timestamp: named formats, layouts, what cannot be read. */
#include "tests/unit/parsers/stage_cases.h"

static const struct stage_case cases[] = {
	{ "RFC3339",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'RFC3339', 'actio"
		"n_on_failure': 'skip'}}]",
		{ "2019-01-01T01:00:00Z",
			"2019-01-01T01:00:00.5+02:00",
			"2019-1-01T01:00:00Z",
			"2019-02-29T01:00:00Z" },
		"2019-01-01T01:00:00Z | 1546304400000000000 | t=2019-01-01T01:00:00Z\n"
		"2019-01-01T01:00:00.5+02:00 | 1546297200500000000 | t=2019-01-01T01:00:00.5+02:00\n"
		"2019-1-01T01:00:00Z | t=2019-1-01T01:00:00Z\n"
		"2019-02-29T01:00:00Z | t=2019-02-29T01:00:00Z\n" },
	{ "RFC3339Nano",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'RFC3339Nano', 'a"
		"ction_on_failure': 'skip'}}]",
		{ "2019-01-01T01:00:00.000000001Z",
			"2019-01-01T01:00:00-07:30" },
		"2019-01-01T01:00:00.000000001Z | 1546304400000000001 | t=2019-01-01T01:00:00.000000001Z\n"
		"2019-01-01T01:00:00-07:30 | 1546331400000000000 | t=2019-01-01T01:00:00-07:30\n" },
	{ "milliseconds as seconds, and other times that nanoseconds cannot say",
		"[{'regex': {'expression': '^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'Unix', 'fallback_formats': "
		"['2006-01-02'], 'action_on_failure': 'skip'}}]",
		{ "1714557600123", "9223372036.854775807", "9223372036.854775808", "-9223372037", "1500-01-01", "2262-01-01" },
		"1714557600123 | t=1714557600123\n"
		"9223372036.854775807 | 9223372036854775807 | t=9223372036.854775807\n"
		"9223372036.854775808 | t=9223372036.854775808\n"
		"-9223372037 | t=-9223372037\n"
		"1500-01-01 | t=1500-01-01\n"
		"2262-01-01 | 9214646400000000000 | t=2262-01-01\n" },
	{ "ANSIC",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'ANSIC', 'action_"
		"on_failure': 'skip'}}]",
		{ "Mon Jan  2 15:04:05 2006",
			"Mon Jan  2 15:04:05 200" },
		"Mon Jan  2 15:04:05 2006 | 1136214245000000000 | t=Mon Jan  2 15:04:05 2006\n"
		"Mon Jan  2 15:04:05 200 | t=Mon Jan  2 15:04:05 200\n" },
	{ "UnixDate",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'UnixDate', 'acti"
		"on_on_failure': 'skip'}}]",
		{ "Mon Jan  2 15:04:05 UTC 2006",
			"Mon Jan  2 15:04:05 UTC 200" },
		"Mon Jan  2 15:04:05 UTC 2006 | 1136214245000000000 | t=Mon Jan  2 15:04:05 UTC 2006\n"
		"Mon Jan  2 15:04:05 UTC 200 | t=Mon Jan  2 15:04:05 UTC 200\n" },
	{ "RubyDate",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'RubyDate', 'acti"
		"on_on_failure': 'skip'}}]",
		{ "Mon Jan 02 15:04:05 -0700 2006",
			"Mon Jan 02 15:04:05 -0700 200" },
		"Mon Jan 02 15:04:05 -0700 2006 | 1136239445000000000 | t=Mon Jan 02 15:04:05 -0700 2006\n"
		"Mon Jan 02 15:04:05 -0700 200 | t=Mon Jan 02 15:04:05 -0700 200\n" },
	{ "RFC822",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'RFC822', 'action"
		"_on_failure': 'skip'}}]",
		{ "02 Jan 06 15:04 UTC",
			"02 Jan 06 15:04 UT" },
		"02 Jan 06 15:04 UTC | 1136214240000000000 | t=02 Jan 06 15:04 UTC\n"
		"02 Jan 06 15:04 UT | t=02 Jan 06 15:04 UT\n" },
	{ "RFC822Z",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'RFC822Z', 'actio"
		"n_on_failure': 'skip'}}]",
		{ "02 Jan 06 15:04 -0700",
			"02 Jan 06 15:04 -070" },
		"02 Jan 06 15:04 -0700 | 1136239440000000000 | t=02 Jan 06 15:04 -0700\n"
		"02 Jan 06 15:04 -070 | t=02 Jan 06 15:04 -070\n" },
	{ "RFC850",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'RFC850', 'action"
		"_on_failure': 'skip'}}]",
		{ "Monday, 02-Jan-06 15:04:05 UTC",
			"Monday, 02-Jan-06 15:04:05 UT" },
		"Monday, 02-Jan-06 15:04:05 UTC | 1136214245000000000 | t=Monday, 02-Jan-06 15:04:05 UTC\n"
		"Monday, 02-Jan-06 15:04:05 UT | t=Monday, 02-Jan-06 15:04:05 UT\n" },
	{ "RFC1123",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'RFC1123', 'actio"
		"n_on_failure': 'skip'}}]",
		{ "Mon, 02 Jan 2006 15:04:05 UTC",
			"Mon, 02 Jan 2006 15:04:05 UT" },
		"Mon, 02 Jan 2006 15:04:05 UTC | 1136214245000000000 | t=Mon, 02 Jan 2006 15:04:05 UTC\n"
		"Mon, 02 Jan 2006 15:04:05 UT | t=Mon, 02 Jan 2006 15:04:05 UT\n" },
	{ "RFC1123Z",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'RFC1123Z', 'acti"
		"on_on_failure': 'skip'}}]",
		{ "Mon, 02 Jan 2006 15:04:05 -0700",
			"Mon, 02 Jan 2006 15:04:05 -070" },
		"Mon, 02 Jan 2006 15:04:05 -0700 | 1136239445000000000 | t=Mon, 02 Jan 2006 15:04:05 -0700\n"
		"Mon, 02 Jan 2006 15:04:05 -070 | t=Mon, 02 Jan 2006 15:04:05 -070\n" },
	{ "Unix",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'Unix', 'action_o"
		"n_failure': 'skip'}}]",
		{ "1562708916",
			"1562708916.919",
			"1562708916.000000123",
			"-1",
			"1.2.3",
			"x",
			"" },
		"1562708916 | 1562708916000000000 | t=1562708916\n"
		"1562708916.919 | 1562708916919000000 | t=1562708916.919\n"
		"1562708916.000000123 | 1562708916000000123 | t=1562708916.000000123\n"
		"-1 | -1000000000 | t=-1\n"
		"1.2.3 | t=1.2.3\n"
		"x | t=x\n"
		" | t=\n" },
	{ "UnixMs",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'UnixMs', 'action"
		"_on_failure': 'skip'}}]",
		{ "1562708916414" },
		"1562708916414 | 1562708916414000000 | t=1562708916414\n" },
	{ "UnixUs",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'UnixUs', 'action"
		"_on_failure': 'skip'}}]",
		{ "1562708916414123" },
		"1562708916414123 | 1562708916414123000 | t=1562708916414123\n" },
	{ "UnixNs",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'UnixNs', 'action"
		"_on_failure': 'skip'}}]",
		{ "1562708916000000123" },
		"1562708916000000123 | 1562708916000000123 | t=1562708916000000123\n" },
	{ "a layout of one's own",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': '2006-01-02 15:04"
		":05,000', 'action_on_failure': 'skip'}}]",
		{ "2024-02-29 23:59:59,123",
			"2024-02-29 23:59:60,123",
			"2024-02-29 23:59:59" },
		"2024-02-29 23:59:59,123 | 1709251199123000000 | t=2024-02-29 23:59:59,123\n"
		"2024-02-29 23:59:60,123 | t=2024-02-29 23:59:60,123\n"
		"2024-02-29 23:59:59 | t=2024-02-29 23:59:59\n" },
	{ "twelve hours",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': '1/2/06 3:04pm', "
		"'action_on_failure': 'skip'}}]",
		{ "7/9/19 12:05am",
			"7/9/19 1:05pm",
			"7/9/19 13:05pm" },
		"7/9/19 12:05am | 1562630700000000000 | t=7/9/19 12:05am\n"
		"7/9/19 1:05pm | 1562677500000000000 | t=7/9/19 1:05pm\n"
		"7/9/19 13:05pm | t=7/9/19 13:05pm\n" },
	{ "day of the year",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': '2006-002', 'acti"
		"on_on_failure': 'skip'}}]",
		{ "2024-060",
			"2023-060",
			"2023-366" },
		"2024-060 | 1709164800000000000 | t=2024-060\n"
		"2023-060 | 1677628800000000000 | t=2023-060\n"
		"2023-366 | t=2023-366\n" },
	{ "a fraction that is not in the layout",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': '2006-01-02 15:04"
		":05 -07', 'action_on_failure': 'skip'}}]",
		{ "2024-01-01 00:00:00.25 +01" },
		"2024-01-01 00:00:00.25 +01 | 1704063600250000000 | t=2024-01-01 00:00:00.25 +01\n" },
	{ "names in any case",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'January 2 2006 M"
		"onday', 'action_on_failure': 'skip'}}]",
		{ "FEBRUARY 3 2024 sunday" },
		"FEBRUARY 3 2024 sunday | 1706918400000000000 | t=FEBRUARY 3 2024 sunday\n" },
	{ "fallback formats",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'Unix', 'fallback"
		"_formats': ['2006', 'RFC3339'], 'action_on_failure': 'skip'}}]",
		{ "2019",
			"2019-01-01T01:00:00Z",
			"12x" },
		"2019 | 2019000000000 | t=2019\n"
		"2019-01-01T01:00:00Z | 1546304400000000000 | t=2019-01-01T01:00:00Z\n"
		"12x | t=12x\n" },
	{ "fudge",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': 'Unix'}}]",
		{ "x",
			"5",
			"x",
			"y",
			"6",
			"z" },
		"x | t=x\n"
		"5 | 5000000000 | t=5\n"
		"x | 5000000001 | t=x\n"
		"y | 5000000002 | t=y\n"
		"6 | 6000000000 | t=6\n"
		"z | 6000000001 | t=z\n" },
	{ "a location of UTC",
		"[{'regex': {'expression': '(?s)^(?P<t>.*)$'}}, {'timestamp': {'source': 't', 'format': '2006-01-02 15:04"
		"', 'location': 'UTC', 'action_on_failure': 'skip'}}]",
		{ "2024-06-01 12:00" },
		"2024-06-01 12:00 | 1717243200000000000 | t=2024-06-01 12:00\n" },
};

START_TEST(case_of_table)
{
	case_check(&cases[_i]);
}
END_TEST

int main(void)
{
	return case_main("stage_timestamp", case_of_table, (int)COUNT_OF(cases));
}
