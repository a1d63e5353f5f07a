"""The one exception of ours: a run that failed and that the operator can put right."""


class OperatorError(Exception):
    """One Chinese sentence: where, what, what to do. Shown without a traceback, exit status 2."""
