"""Print a shell script that completes commands, verbs, options and cloud names: for bash, zsh or fish.

source <(./rallycross completion bash)
"""

import argparse
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from rallycross.cli.commands import COMMANDS
from rallycross.cli.console import write_raw

SHELLS = ("bash", "zsh", "fish")
SCRIPTS = Path(__file__).parents[1] / "completions"  # the `rallycross` script prints these without the environment

# `path` has the command and the verb before the word; after a verb, names of clouds and files are completed.
_BASH = """# Completion of the command rallycross; made by: python -m rallycross.cli.commands.completion
_rallycross() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} path="" word words="" clouds="" home name i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        case "$path $word" in
{paths}) path="$path $word" ;;
        esac
    done
    case "$path" in
{cases}
    esac
    home=${{RALLYCROSS_HOME:-$(dirname -- "${{COMP_WORDS[0]}}")/.rallycross}}
    for name in "$home"/clouds/*.spec.yaml; do
        [[ -e $name ]] && name=${{name##*/}} && clouds="$clouds ${{name%.spec.yaml}}"
    done
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    elif [[ -n $path && " $words " != *" list "* ]]; then
        COMPREPLY=($(compgen -W "$words $clouds" -- "$cur") $(compgen -f -- "$cur"))
    else
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    fi
}}
complete -o filenames -F _rallycross rallycross ./rallycross
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("shell", choices=SHELLS)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    write_raw((SCRIPTS / f"rallycross.{options.shell}").read_text())
    return 0


def script(shell: str) -> str:
    """Return the completion script for a shell, generated from the commands."""
    words = dict(_words())
    if shell == "fish":
        return _fish(words)
    paths = " | ".join(f'"{path}"' for path in words if path)
    cases = "\n".join(f'        "{path}") words="{" ".join(names)}" ;;' for path, names in words.items())
    text = _BASH.format(paths=f"            {paths}", cases=cases)
    return f"autoload -U +X bashcompinit && bashcompinit\n{text}" if shell == "zsh" else text


def _words() -> Iterator[tuple[str, list[str]]]:
    """Yield the possible words: at the start, after each command, and after each verb."""
    yield "", [*COMMANDS, "--help"]
    for command in COMMANDS:
        parser = argparse.ArgumentParser(prog=command)
        import_module(f"rallycross.cli.commands.{command}").configure(parser)
        verbs = _verbs(parser)
        yield f" {command}", [*verbs, *_options(parser)]
        for verb, inner in verbs.items():
            yield f" {command} {verb}", _options(inner)


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
        if action.choices and not action.option_strings:
            return {str(choice): argparse.ArgumentParser(add_help=False) for choice in action.choices}
    return {}


def _options(parser: argparse.ArgumentParser) -> list[str]:
    actions = parser._actions  # noqa: SLF001
    return sorted({name for action in actions for name in action.option_strings if name.startswith("--")})


def _fish(words: dict[str, list[str]]) -> str:
    lines = ["# Completion of the command rallycross; made by: python -m rallycross.cli.commands.completion"]
    for path, names in words.items():
        before = path.split()
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in before) or "__fish_use_subcommand"
        verbs = [name for name in names if not name.startswith("--")]
        if verbs:
            unless = f"; and not __fish_seen_subcommand_from {' '.join(verbs)}" if before else ""
            lines.append(f"complete -c rallycross -f -n '{seen}{unless}' -a '{' '.join(verbs)}'")
        lines += [
            f"complete -c rallycross -n '{seen}' -l {name[2:]}" for name in names if name.startswith("--") and before
        ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    for one in SHELLS:
        (SCRIPTS / f"rallycross.{one}").write_text(script(one))
