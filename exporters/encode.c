/* Once for a credential that changed: written to be read, not to be fast. */
#include "exporters/encode.h"

void encode_base64(struct buf *out, struct str s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t group = 0;
		for (size_t k = 0; k < 3; k++)
			group = group << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_char(out, i + k <= s.n ? digits[group >> (18 - 6 * k) & 63] : '=');
	}
}

void encode_form(struct buf *out, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (ascii_is_letter(c) || ascii_is_digit(c) || c == '-' || c == '_' || c == '.' || c == '~')
			buf_char(out, c);
		else if (c == ' ')
			buf_char(out, '+');
		else
			buf_append(out, (char[]){ '%', hex[(unsigned char)c >> 4], hex[c & 15] }, 3);
	}
}
