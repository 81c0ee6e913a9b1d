"""How pages write times, lengths and shares."""

from __future__ import annotations


def clock(t: float) -> str:
    """A time as m:ss.s, or h:mm:ss from an hour on."""
    tenths = round(t * 10)
    if tenths >= 36_000:
        minutes, rest = divmod(round(t), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest / 10:04.1f}"


def mark(t: float) -> str:
    """A time on the axis, without needless tenths."""
    return clock(t).removesuffix(".0")


def seconds(length: float) -> str:
    """A length as seconds; in minutes from two of them on, in hours from one on."""
    if length < 119.95:
        return f"{length:.1f} s"
    minutes, rest = divmod(round(length), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def percent(share: float) -> str:
    """A share in percent, to two figures that mean something."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 9.95 or value == 0 else f"{value:.1f} %" if value >= 0.995 else f"{value:.2f} %"
