"""Code as users type it, for a Python of its own."""


def script(code: str) -> str:
    """The code, ended as our commands end: of hundreds, one would abort after its work, for threads of Arrow."""
    return f"{code}\nfrom affectory.pipelines.ending import end_now\nend_now(0)\n"
