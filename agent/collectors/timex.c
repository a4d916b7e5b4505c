/* What adjtimex(2) says about the clock: how far it is off, and whether something keeps it right. Frequencies are parts per million with a
 * fraction of 16 bits; offset and jitter are micro- or nanoseconds, as the status tells. */
#include <sys/timex.h>

#include "agent/collectors/all.h"

static const double PPM16 = 1000000.0 * 65536.0, MICRO = 1000000, NANO = 1000000000;

static void write_pps(struct families *f, const struct timex *t, double unit)
{
	families_gauge(f, "node_timex_pps_frequency_hertz", "Pulse per second frequency.", (double)t->ppsfreq / PPM16);
	families_gauge(f, "node_timex_pps_jitter_seconds", "Pulse per second jitter.", (double)t->jitter / unit);
	families_gauge(f, "node_timex_pps_shift_seconds", "Pulse per second interval duration.", (double)t->shift);
	families_gauge(f, "node_timex_pps_stability_hertz", "Pulse per second stability, average of recent frequency changes.",
		(double)t->stabil / PPM16);
	families_counter(f, "node_timex_pps_jitter_total", "Pulse per second count of jitter limit exceeded events.", (double)t->jitcnt);
	families_counter(f, "node_timex_pps_calibration_total", "Pulse per second count of calibration intervals.", (double)t->calcnt);
	families_counter(f, "node_timex_pps_error_total", "Pulse per second count of calibration errors.", (double)t->errcnt);
	families_counter(f, "node_timex_pps_stability_exceeded_total", "Pulse per second count of stability limit exceeded events.",
		(double)t->stbcnt);
}

static int update(void *state, struct collect *c)
{
	struct timex t = { 0 };
	struct families *f = c->out;
	(void)state;
	int status = adjtimex(&t);
	if (status < 0)
		return errno == EPERM || errno == EACCES ? -ENODATA : -errno;
	double unit = t.status & STA_NANO ? NANO : MICRO;
	families_gauge(f, "node_timex_sync_status", "Is clock synchronized to a reliable server (1 = yes, 0 = no).", status != TIME_ERROR);
	families_gauge(f, "node_timex_offset_seconds", "Time offset in between local system and reference clock.", (double)t.offset / unit);
	families_gauge(f, "node_timex_frequency_adjustment_ratio", "Local clock frequency adjustment.", 1 + (double)t.freq / PPM16);
	families_gauge(f, "node_timex_maxerror_seconds", "Maximum error in seconds.", (double)t.maxerror / MICRO);
	families_gauge(f, "node_timex_estimated_error_seconds", "Estimated error in seconds.", (double)t.esterror / MICRO);
	families_gauge(f, "node_timex_status", "Value of the status array bits.", (double)t.status);
	families_gauge(f, "node_timex_loop_time_constant", "Phase-locked loop time constant.", (double)t.constant);
	families_gauge(f, "node_timex_tick_seconds", "Seconds between clock ticks.", (double)t.tick / MICRO);
	write_pps(f, &t, unit);
	families_gauge(f, "node_timex_tai_offset_seconds", "International Atomic Time (TAI) offset.", (double)t.tai);
	return 0;
}

const struct collector collector_timex = { .name = "timex", .is_default = true, .update = update };
