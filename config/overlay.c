/* The tree is changed before anybody reads it, so that what comes from flags is checked, expanded and shown like any other value. */
#include "config/overlay.h"

static struct node *node_new(struct arena *arena, enum node_kind kind, struct str text)
{
	struct node *node = arena_alloc(arena, sizeof *node);
	*node = (struct node){ .kind = kind, .is_plain = true, .text = text, .line = PROBLEM_OF_FLAGS, .weight = 1, .height = 1 };
	return node;
}

static struct node_entry *find(const struct node *map, struct str key)
{
	struct node_entry *e = map->first;
	while (e && !str_eq(e->key, key))
		e = e->next;
	return e;
}

static struct node_entry *append(struct arena *arena, struct node *to, struct str key, struct node *value)
{
	struct node_entry *e = arena_alloc(arena, sizeof *e);
	*e = (struct node_entry){ .key = key, .line = PROBLEM_OF_FLAGS, .value = value };
	*(to->last ? &to->last->next : &to->first) = e;
	to->last = e;
	to->count++;
	return e;
}

/* The value of the key, of this kind: made when it is not there or is nothing. NULL: something else stands there. */
static struct node *child(struct arena *arena, struct node *map, struct str key, enum node_kind kind)
{
	struct node_entry *e = find(map, key);
	if (!e)
		e = append(arena, map, key, node_new(arena, kind, (struct str){ 0 }));
	if (e->value->kind == NODE_NULL)
		e->value = node_new(arena, kind, (struct str){ 0 });
	return e->value->kind == kind ? e->value : NULL;
}

static void set(struct arena *arena, struct node *map, struct str path, struct node *value)
{
	struct str key = str_cut(&path, '.');
	while (map && path.n) {
		map = child(arena, map, key, NODE_MAP);
		key = str_cut(&path, '.');
	}
	struct node_entry *e = map ? find(map, key) : NULL;
	if (e)
		e->value = value;
	else if (map)
		append(arena, map, key, value);
}

static struct node *labels_of(struct arena *arena, struct str list)
{
	struct node *map = node_new(arena, NODE_MAP, (struct str){ 0 });
	while (list.n) {
		struct str value = str_cut(&list, ','), name = str_cut(&value, '=');
		if (!find(map, name))
			append(arena, map, name, node_new(arena, NODE_SCALAR, value));
	}
	return map;
}

/* What the destination says itself stays. */
static void add_labels(struct arena *arena, struct node *client, const struct node *labels)
{
	struct node *own = client->kind == NODE_MAP ? child(arena, client, STR("external_labels"), NODE_MAP) : NULL;
	for (const struct node_entry *e = own ? labels->first : NULL; e; e = e->next)
		if (!find(own, e->key))
			append(arena, own, e->key, e->value);
}

static void add_labels_to_all(struct arena *arena, const struct node *base, const struct node *labels)
{
	const struct node_entry *list = find(base, STR("clients")), *one = find(base, STR("client"));
	for (const struct node_entry *e = list && list->value->kind == NODE_LIST ? list->value->first : NULL; e; e = e->next)
		add_labels(arena, e->value, labels);
	if (one)
		add_labels(arena, one->value, labels);
}

void overlay_apply(struct node *root, const struct config_setting *settings, size_t count, struct arena *arena)
{
	if (count && root->kind == NODE_NULL)
		root->kind = NODE_MAP;
	if (!count || root->kind != NODE_MAP)
		return;
	bool is_native = find(root, STR("logs")) || find(root, STR("metrics"));
	struct node *base = is_native ? child(arena, root, STR("logs"), NODE_MAP) : root, *labels = NULL;
	struct node *client = node_new(arena, NODE_MAP, (struct str){ 0 });
	for (size_t i = 0; base && i < count; i++) {
		struct str path = settings[i].key;
		if (str_eq(path, STR("client.external_labels")))
			labels = labels_of(arena, settings[i].value);
		else if (str_starts(path, STR("client.")))
			set(arena, client, str_skip(path, sizeof "client." - 1), node_new(arena, NODE_SCALAR, settings[i].value));
		else
			set(arena, str_starts(path, STR("server.")) ? root : base, path, node_new(arena, NODE_SCALAR, settings[i].value));
	}
	struct node *clients = base && find(client, STR("url")) ? child(arena, base, STR("clients"), NODE_LIST) : NULL;
	if (clients)
		append(arena, clients, (struct str){ 0 }, client);
	if (base && labels)
		add_labels_to_all(arena, base, labels);
}
