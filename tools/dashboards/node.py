# SPDX-License-Identifier: Apache-2.0
"""Node health, from node-exporter and kube-state-metrics."""

from dashboards.board import Board, Metric, query_variable

_NODE = 'instance=~"$node"'
_REAL_DISK = 'fstype!~"tmpfs|overlay|squashfs|ramfs", mountpoint!~"/run.*|/boot.*"'
_REAL_NIC = 'device!~"lo|veth.*|cali.*|cni.*|docker.*"'

node = Board(
    "otel-node",
    "Node health",
    "Processor, memory, disks and network of each node, and what Kubernetes says of its pods.",
    {
        "Node": (
            Metric(
                "CPU",
                "Share of the processors that is busy. HighCPU fires at 80 % for 10 minutes.",
                "percentunit",
                {
                    "{{instance}}": f'1 - avg by (instance) (rate(node_cpu_seconds_total{{{_NODE}, mode="idle"}}[$__rate_interval]))'
                },
                {0.8: "orange"},
            ),
            Metric(
                "Memory",
                "Share of the memory that programs could not get. HighMemory fires at 85 % for 10 minutes.",
                "percentunit",
                {
                    "{{instance}}": f"1 - node_memory_MemAvailable_bytes{{{_NODE}}} / node_memory_MemTotal_bytes{{{_NODE}}}"
                },
                {0.85: "orange"},
            ),
            Metric(
                "Disk space used",
                "DiskSpaceLow fires at 90 %, DiskSpaceCritical at 97 %.",
                "percentunit",
                {
                    "{{instance}} {{mountpoint}}": f"1 - node_filesystem_avail_bytes{{{_NODE}, {_REAL_DISK}}}"
                    f" / node_filesystem_size_bytes{{{_NODE}, {_REAL_DISK}}}"
                },
                {0.9: "orange", 0.97: "red"},
            ),
            Metric(
                "Disk busy",
                "Share of the time in which the disk had something to do.",
                "percentunit",
                {"{{instance}} {{device}}": f"rate(node_disk_io_time_seconds_total{{{_NODE}}}[$__rate_interval])"},
            ),
            Metric(
                "Network",
                "Bytes per second in and out.",
                "Bps",
                {
                    "{{instance}} in": f"sum by (instance) (rate(node_network_receive_bytes_total{{{_NODE}, {_REAL_NIC}}}[$__rate_interval]))",
                    "{{instance}} out": f"sum by (instance) (rate(node_network_transmit_bytes_total{{{_NODE}, {_REAL_NIC}}}[$__rate_interval]))",
                },
            ),
            Metric(
                "Load",
                "Processes that want to run, mean of 5 minutes.",
                "short",
                {"{{instance}}": f"node_load5{{{_NODE}}}"},
            ),
        ),
        "Kubernetes": (
            Metric(
                "Restarts in an hour",
                "Containers that Kubernetes started again.",
                "short",
                {
                    "{{namespace}}/{{pod}}": "sum by (namespace, pod) (increase(kube_pod_container_status_restarts_total[1h])) > 0"
                },
            ),
            Metric(
                "Pods that do not run",
                "Pods in the phases Pending, Failed and Unknown.",
                "short",
                {
                    "{{namespace}} {{phase}}": 'sum by (namespace, phase) (kube_pod_status_phase{phase=~"Pending|Failed|Unknown"}) > 0'
                },
            ),
        ),
    },
    (query_variable("node", "Node", "label_values(node_uname_info, instance)"),),
)
