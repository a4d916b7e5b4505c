/* A header is one block of NUL-padded text fields, numbers in octal; the content follows, padded to whole blocks.
 *
 *   offset  0    100   108   116   124   136    148       156   157   257     263      265 ...
 *           name mode  uid   gid   size  mtime  checksum  type  link  "ustar" version  owner and more */
#include "agent/commands/ustar.h"

#include <stdio.h>

enum { AT_MODE = 100, AT_UID = 108, AT_GID = 116, AT_SIZE = 124, AT_MTIME = 136, AT_SUM = 148, AT_TYPE = 156, AT_MAGIC = 257 };

static void put_octal(char *header, size_t at, size_t digits, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%0*llo", (int)digits, (unsigned long long)value);
	memcpy(header + at, text, digits);
}

bool ustar_file(struct buf *out, struct str name, struct str content, int64_t mtime_s)
{
	static const char zeroes[USTAR_BLOCK];
	char header[USTAR_BLOCK] = { 0 };
	unsigned sum = 0;
	size_t padding = (USTAR_BLOCK - content.n % USTAR_BLOCK) % USTAR_BLOCK;
	if (name.n == 0 || name.n > USTAR_NAME_MAX || content.n > 1u << 30 || !buf_reserve(out, USTAR_BLOCK + content.n + padding))
		return false;
	memcpy(header, name.p, name.n);
	put_octal(header, AT_MODE, 7, 0600);
	put_octal(header, AT_UID, 7, 0);
	put_octal(header, AT_GID, 7, 0);
	put_octal(header, AT_SIZE, 11, content.n);
	put_octal(header, AT_MTIME, 11, mtime_s > 0 ? (uint64_t)mtime_s : 0);
	header[AT_TYPE] = '0';
	memcpy(header + AT_MAGIC, "ustar\00000", 8);
	memset(header + AT_SUM, ' ', 8); /* counts as blanks in its own sum */
	for (size_t i = 0; i < sizeof header; i++)
		sum += (unsigned char)header[i];
	put_octal(header, AT_SUM, 6, sum);
	header[AT_SUM + 6] = '\0';
	buf_append(out, header, sizeof header);
	buf_str(out, content);
	buf_append(out, zeroes, padding);
	return true;
}

void ustar_end(struct buf *out)
{
	static const char zeroes[2 * USTAR_BLOCK];
	buf_append(out, zeroes, sizeof zeroes);
}
