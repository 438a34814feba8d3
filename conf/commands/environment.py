"""Makes the environment that every other command runs in, as ``install.py`` says.

Run by whatever Python the person has, so it keeps to syntax that an old one can read far enough
to say that it is too old.
"""

import sys

OLDEST, NEWEST = (3, 11), (3, 14)


def refuse_other_pythons() -> None:
    found = sys.version_info[:2]
    if not OLDEST <= found <= NEWEST:
        sys.exit(
            "Autograd Atlas needs Python {}.{} to {}.{}; {} is Python {}.{}.\n"
            "Name another one, for example: make PYTHON=python3.12 html".format(
                *OLDEST, *NEWEST, sys.executable, *found
            )
        )


if __name__ == "__main__":
    refuse_other_pythons()
    import install

    install.environment()
