"""Language codes."""


def primary(language: str) -> str:
    """The language of a BCP 47 code, without region and script: `en` of `en-GB`."""
    return language.replace("_", "-").partition("-")[0].lower()
