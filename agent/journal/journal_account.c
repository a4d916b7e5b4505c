/* Plain sums. The order matters in one place: what is new is pending for everybody first, so that nothing goes below zero. */
#include "agent/journal/journal_account.h"

static void settle(struct journal_account *a, struct lanes *lanes)
{
	uint64_t before = a->read;
	for (size_t i = 0; i < lanes->count; i++)
		a->read = a->total[i] > a->read ? a->total[i] : a->read;
	lanes->o.counters->lines_read += a->read - before;
	for (size_t i = 0; i < lanes->count; i++)
		lanes->at[i].ahead_lines += a->read - before; /* who has read them takes them off again */
}

void journal_account_read(struct journal_account *a, struct lanes *lanes, size_t lane, uint64_t entries, unsigned acknowledged)
{
	for (size_t i = 0; i < lanes->count; i++)
		if (i == lane || (acknowledged >> i & 1))
			a->total[i] += entries;
	settle(a, lanes);
	for (size_t i = 0; i < lanes->count; i++) {
		if (i != lane && !(acknowledged >> i & 1))
			continue;
		lanes->at[i].ahead_lines -= entries;
		lanes->at[i].earlier_sent += i == lane ? 0 : entries;
	}
}

void journal_account_meet(struct journal_account *a, struct lanes *lanes, size_t lane, size_t other, bool is_lost)
{
	if (a->total[lane] >= a->total[other])
		return;
	uint64_t missing = a->total[other] - a->total[lane];
	a->total[lane] += missing;
	lanes->at[lane].ahead_lines -= missing;
	*(is_lost ? &lanes->at[lane].lost_lines : &lanes->at[lane].earlier_sent) += missing;
}
