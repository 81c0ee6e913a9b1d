"""Stages that write what is handed over. Importing this registers them."""

from stages.report.compile_report import compile_report

__all__ = ["compile_report"]
