"""``make gettext``: brings the catalogues up to date with the sources, those of the site's pages
and that of the library's own words.

New strings arrive empty, changed ones are marked fuzzy, and what nothing says any more
is dropped. Strings that repeat on every lesson but for a file name are filled in from
``conf/locale/zh_CN/repeated.json``. What is left to translate is listed.
"""

import difflib
import json
import re
import string
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import polib

from prefork import restart_with_fixed_environment
from progress import Progress
from project import BUILD, CONF, LANGUAGES, LOCALE, LOG, ROOT, WORDS, shown, stop
from stage import only_one, prepare, sphinx

TRANSLATED = [language for folder, language in LANGUAGES.items() if folder != "en"]

# Furo brings no catalogues, so its words are collected with ours.
FURO = files("furo") / "theme" / "furo"
TEMPLATES = [str(CONF / "templates"), str(FURO)]

Templates = dict[Path, polib.POFile]


def templates(work: Path) -> Templates:
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


def library_templates() -> Templates:
    """The words of the library, each with its key as context."""
    sys.path.insert(0, str(CONF))
    from autograd_atlas.picture.words import ENGLISH, PLURALS

    entries = [polib.POEntry(msgctxt=key, msgid=text) for key, text in ENGLISH.items()]
    entries += [
        polib.POEntry(msgctxt=key, msgid=one, msgid_plural=several, msgstr_plural={0: ""})
        for key, (one, several) in PLURALS.items()
    ]
    template = polib.POFile()
    for entry in entries:
        if fields(entry.msgid_plural or entry.msgid):
            entry.flags.append(FORMAT)
        template.append(entry)
    return {Path("autograd_atlas"): template}


FORMAT = "python-brace-format"  # of what holds {names}, which have to stay in a translation


def catalogue(language: str, name: Path, folder: Path) -> Path:
    return folder / language / "LC_MESSAGES" / name.with_suffix(".po")


def languages_in(folder: Path) -> list[str]:
    """Those of the site, and others that somebody began."""
    return sorted({*TRANSLATED, *(path.parent.name for path in folder.glob("*/LC_MESSAGES"))})


def repeated(language: str, folder: Path) -> list[tuple[str, str]]:
    path = folder / language / "repeated.json"
    if not path.exists():
        return []
    return list(json.loads(path.read_text(encoding="utf-8")).items())


def fill_repeated(entry: polib.POEntry, patterns: list[tuple[str, str]]) -> None:
    for pattern, translation in patterns:
        match = re.fullmatch(pattern, entry.msgid)
        if match and (entry.fuzzy or not entry.msgstr):
            entry.msgstr = match.expand(translation)
            entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]


def keep_near_translations(po: polib.POFile) -> None:
    """Give a new string the translation of the dropped one that it resembles, or that has the same
    context, marked fuzzy."""
    dropped = [entry for entry in po.obsolete_entries() if entry.msgstr]
    for entry in po.untranslated_entries():
        alike = {old.msgid: old.msgstr for old in dropped if old.msgctxt == entry.msgctxt}
        cutoff = 0.0 if entry.msgctxt else 0.7
        if near := difflib.get_close_matches(entry.msgid, alike, 1, cutoff):
            entry.msgstr = alike[near[0]]
            entry.flags.append("fuzzy")


def update(language: str, name: Path, template: polib.POFile, folder: Path) -> polib.POFile:
    """Merge a template into its catalogue on disk, and return what is there now."""
    path = catalogue(language, name, folder)
    po = polib.pofile(str(path), wrapwidth=92) if path.exists() else polib.POFile(wrapwidth=92)
    plurals = po.metadata.get("Plural-Forms", "nplurals=2; plural=(n != 1);")
    po.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    if any(entry.msgid_plural for entry in template):
        po.metadata["Plural-Forms"] = plurals
    po.metadata_is_fuzzy = False
    po.header = ""
    po.merge(template)
    keep_near_translations(po)
    for entry in po.obsolete_entries():
        po.remove(entry)
    order = {entry.msgid_with_context: place for place, entry in enumerate(template)}
    po.sort(key=lambda entry: order[entry.msgid_with_context])
    patterns = repeated(language, folder)
    for entry in po:
        entry.comment = entry.tcomment = ""
        entry.occurrences = []
        fill_repeated(entry, patterns)
        if entry.msgid_plural:
            forms = range(int(re.findall(r"\d+", plurals)[0]))
            entry.msgstr_plural = {form: entry.msgstr_plural.get(form, "") for form in forms}
    path.parent.mkdir(parents=True, exist_ok=True)
    po.save(str(path))
    return po


def fields(text: str) -> set[str]:
    """The names between braces; of a text in which they do not fit, the text itself."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return {text}


def problems(found: Templates, folder: Path) -> Iterator[str]:
    """What keeps a reader from reading every string in each language, one line each."""
    for language in languages_in(folder):
        known = {catalogue(language, name, folder) for name in found}
        for path in sorted((folder / language).rglob("*.po")):
            if path not in known:
                yield f"{path.relative_to(ROOT)}: nothing has these strings any more"
        for name, template in found.items():
            path = catalogue(language, name, folder)
            po = polib.pofile(str(path)) if path.exists() else polib.POFile()
            entries = {entry.msgid_with_context: entry for entry in po}
            for wanted in template:
                entry = entries.pop(wanted.msgid_with_context, None)
                if problem := problem_of(entry, wanted):
                    line = f":{entry.linenum}" if entry else ""
                    yield f"{path.relative_to(ROOT)}{line}: {problem}: {wanted.msgid!r}"
            for entry in entries.values():
                yield f"{path.relative_to(ROOT)}:{entry.linenum}: not used: {entry.msgid!r}"


def problem_of(entry: polib.POEntry | None, wanted: polib.POEntry) -> str:
    """What is wrong with the translation of a string; empty if nothing is."""
    if entry is None or not entry.translated():
        return "fuzzy" if entry is not None and entry.fuzzy else "missing"
    if FORMAT not in wanted.flags:
        return ""
    names = fields(wanted.msgid_plural or wanted.msgid)
    texts: list[str] = [entry.msgstr, *entry.msgstr_plural.values()]
    # What is said of one thing needs no number; what is said of several does.
    fits = fields(texts[-1]) == names and all(fields(text) <= names for text in texts)
    return "" if fits else "other names in braces"


def main() -> None:
    count, left = 0, list[str]()
    for folder, found in ((LOCALE, templates(BUILD / "work")), (WORDS, library_templates())):
        for language in languages_in(folder):
            for name, template in found.items():
                update(language, name, template, folder)
            wanted = {catalogue(language, name, folder) for name in found}
            for path in sorted((folder / language).rglob("*.po")):
                if path not in wanted:
                    path.unlink()
        count += sum(len(po) for po in found.values())
        left += problems(found, folder)
    print("\n".join(left) if left else "Every string is translated.")
    print(f"{count} strings, {len(left)} to do.")


if __name__ == "__main__":
    restart_with_fixed_environment()
    with only_one():
        main()
