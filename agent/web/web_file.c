/* One file as the agent has it, for whoever asks why a line of it is not in Loki. A file is meant by its path, or by device and inode: behind a
 * link, or renamed since, it has another path here. */
#include "agent/tail/tail.h"
#include "agent/web/web_json.h"
#include "exporters/loki.h"
#include "parsers/bytes/num.h"
#include "parsers/kubernetes/podpath.h"

enum { REFUSED_SHOWN = 100, TARGETS_LOOKED_AT = 20000, TARGETS_SHOWN = 100, LABELS_MOST = 256 << 10 };

struct question {
	struct web_request *r;
	const struct status *status;
	struct str path;
	uint64_t dev, ino;
	size_t shown, targets;
	struct podpath pod;       /* of the file, by its path; without a name: it is no pod's */
	struct str container;
};

static void comma(struct buf *out)
{
	if (out->n && out->p[out->n - 1] != '[')
		buf_char(out, ',');
}

static void put_lanes(struct question *q, const struct file_status *f)
{
	struct buf *out = &q->r->body;
	web_json_key(out, "destinations");
	buf_char(out, '[');
	for (size_t i = 0; i < f->lane_count; i++) {
		const struct file_lane *lane = &f->lanes[i];
		struct destination_status d = { .name = STR("ring") };
		uint64_t pending;
		if (i < q->status->destination_count)
			q->status->destination(q->status->ctx, i, &d, &pending);
		comma(out);
		buf_char(out, '{');
		web_json_text(out, "name", d.name);
		web_json_u64(out, "read_bytes", lane->read_bytes);
		web_json_u64(out, "acked_bytes", lane->acked_bytes);
		web_json_bool(out, "at_end", lane->is_at_end);
		web_json_bool(out, "unfinished_line", lane->has_tail);
		web_json_bool(out, "waiting", lane->is_waiting);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void on_file(void *ctx, const struct file_status *f)
{
	static const char *const formats[] = { [FORMAT_AUTO] = "auto", [FORMAT_CRI] = "cri", [FORMAT_DOCKER] = "docker", [FORMAT_RAW] = "raw" };
	struct question *q = ctx;
	struct buf *out = &q->r->body;
	if (!str_eq(f->path, q->path) && !(q->ino && f->ino == q->ino && f->dev == q->dev))
		return;
	comma(out);
	buf_char(out, '{');
	web_json_text(out, "path", f->path);
	web_json_text(out, "log", f->log);
	web_json_text(out, "job", f->job);
	web_json_text(out, "namespace", f->namespace_);
	web_json_text(out, "pod", f->pod);
	web_json_text(out, "container", f->container);
	web_json_text(out, "format", str_of(formats[f->format]));
	web_json_text(out, "state", str_of(file_state_names[f->state]));
	web_json_text(out, "error", str_of(f->error));
	web_json_u64(out, "size_bytes", f->size_bytes);
	web_json_seconds(out, "lag_seconds", f->lag_ns);
	web_json_text(out, "stdout", f->streams[0]);
	web_json_text(out, "stderr", f->streams[1]);
	put_lanes(q, f);
	buf_char(out, '}');
}

/* The path itself, or a folder that it lies in, or what lies in it. */
static bool is_related(struct str refused, struct str path)
{
	struct str shorter = refused.n < path.n ? refused : path, longer = refused.n < path.n ? path : refused;
	return shorter.n && str_starts(longer, shorter) && (longer.n == shorter.n || longer.p[shorter.n] == '/');
}

static void on_refused(void *ctx, const char *path, const char *why)
{
	struct question *q = ctx;
	struct buf *out = &q->r->body;
	if (!is_related(str_of(path), q->path) || q->shown >= REFUSED_SHOWN)
		return;
	q->shown++;
	comma(out);
	buf_char(out, '{');
	web_json_text(out, "path", str_of(path));
	web_json_text(out, "why", str_of(why));
	buf_char(out, '}');
}

/* "<anything>/<namespace>_<pod>_<uid>/<container>/<log>" */
static void read_pod(struct question *q)
{
	struct str parts[3] = { { 0 } }, rest = q->path;
	while (rest.n) {
		parts[0] = parts[1];
		parts[1] = parts[2];
		parts[2] = str_cut(&rest, '/');
	}
	q->container = parts[1];
	if (!podpath_directory(parts[0], &q->pod))
		q->pod = (struct podpath){ 0 };
}

static void put_labels(struct buf *out, const char *name, const struct labels *from)
{
	struct labels copy = { 0 };
	struct buf text;
	buf_init(&text, LABELS_MOST);
	if (from)
		labels_copy(&copy, from);
	loki_labels_render(copy.at, copy.count, &text);
	web_json_text(out, name, buf_view(&text));
	buf_fini(&text);
	labels_fini(&copy);
}

/* What discovery has made of this container: with the pod's object, which nobody else has. */
static void on_target(void *ctx, const struct tail_target *t)
{
	struct question *q = ctx;
	struct buf *out = &q->r->body;
	bool is_meant = str_eq(labels_get(t->discovered, STR("__meta_kubernetes_pod_name")), q->pod.pod) &&
			str_eq(labels_get(t->discovered, STR("__meta_kubernetes_namespace")), q->pod.namespace_) &&
			str_eq(labels_get(t->discovered, STR("__meta_kubernetes_pod_container_name")), q->container);
	if (!is_meant || q->targets++ >= TARGETS_SHOWN)
		return;
	comma(out);
	buf_char(out, '{');
	web_json_text(out, "job", t->job);
	web_json_text(out, "state", t->is_kept ? STR("active") : t->is_waiting ? STR("waiting") : STR("dropped"));
	web_json_text(out, "path", t->path);
	web_json_text(out, "why", str_of(t->why));
	web_json_text(out, "asks", str_of(t->asks));
	put_labels(out, "discovered", t->discovered);
	put_labels(out, "labels", t->labels);
	buf_char(out, '}');
}

void web_api_file(struct web_request *r)
{
	struct status s;
	struct question q = { .r = r, .status = &s, .path = web_arg(r, "path") };
	struct str dev = web_arg(r, "device"), ino = web_arg(r, "inode");
	if (q.path.n == 0 || (dev.n && !num_u64(dev, &q.dev)) || (ino.n && !num_u64(ino, &q.ino))) {
		web_json_bad_request(r, "path must be given; device and inode must be numbers");
		return;
	}
	web_json_begin(r, &s);
	buf_str(&r->body, STR("{\"files\":["));
	if (s.each_file)
		s.each_file(s.ctx, on_file, &q);
	buf_str(&r->body, STR("],\"refused\":["));
	if (s.each_refused)
		s.each_refused(s.ctx, on_refused, &q);
	buf_str(&r->body, STR("],\"targets\":["));
	read_pod(&q);
	if (s.each_log_target && q.pod.pod.n)
		s.each_log_target(s.ctx, TARGETS_LOOKED_AT, on_target, &q);
	buf_str(&r->body, STR("]}"));
	web_json_end(r);
}
