"""Verifies Tenantry's licence files offline, with nothing but Python. FORMAT.md tells what is done here and why."""

from .canonical import canonical_json
from .errors import LicenseError
from .human_key import parse_license_key
from .verifier import Verdict, Verifier

__all__ = ["LicenseError", "Verdict", "Verifier", "canonical_json", "parse_license_key"]
