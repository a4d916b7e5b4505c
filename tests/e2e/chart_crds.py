"""The Prometheus Operator's custom resources, as far as the chart uses them, so that a real API server refuses a field that they do not have.
Field names: the operator's API reference, monitoring.coreos.com/v1."""

TEXT, FLAG, NUMBER = {"type": "string"}, {"type": "boolean"}, {"type": "integer"}
WORDS = {"type": "object", "additionalProperties": TEXT}


def fields(required=(), **properties):
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def rows(of, least=0):
    return {"type": "array", "items": of, **({"minItems": least} if least else {})}


KEY = fields(("key",), name=TEXT, key=TEXT, optional=FLAG)
RELABEL = fields(sourceLabels=rows(TEXT), separator=TEXT, targetLabel=TEXT, regex=TEXT, modulus=NUMBER, replacement=TEXT,
                 action={"type": "string", "enum": ["replace", "Replace", "keep", "Keep", "drop", "Drop", "hashmod", "HashMod", "labelmap", "LabelMap",
                                                    "labeldrop", "LabelDrop", "labelkeep", "LabelKeep", "lowercase", "uppercase", "keepequal", "dropequal"]})
DURATION = {"type": "string", "pattern": "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"}
ENDPOINT = fields(port=TEXT, path=TEXT, scheme={"type": "string", "enum": ["http", "https", "HTTP", "HTTPS"]}, interval=DURATION, scrapeTimeout=DURATION,
                  honorLabels=FLAG, relabelings=rows(RELABEL), metricRelabelings=rows(RELABEL), basicAuth=fields(username=KEY, password=KEY),
                  authorization=fields(type=TEXT, credentials=KEY),
                  tlsConfig=fields(ca=fields(secret=KEY, configMap=KEY), cert=fields(secret=KEY, configMap=KEY), keySecret=KEY, serverName=TEXT, insecureSkipVerify=FLAG))
SELECTOR = fields(matchLabels=WORDS, matchExpressions=rows(fields(("key", "operator"), key=TEXT, operator=TEXT, values=rows(TEXT))))
NAMESPACES = fields(any=FLAG, matchNames=rows(TEXT))
RULE = fields(("expr",), alert=TEXT, record=TEXT, expr={"x-kubernetes-int-or-string": True}, labels=WORDS, annotations=WORDS, **{"for": DURATION, "keep_firing_for": DURATION})

SPECS = {
    "ServiceMonitor": fields(("endpoints", "selector"), jobLabel=TEXT, targetLabels=rows(TEXT), endpoints=rows(ENDPOINT, 1), selector=SELECTOR, namespaceSelector=NAMESPACES),
    "PodMonitor": fields(("selector",), jobLabel=TEXT, podTargetLabels=rows(TEXT), podMetricsEndpoints=rows(ENDPOINT), selector=SELECTOR, namespaceSelector=NAMESPACES),
    "PrometheusRule": fields(groups=rows(fields(("name",), name={"type": "string", "minLength": 1}, interval=DURATION, rules=rows(RULE)))),
}


def plural(kind):
    return kind.lower() + "s"


def definition(kind):
    name = plural(kind)
    schema = {"type": "object", "required": ["spec"], "properties": {"spec": SPECS[kind]}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{name}.monitoring.coreos.com"},
            "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced", "names": {"kind": kind, "plural": name, "singular": kind.lower(), "listKind": kind + "List"},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}}
