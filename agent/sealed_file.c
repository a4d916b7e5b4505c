/* CRC-32 as in zlib and PNG: eight digits tell torn writes and flipped bits, and people may repair a line with common tools. */
#include "agent/sealed_file.h"

#include <errno.h>
#include <stdio.h>
#include <zlib.h>

#include "agent/os.h"
#include "parsers/bytes/num.h"

enum { CRC_DIGITS = 8 };

static uint32_t checksum(struct str s)
{
	return (uint32_t)crc32(0, (const unsigned char *)s.p, (unsigned)s.n);
}

void sealed_file_begin(struct buf *out, const char *what, uint64_t version)
{
	buf_reset(out);
	buf_printf(out, "%s %llu", what, (unsigned long long)version);
	buf_printf(out, " %08x\n", checksum(buf_view(out)));
}

size_t sealed_file_row(struct buf *out)
{
	size_t start = out->n;
	buf_append(out, "00000000\t", CRC_DIGITS + 1);
	return start;
}

void sealed_file_row_end(struct buf *out, size_t start)
{
	char digits[CRC_DIGITS + 1];
	if (out->is_full)
		return;
	snprintf(digits, sizeof digits, "%08x", checksum(str_skip(buf_view(out), start + CRC_DIGITS + 1)));
	memcpy(out->p + start, digits, CRC_DIGITS);
	buf_char(out, '\n');
}

static bool is_sum(struct str digits, struct str of)
{
	uint64_t sum;
	return digits.n == CRC_DIGITS && num_hex64(digits, &sum) && sum == checksum(of);
}

int sealed_file_head(struct str *text, const char *what, uint64_t newest, uint64_t *version)
{
	struct str line = str_cut(text, '\n'), kind = str_of(what);
	if (!str_starts(line, kind) || !str_starts(str_skip(line, kind.n), STR(" ")))
		return 0;
	struct str rest = str_skip(line, kind.n + 1);
	if (!num_u64(str_cut(&rest, ' '), version))
		return 0;
	if (rest.n ? !is_sum(rest, str_take(line, line.n - rest.n - 1)) : *version <= newest)
		return 0;
	return *version > newest ? -EPROTONOSUPPORT : 1;
}

bool sealed_file_check(struct str *line)
{
	struct str digits = str_cut(line, '\t');
	return is_sum(digits, *line);
}

static int load_one(const struct sealed_file *f, const char *path)
{
	struct buf text;
	buf_init(&text, f->cap_bytes);
	int result = os_read_file(path, f->cap_bytes, &text);
	if (result == 0)
		result = f->parse(f->ctx, buf_view(&text));
	buf_fini(&text);
	return result;
}

int sealed_file_load(const struct sealed_file *f, size_t *damaged)
{
	char other[4096];
	int result = load_one(f, f->path);
	if (result > 0 || result == -EPROTONOSUPPORT)
		return result > 0 ? 0 : result;
	bool is_foreign = result == 0;
	if (snprintf(other, sizeof other, "%s.old", f->path) >= (int)sizeof other)
		return 0;
	result = load_one(f, other);
	if (is_foreign) {
		++*damaged;
		if (snprintf(other, sizeof other, "%s.bad", f->path) < (int)sizeof other)
			rename(f->path, other);
	}
	return result == -EPROTONOSUPPORT ? result : 0;
}
