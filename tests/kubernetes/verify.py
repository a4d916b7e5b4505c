"""The checks of a real node, in their order: verify.py [NAME...]   Inside of the machine; environment: see cluster.py."""
import os
import sys

import check_end
import check_hotrod
import check_install
import check_instruments
import check_metrics
import check_modes
import check_pods
from cluster import ADDRESS, Check, Cluster, NodeLoki, NodePrometheus, now_ns
from names import Names
from release import Release


class Everything:
    """What the checks share."""

    def __init__(self, directory):
        self.began_ns = now_ns()
        self.node = Cluster(directory)
        Names(self.node, ADDRESS).start()
        self.loki = NodeLoki(f"{directory}/loki").start()
        self.prometheus = NodePrometheus(f"{directory}/prometheus").start()
        self.release = Release(self.node, self.loki, self.prometheus)


CHECKS = check_instruments.CHECKS + check_install.CHECKS + check_hotrod.CHECKS + check_pods.CHECKS + check_metrics.CHECKS + check_end.CHECKS + check_modes.CHECKS


def main(wanted):
    all_of_it = Everything(os.environ["NODE_DIR"])
    for check in CHECKS:
        if wanted and check.__name__ not in wanted:
            continue
        with Check(f"kubernetes/{check.__name__}") as s:
            check(s, all_of_it)
        if Check.failed and check in (check_instruments.instruments, check_install.install):
            break  # nothing can be judged, or nothing is installed
    sys.exit(1 if Check.failed else 0)


main(sys.argv[1:])
