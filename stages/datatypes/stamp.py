"""Putting the job into a report that was made without it.

A mark is an HTML comment, `<!--stamp:job_id-->`: text from outside is escaped and so can never hold one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

MARKS = ("job_id", "profile", "video_uri", "cost", "settings")
_MARK = re.compile("<!--stamp:([a-z_]+)-->")

Job = Mapping[str, Any]


def stamp_json(content: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """The report's JSON, complete: format, job_id, profile and video first, cost last."""
    rest = {key: value for key, value in content.items() if key not in ("format", "video")}
    return {
        "format": content["format"],
        "job_id": str(job.get("job_id") or ""),
        "profile": str(job.get("profile") or ""),
        "video": {"uri": video_uri(job), **content["video"]},
        **rest,
        "cost": cost(job),
    }


def stamp_page(page: str, job: Job) -> str:
    """The report's page with every mark replaced, escaped."""
    stamps = {
        "job_id": escape(str(job.get("job_id") or "")),
        "profile": escape(str(job.get("profile") or "")),
        "video_uri": escape(video_uri(job)),
        "cost": _cost_rows(job),
        "settings": _settings_rows(job),
    }
    return _MARK.sub(lambda mark: stamps.get(mark[1], ""), page)


def video_uri(job: Job) -> str:
    """The address of the job's video; empty where it has no input of that name."""
    given = (job.get("inputs") or {}).get("video", "")
    return str(given.get("uri", "") if isinstance(given, Mapping) else given)


def cost(job: Job) -> dict[str, Any]:
    """What the job took: seconds of all stages that ran, and for each stage its status and seconds."""
    stages = {id: {"status": s.get("status"), "seconds": s.get("seconds")} for id, s in _stages(job).items()}
    ran = (s["seconds"] or 0 for s in stages.values() if s["status"] == "ran")
    return {"seconds": round(sum(ran), 3), "stages": stages}


def _stages(job: Job) -> Mapping[str, Mapping[str, Any]]:
    return job.get("stages") or {}


def _cost_rows(job: Job) -> str:
    rows = []
    for id, stage in cost(job)["stages"].items():
        seconds = "–" if stage["seconds"] is None else f"{stage['seconds']:.2f} s"
        rows.append(f"<tr><th>{escape(id)}</th><td>{escape(str(stage['status']))}</td><td>{seconds}</td></tr>")
    return "".join(rows)


def _settings_rows(job: Job) -> str:
    settings, versions = job.get("settings") or {}, job.get("versions") or {}
    rows = []
    for id in dict.fromkeys([*settings, *versions]):
        given = settings.get(id)
        shown = ", ".join(f"{k} {_plain(v)}" for k, v in given.items()) if isinstance(given, Mapping) else _plain(given)
        version = _plain(versions.get(id))
        rows.append(f"<tr><th>{escape(str(id))}</th><td>{escape(shown)}</td><td>{escape(version)}</td></tr>")
    return "".join(rows)


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
