/* Edit distance with swaps of neighbours counted as one slip (optimal string alignment), without regard to case. A word that
 * is part of the other counts as two slips, however long the rest is, and as one when it is its start ("user", "username"): people forget
 * the ending. */
#include "config/nearest.h"

enum { LONGEST = 64, SLIPS_OF_A_PART = 2, SLIPS_OF_A_START = 1, SHORTEST_PART = 4 };

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

static size_t slips(struct str a, struct str b)
{
	size_t rows[3][LONGEST + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= b.n; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			char x = ascii_lower(a.p[i - 1]), y = ascii_lower(b.p[j - 1]);
			now[j] = smallest(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) && y == ascii_lower(a.p[i - 2]) &&
				before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		size_t *oldest = before;
		before = last;
		last = now;
		now = oldest;
	}
	return last[b.n];
}

static bool is_part(struct str part, struct str whole)
{
	for (size_t at = 0; part.n >= SHORTEST_PART && at + part.n <= whole.n; at++)
		if (str_ieq(part, str_take(str_skip(whole, at), part.n)))
			return true;
	return false;
}

void nearest_offer(struct nearest *n, struct str wanted, struct str known)
{
	if (wanted.n == 0 || wanted.n > LONGEST || known.n == 0 || known.n > LONGEST)
		return;
	size_t distance = slips(wanted, known);
	if (distance > SLIPS_OF_A_PART && (is_part(wanted, known) || is_part(known, wanted)))
		distance = SLIPS_OF_A_PART;
	if (distance > SLIPS_OF_A_START && wanted.n >= SHORTEST_PART && str_ieq(wanted, str_take(known, wanted.n)))
		distance = SLIPS_OF_A_START;
	if (!n->word.n || distance < n->distance)
		*n = (struct nearest){ known, distance };
}

struct str nearest_word(const struct nearest *n, struct str wanted)
{
	size_t most = wanted.n <= SHORTEST_PART ? 1 : wanted.n < 9 ? 2 : wanted.n / 3;
	return n->word.n && n->distance <= most ? n->word : (struct str){ 0 };
}
