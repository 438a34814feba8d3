"""``make gettext``: brings the Chinese catalogues up to date with the sources.

New strings arrive empty, changed ones are marked fuzzy, and what no page says any more
is dropped. Strings that repeat on every lesson but for a file name are filled in from
``conf/locale/zh_CN/repeated.json``. What is left to translate is listed.
"""

import difflib
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import polib

from prefork import restart_with_fixed_environment
from progress import Progress
from project import BUILD, CONF, LANGUAGES, LOCALE, LOG, ROOT, shown, stop
from stage import only_one, prepare, sphinx

TRANSLATED = [language for folder, language in LANGUAGES.items() if folder != "en"]

# Furo brings no catalogues, so its words are collected with ours.
FURO = files("furo") / "theme" / "furo"
TEMPLATES = [str(CONF / "templates"), str(FURO)]


def templates(work: Path) -> dict[Path, polib.POFile]:
    """The strings of all sources, as gettext templates, by catalogue name without suffix."""
    progress = Progress()
    prepare(work)
    pot = work / "gettext"
    if not sphinx(progress, work, "gettext", "en", pot, templates_path=TEMPLATES):
        stop(f"the strings could not be collected, see above. The whole log is in {shown(LOG)}.")
    (work / "unfinished").unlink()
    progress.end("Strings: collected")
    return {
        path.relative_to(pot).with_suffix(""): polib.pofile(str(path))
        for path in sorted(pot.rglob("*.pot"))
    }


def catalogue(language: str, name: Path) -> Path:
    return LOCALE / language / "LC_MESSAGES" / name.with_suffix(".po")


def repeated(language: str) -> list[tuple[str, str]]:
    path = LOCALE / language / "repeated.json"
    return list(json.loads(path.read_text(encoding="utf-8")).items())


def fill_repeated(entry: polib.POEntry, patterns: list[tuple[str, str]]) -> None:
    for pattern, translation in patterns:
        found = re.fullmatch(pattern, entry.msgid)
        if found and (entry.fuzzy or not entry.msgstr):
            entry.msgstr = found.expand(translation)
            entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]


def keep_near_translations(po: polib.POFile) -> None:
    """Give a new string the translation of the dropped one that it resembles, marked fuzzy."""
    dropped = {entry.msgid: entry.msgstr for entry in po.obsolete_entries() if entry.msgstr}
    for entry in po.untranslated_entries():
        if near := difflib.get_close_matches(entry.msgid, dropped, 1, 0.7):
            entry.msgstr = dropped[near[0]]
            entry.flags.append("fuzzy")


def update(language: str, name: Path, template: polib.POFile) -> polib.POFile:
    """Merge a template into its catalogue on disk, and return what is there now."""
    path = catalogue(language, name)
    po = polib.pofile(str(path), wrapwidth=92) if path.exists() else polib.POFile(wrapwidth=92)
    po.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    po.metadata_is_fuzzy = False
    po.header = ""
    po.merge(template)
    keep_near_translations(po)
    for entry in po.obsolete_entries():
        po.remove(entry)
    order = {entry.msgid: place for place, entry in enumerate(template)}
    po.sort(key=lambda entry: order[entry.msgid])
    for entry in po:
        entry.comment = entry.tcomment = ""
        entry.occurrences = []
        fill_repeated(entry, repeated(language))
    path.parent.mkdir(parents=True, exist_ok=True)
    po.save(str(path))
    return po


def problems(found: dict[Path, polib.POFile]) -> Iterator[str]:
    """What keeps a reader from reading every string in each language, one line each."""
    for language in TRANSLATED:
        known = {catalogue(language, name) for name in found}
        for path in sorted((LOCALE / language).rglob("*.po")):
            if path not in known:
                yield f"{path.relative_to(ROOT)}: no page has these strings any more"
        for name, template in found.items():
            path = catalogue(language, name)
            entries = {e.msgid: e for e in polib.pofile(str(path))} if path.exists() else {}
            for wanted in template:
                entry = entries.pop(wanted.msgid, None)
                if entry is None or not entry.msgstr:
                    yield f"{path.relative_to(ROOT)}: missing: {wanted.msgid!r}"
                elif entry.fuzzy:
                    yield f"{path.relative_to(ROOT)}:{entry.linenum}: fuzzy: {wanted.msgid!r}"
            for entry in entries.values():
                yield f"{path.relative_to(ROOT)}:{entry.linenum}: not used: {entry.msgid!r}"


def main() -> None:
    found = templates(BUILD / "work")
    for language in TRANSLATED:
        for name, template in found.items():
            update(language, name, template)
        wanted = {catalogue(language, name) for name in found}
        for path in sorted((LOCALE / language).rglob("*.po")):
            if path not in wanted:
                path.unlink()
    left = list(problems(found))
    print("\n".join(left) if left else "Every string is translated.")
    print(f"{sum(len(po) for po in found.values())} strings, {len(left)} to do.")


if __name__ == "__main__":
    restart_with_fixed_environment()
    with only_one():
        main()
