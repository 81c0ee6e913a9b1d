"""Stages that turn evidence into brands and exposures. Importing this registers them."""

from stages.brands.escalate import escalate
from stages.brands.match_brands import match_brands
from stages.brands.track_exposures import track_exposures

__all__ = ["escalate", "match_brands", "track_exposures"]
