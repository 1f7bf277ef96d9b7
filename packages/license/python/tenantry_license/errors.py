class LicenseError(Exception):
    """Wrong use of this package. `code` is stable, the text is for people."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Refused(Exception):
    """Ends a verification before there are claims to judge."""

    def __init__(self, state, reason):
        super().__init__(reason)
        self.state = state
