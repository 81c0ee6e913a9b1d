"""Putting the job into a report that was made without it.

A mark is an HTML comment, `<!--stamp:job_id-->`: text from outside is escaped and so can never hold one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime
from html import escape
from typing import Any

_MARK = re.compile("<!--stamp:([a-z_]+)-->")

Job = Mapping[str, Any]

MOST_NOT_SEEN = 200
"""Names of brands that the page lists as not seen."""

_STATUS = {"kept": "kept from before"}
_NUMBERS = ' class="n"'


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


def stamp_page(page: str, job: Job, seen: Collection[str] = ()) -> str:
    """The report's page with every mark replaced, escaped. `seen`: the brands that the report holds."""
    name = video_uri(job).rstrip("/").rpartition("/")[2] or "Video"
    stamps = {
        "title": escape(without_steering(name)),
        "video_name": _apart(name),
        "video_uri": _apart(video_uri(job)),
        "job_id": " · ".join(_apart(name) for name in (job.get("label"), job.get("job_id")) if name) or _apart(""),
        "profile": _apart(job.get("profile") or ""),
        "date": escape(_date(job.get("started"))),
        "stagewright": f" {_apart(job['stagewright'])}" if job.get("stagewright") else "",
        "not_seen": _not_seen(job, seen),
        "stages": _stage_table(job),
    }
    return _MARK.sub(lambda mark: stamps.get(mark[1], ""), page)


def without_steering(text: object) -> str:
    """A text without control signs and those that steer the direction of writing: for where no element can hold it
    apart (an attribute, a tooltip, a title), so that it turns nothing that follows."""
    return "".join(char for char in str(text) if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def _apart(text: object) -> str:
    """A text from outside, escaped, in an element that keeps its direction of writing to itself."""
    return f"<bdi>{escape(str(text))}</bdi>" if text not in (None, "") else "–"


def _date(started: Any) -> str:
    try:
        began = datetime.fromisoformat(str(started))
    except ValueError:
        return "–"
    return f"{began.day} {began:%B %Y, %H:%M} {began.tzname() or ''}".strip()


def _not_seen(job: Job, seen: Collection[str]) -> str:
    """The brands that were looked for and that the report does not hold."""
    asked: dict[str, None] = {}
    for settings in (job.get("settings") or {}).values():
        brands = settings.get("brands") if isinstance(settings, Mapping) else None
        for brand in brands if isinstance(brands, list) else []:
            asked[str(brand).partition("|")[0].strip()] = None
    missing = [brand for brand in asked if brand not in seen]
    if not missing:
        return ""
    more = f" and {len(missing) - MOST_NOT_SEEN} more" if len(missing) > MOST_NOT_SEEN else ""
    names = ", ".join(_apart(brand) for brand in missing[:MOST_NOT_SEEN])
    return f'<p class="unseen"><b>Looked for, not seen</b> ({len(missing)} of {len(asked)}): {names}{more}</p>'


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


def _stage_table(job: Job) -> str:
    """Settings and version of every stage, and what became of it; nothing where there is none."""
    settings, versions, stages = job.get("settings") or {}, job.get("versions") or {}, _stages(job)
    ids = dict.fromkeys([*settings, *versions, *stages])
    heads = ("Stage", "Settings", "Version", "In this job", "Time", "Failed items")
    head = "".join(f'<th scope="col"{_NUMBERS if text in heads[4:] else ""}>{text}</th>' for text in heads)
    rows = [_stage_row(id, settings.get(id), versions.get(id), stages.get(id) or {}) for id in ids]
    body = "".join(rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""


def _stage_row(id: str, settings: Any, version: Any, stage: Mapping[str, Any]) -> str:
    status, seconds, failed = stage.get("status"), stage.get("seconds"), stage.get("failed_items")
    took = "–" if seconds is None or status == "skipped" else f"{seconds:.2f} s"
    code = f"<code>{_apart(version)}</code>" if version else "–"
    return (
        f'<tr><th scope="row">{_apart(id)}</th><td>{_apart(_plain(settings))}</td><td>{code}</td>'
        f"<td>{_apart(_STATUS.get(str(status), status))}</td><td{_NUMBERS}>{took}</td>"
        f"<td{_NUMBERS}>{_apart(failed or '–')}</td></tr>"
    )


def _plain(value: Any) -> str:
    match value:
        case Mapping():
            return ", ".join(f"{key} {_plain(part)}" for key, part in value.items()) or "–"
        case list():
            return "; ".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)
