"""The older forms of commands, for a shell.

After https://facebook.github.io/watchman/docs/simple-query.
"""

from collections.abc import Sequence

from fsmond.watchman.errors import CommandError

_PCRE = {"-p": "pcre", "-P": "ipcre"}


def patterns_to_expression(words: Sequence[object]) -> dict[str, object]:
    """Return the part of a query that selects by patterns; nothing if there are none."""
    included: list[object] = []
    excluded: list[object] = []
    target, negated, pending = included, False, [_text(each) for each in words]
    while pending:
        word = pending.pop(0)
        if word == "!":
            negated = True
            continue
        if word in ("-X", "-I"):
            target = excluded if word == "-X" else included
            continue
        term: object = ["match", word, "wholename"]
        if word in _PCRE:
            if not pending:
                raise CommandError(f"{word} needs a pattern")
            term = [_PCRE[word], pending.pop(0), "wholename"]
        target.append(["not", term] if negated else term)
        negated = False
    parts: list[object] = [["anyof", *included]] if included else []
    parts += [["not", ["anyof", *excluded]]] if excluded else []
    if not parts:
        return {}
    return {"expression": parts[0] if len(parts) == 1 else ["allof", *parts]}


def trigger_of(name: str, words: Sequence[object]) -> dict[str, object]:
    """Return the definition of a trigger that was given as `name patterns -- command`."""
    texts = [_text(each) for each in words]
    if "--" not in texts:
        raise CommandError("no command was specified: it comes after -- and the patterns")
    at = texts.index("--")
    return {
        "name": name,
        "command": texts[at + 1 :],
        "append_files": True,
        "stdin": ["name", "exists", "new", "size", "mode"],
        **patterns_to_expression(texts[:at]),
    }


def _text(word: object) -> str:
    if not isinstance(word, str):
        raise CommandError(f"expected a pattern, not {str(word)[:80]!a}")
    return word
