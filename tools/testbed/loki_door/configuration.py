# SPDX-License-Identifier: Apache-2.0
"""The part of Loki's configuration file that decides about a record, with the documented defaults.

Source: https://grafana.com/docs/loki/latest/configure/#limits_config and #ingester.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

# https://grafana.com/docs/loki/latest/send-data/otel/: the resource attributes that are labels unless a configuration says otherwise.
DEFAULT_LABELS: Final = (
    "cloud.availability_zone",
    "cloud.region",
    "container.name",
    "deployment.environment.name",
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.cronjob.name",
    "k8s.daemonset.name",
    "k8s.deployment.name",
    "k8s.job.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.replicaset.name",
    "k8s.statefulset.name",
    "service.instance.id",
    "service.name",
    "service.namespace",
)
# Keys that the files of this repository and the charts' renderings use: a misspelt one would be ignored in silence.
_KNOWN: Final = {
    "": "auth_enabled server common schema_config query_scheduler ingester compactor limits_config analytics memberlist "
    "chunk_store_config frontend frontend_worker index_gateway pattern_ingester querier query_range ruler "
    "runtime_config storage_config tracing ui bloom_build bloom_gateway ingester_client table_manager",
    "limits_config": "retention_period reject_old_samples reject_old_samples_max_age creation_grace_period ingestion_rate_mb "
    "ingestion_burst_size_mb per_stream_rate_limit per_stream_rate_limit_burst shard_streams max_line_size "
    "max_line_size_truncate max_entries_limit_per_query volume_enabled otlp_config discover_log_levels "
    "discover_service_name max_label_names_per_series max_label_name_length max_label_value_length "
    "max_structured_metadata_size max_structured_metadata_entries_count allow_structured_metadata max_cache_freshness_per_query "
    "query_timeout split_queries_by_interval max_global_streams_per_user unordered_writes",
    "ingester": "lifecycler max_chunk_age chunk_idle_period wal chunk_encoding chunk_target_size flush_check_period autoforget_unhealthy",
    "server": "http_listen_address http_listen_port grpc_listen_address grpc_listen_port log_level "
    "grpc_server_max_recv_msg_size grpc_server_max_send_msg_size http_server_read_timeout http_server_write_timeout",
    "compactor": "working_directory retention_enabled delete_request_store compaction_interval retention_delete_delay",
}
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_BYTES: Final = {"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}


def expanded(text: str, variables: Mapping[str, str] = os.environ) -> str:
    """Fill in `${NAME:-default}`, as `-config.expand-env=true` does."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda found: variables.get(found[1]) or found[2] or "", text)


def seconds(duration: str | int) -> float:
    """Read a duration such as 168h or 1h30m."""
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"([\d.]+)(ms|[smhdw])", str(duration)))


def size(text: str | int) -> int:
    """Read a size such as 256KB."""
    found = re.fullmatch(r"([\d.]+)\s*([kmg]?b?)", str(text).lower())
    if found is None:
        raise ValueError(f"{text!r} is no size; expected a number and B, KB, MB or GB")
    return int(float(found[1]) * _BYTES[found[2]])


@dataclass(frozen=True)
class Limits:
    """What a record may be; names and defaults are those of Loki's `limits_config`."""

    labels: frozenset[str] = frozenset(DEFAULT_LABELS)
    dropped: frozenset[str] = frozenset()
    max_label_names_per_series: int = 15
    max_label_name_length: int = 1024
    max_label_value_length: int = 2048
    max_line_size: int = 256 << 10
    max_line_size_truncate: bool = False
    max_structured_metadata_size: int = 64 << 10
    max_structured_metadata_entries_count: int = 128
    oldest: float = 168 * 3600.0
    newest: float = 600.0
    behind: float = 3600.0
    rate: float = 4.0 * (1 << 20)
    burst: float = 6.0 * (1 << 20)
    stream_rate: float = 3.0 * (1 << 20)
    stream_burst: float = 15.0 * (1 << 20)
    max_entries_limit_per_query: int = 5000
    discover_log_levels: bool = True
    auth_enabled: bool = False
    unknown: tuple[str, ...] = field(default=())

    @classmethod
    def read(cls, text: str) -> Limits:
        """Read Loki's configuration file; keys that are in no list of ours come back as `unknown`."""
        given: dict[str, Any] = yaml.safe_load(expanded(text)) or {}
        limits: dict[str, Any] = given.get("limits_config") or {}
        default = cls()
        labels, dropped = _attributes(limits.get("otlp_config") or {})
        whole: dict[str, Any] = {name: limits[name] for name in _WHOLE if name in limits}
        sizes: dict[str, Any] = {
            name: size(limits[name]) for name in ("max_line_size", "max_structured_metadata_size") if name in limits
        }
        megabyte = 1 << 20
        return cls(
            labels=labels,
            dropped=dropped,
            oldest=seconds(limits.get("reject_old_samples_max_age", "168h"))
            if limits.get("reject_old_samples", True)
            else float("inf"),
            newest=seconds(limits.get("creation_grace_period", "10m")),
            behind=seconds((given.get("ingester") or {}).get("max_chunk_age", "2h")) / 2,
            rate=float(limits["ingestion_rate_mb"]) * megabyte if "ingestion_rate_mb" in limits else default.rate,
            burst=float(limits["ingestion_burst_size_mb"]) * megabyte
            if "ingestion_burst_size_mb" in limits
            else default.burst,
            stream_rate=float(size(limits.get("per_stream_rate_limit", "3MB"))),
            stream_burst=float(size(limits.get("per_stream_rate_limit_burst", "15MB"))),
            auth_enabled=bool(given.get("auth_enabled", True)),
            unknown=tuple(_unknown(given)),
            **whole,
            **sizes,
        )


_WHOLE: Final = (
    "max_label_names_per_series",
    "max_label_name_length",
    "max_label_value_length",
    "max_line_size_truncate",
    "max_structured_metadata_entries_count",
    "max_entries_limit_per_query",
    "discover_log_levels",
)


def _attributes(otlp: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the resource attributes that become labels, and those that are dropped."""
    resource: Mapping[str, Any] = otlp.get("resource_attributes") or {}
    labels = set() if resource.get("ignore_defaults") else set(DEFAULT_LABELS)
    dropped: set[str] = set()
    for entry in resource.get("attributes_config") or ():
        if entry["action"] == "index_label":
            labels |= set(entry["attributes"])
        elif entry["action"] == "drop":
            dropped |= set(entry["attributes"])
    return frozenset(labels - dropped), frozenset(dropped)


def _unknown(given: Mapping[str, Any]) -> list[str]:
    found = [key for key in given if key not in _KNOWN[""].split()]
    for section, known in _KNOWN.items():
        if section:
            found += [f"{section}.{key}" for key in given.get(section) or () if key not in known.split()]
    return found
