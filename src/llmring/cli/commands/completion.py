"""llmring completion: print a shell script that completes llmring's commands with Tab."""

import argparse

from llmring.cli.output import print_out

EXAMPLES = """examples:
  llmring completion bash >> ~/.bashrc
  llmring completion zsh >> ~/.zshrc     # after the line with compinit
  llmring completion fish > ~/.config/fish/completions/llmring.fish

Completes commands, options, models, and the aliases and profiles of the
active lockfile, in shells started afterwards."""

# Bash starts a new word after each : and =, llmring does not. So the script splits the line itself,
# and strips from each candidate the part that Bash has completed already.
_BASH = r"""
_llmring() {
    local line=${COMP_LINE:0:COMP_POINT} word candidate typed
    local -a words
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    word=${words[${#words[@]}-1]}
    case $word in [\"\']*) word=${word:1} ;; esac
    words[${#words[@]}-1]=$word
    typed=${word%"$2"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("${candidate#"$typed"}")
    done < <("$1" _complete -- "${words[@]:1}" 2>/dev/null)
}
complete -o default -F _llmring llmring
"""

_ZSH = r"""
_llmring() {
    local -a found
    found=("${(@f)$(${words[1]} _complete -- "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    if [[ -n ${found[1]} ]]; then
        compadd -- "${found[@]}"
    else
        _files
    fi
}
compdef _llmring llmring
"""

_FISH = r"""
function __llmring_complete
    set -l typed (commandline -opc)
    set -l word (commandline -ct)
    set -l found ($typed[1] _complete -- $typed[2..-1] "$word" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$word"
    end
end
complete -c llmring -f -a '(__llmring_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("shell", choices=[*SCRIPTS], help="the shell to complete in")


def handle(args: argparse.Namespace) -> int:
    """Print the script."""
    print_out(SCRIPTS[args.shell].strip())
    return 0
