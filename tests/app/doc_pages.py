"""The fenced blocks of documentation pages, and how those that name a file are applied to a source tree.

A fence may name a file behind its language: ```cpp FILE is that file, ```diff FILE changes it. A line of a
diff begins with ' ' (stays; or is empty), '-' (goes) or '+' (comes); a line @@ is between two places. What stays and goes
is found where it first stands in the file."""

import re


def blocks(page, *languages):
    """The blocks in these languages, as (line, file or "", text)."""
    text = page.read_text()
    for block in re.finditer(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if block[1] in languages:
            yield text.count("\n", 0, block.start()) + 1, block[2] or "", block[3]


def changed(code, diff):
    for place in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        lines = [(line[0], line[1:] or line) for line in place.splitlines(keepends=True)]
        before = "".join(text for kind, text in lines if kind != "+")
        after = "".join(text for kind, text in lines if kind != "-")
        at = ("\n" + code).find("\n" + before)
        if at < 0:
            raise ValueError(f"the file has no lines\n{before}")
        code = code[:at] + after + code[at + len(before):]
    return code


def apply(page, tree):
    """Makes and changes the files of the tree that the page's blocks name; returns their names."""
    files = []
    for line, file, text in blocks(page, "cpp", "diff"):
        if not file:
            continue
        path = tree / file
        is_diff = text[:1] in " -+"
        if path.exists() != is_diff:
            raise ValueError(f"{page.name}:{line}: {file} is there" if path.exists() else f"no {file}")
        path.write_text(changed(path.read_text(), text) if is_diff else text)
        files.append(file)
    return files
