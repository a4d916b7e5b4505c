/* A file of targets, by anyone: no crash; a reason for each refusal; what is taken becomes targets or is refused with a reason. */
#include <assert.h>

#include "agent/scrape/file_sd.h"
#include "agent/scrape/target_labels.h"
#include "exporters/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config_metric_scrape job = {
		.job_name = STR("j"), .metrics_path = STR("/metrics"), .scheme = STR("http"), .scrape_interval_ms = 15000, .scrape_timeout_ms = 10000,
	};
	struct discovered_set set = { 0 };
	char err[256] = "", shown[64];
	if (!file_sd_parse((struct str){ (const char *)data, size }, STR("/f.json"), &set, err))
		assert(err[0] && set.count == 0);
	for (size_t i = 0; i < set.count && i < 64; i++) {
		struct target_labels l = { 0 };
		err[0] = '\0';
		enum target_verdict verdict = target_labels_make(&l, &job, NULL, &set.at[i], err);
		assert(verdict != TARGET_INVALID || err[0]);
		if (verdict == TARGET_KEPT) {
			assert(l.interval_ms > 0 && l.timeout_ms > 0 && l.timeout_ms <= l.interval_ms);
			assert(labels_get(&l.shown, STR("job")).n && labels_get(&l.shown, STR("instance")).n);
			for (size_t k = 0; k < l.url.n; k++)
				assert((unsigned char)l.url.p[k] > 0x20);
			http_url_check(l.url, shown, sizeof shown);
		}
		target_labels_fini(&l);
	}
	discovered_reset(&set);
	return 0;
}
