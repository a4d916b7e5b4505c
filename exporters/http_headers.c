/* Retry-After is believed, within bounds: a number of any size, or a date in the one form that servers send today
 * ("Sun, 06 Nov 1994 08:49:37 GMT"; libcurl's date parser does the calendar, and its leniency is kept out by asking for the
 * comma and the zone). Everything else is as if the header were not there. */
#include "exporters/http_headers.h"

#include <curl/curl.h>

static bool is_token_byte(char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	if (ascii_is_letter(c) || ascii_is_digit(c))
		return true;
	return c && strchr(others, c);
}

bool http_header_is_safe(struct str line)
{
	size_t colon = str_find(line, ':');
	if (colon == 0 || colon == line.n)
		return false;
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		if (i < colon ? !is_token_byte(c) : (c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

bool http_header_value(struct str line, struct str name, struct str *value)
{
	if (line.n <= name.n || line.p[name.n] != ':' || !str_ieq(str_take(line, name.n), name))
		return false;
	struct str v = str_skip(line, name.n + 1);
	while (v.n && ascii_is_blank(v.p[0]))
		v = str_skip(v, 1);
	while (v.n && ascii_is_blank(v.p[v.n - 1]))
		v.n--;
	*value = v;
	return true;
}

static int64_t clamp_s(int64_t seconds)
{
	int64_t most = HTTP_RETRY_AFTER_MAX_MS / 1000;
	return (seconds < 0 ? 0 : seconds > most ? most : seconds) * 1000;
}

/* An optional minus and digits; however many, the value stops growing at what is clamped anyway. */
static bool seconds_read(struct str value, int64_t *out)
{
	bool is_negative = value.n && value.p[0] == '-';
	value = str_skip(value, is_negative);
	int64_t seconds = 0;
	for (size_t i = 0; i < value.n; i++) {
		if (!ascii_is_digit(value.p[i]))
			return false;
		if (seconds < HTTP_RETRY_AFTER_MAX_MS)
			seconds = seconds * 10 + (value.p[i] - '0');
	}
	*out = is_negative ? 0 : seconds;
	return value.n > 0;
}

int64_t http_retry_after_ms(struct str value, int64_t now_s)
{
	int64_t seconds;
	char date[40];
	if (seconds_read(value, &seconds))
		return clamp_s(seconds);
	if (value.n >= sizeof date || str_find(value, ',') != 3 || !str_ends(value, STR(" GMT")) || memchr(value.p, '\0', value.n))
		return -1;
	memcpy(date, value.p, value.n);
	date[value.n] = '\0';
	time_t at = curl_getdate(date, NULL);
	return at == -1 ? -1 : clamp_s((int64_t)at - now_s);
}
