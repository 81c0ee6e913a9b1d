"""Putting the job into a report that was made without it.

A mark is an HTML comment, `<!--stamp:job_id-->`: text from outside is escaped and so can never hold one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_MARK = re.compile("<!--stamp:([a-z_]+)-->")

Job = Mapping[str, Any]
Row = tuple[str, str, str]


def stamp_json(content: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """The report's JSON, complete: format, job_id, profile and video first, cost last.

    To what the report knows of its cost, that of the stages is added.
    """
    rest = {key: value for key, value in content.items() if key not in ("format", "video", "cost")}
    return {
        "format": content["format"],
        "job_id": str(job.get("job_id") or ""),
        "profile": str(job.get("profile") or ""),
        "video": {"uri": video_uri(job), **content["video"]},
        **rest,
        "cost": cost(job) | content.get("cost", {}),
    }


def stamp_page(page: str, job: Job) -> str:
    """The report's page with every mark replaced, escaped."""
    stamps = {
        "job_id": escape(str(job.get("job_id") or "")),
        "profile": escape(str(job.get("profile") or "")),
        "video_uri": escape(video_uri(job)),
        "video_name": escape(video_uri(job).rstrip("/").rpartition("/")[2] or "Video"),
        "cost": _table(("Stage", "Status", "Time"), _cost_rows(job)),
        "settings": _table(("Stage", "Settings", "Version"), _settings_rows(job)),
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


def _cost_rows(job: Job) -> list[Row]:
    stages = cost(job)["stages"].items()
    return [(id, _plain(s["status"]), "–" if s["seconds"] is None else f"{s['seconds']:.2f} s") for id, s in stages]


def _settings_rows(job: Job) -> list[Row]:
    settings, versions = job.get("settings") or {}, job.get("versions") or {}
    ids = dict.fromkeys([*settings, *versions])
    return [(id, _plain(settings.get(id)), _plain(versions.get(id))) for id in ids]


def _plain(value: Any) -> str:
    match value:
        case Mapping():
            return ", ".join(f"{key} {_plain(part)}" for key, part in value.items()) or "–"
        case list():
            return "; ".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)


def _table(heads: Row, rows: Sequence[Row]) -> str:
    """A table, every cell escaped; nothing where there are no rows."""
    if not rows:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = (f"<tr><th>{escape(a)}</th><td>{escape(b)}</td><td>{escape(c)}</td></tr>" for a, b, c in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
