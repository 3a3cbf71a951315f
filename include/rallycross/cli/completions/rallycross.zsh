autoload -U +X bashcompinit && bashcompinit
# Completion of the command rallycross; made by: python -m rallycross.cli.commands.completion
_rallycross() {
    local cur=${COMP_WORDS[COMP_CWORD]} path="" word words="" clouds="" home name i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case "$path $word" in
            " demo" | " plan" | " run" | " gate" | " scenarios" | " cloud" | " cloud create" | " cloud list" | " cloud show" | " cloud check" | " cloud export" | " cloud destroy" | " verify" | " verify run" | " verify list" | " verify rerun" | " verify show" | " verify history" | " verify compare" | " verify import" | " verify export" | " verify verifiers" | " results" | " results list" | " results show" | " results compare" | " results export" | " results changes" | " results import" | " results delete" | " results prune" | " clean" | " up" | " down" | " status" | " logs" | " doctor" | " test" | " bench" | " completion" | " completion bash" | " completion zsh" | " completion fish") path="$path $word" ;;
        esac
    done
    case "$path" in
        "") words="demo plan run gate scenarios cloud verify results clean up down status logs doctor test bench completion --help" ;;
        " demo") words="--cloud-spec --concurrency --destroy --help --task --task-args --verification" ;;
        " plan") words="--cloud --help --json --task-args --task-args-file" ;;
        " run") words="--abort-on-sla-failure --cloud --drain --help --task-args --task-args-file --timing" ;;
        " gate") words="--abort-on-sla-failure --baseline --cloud --drain --even-invalid --false-discoveries --first-passes --help --json --junit --last --markdown --task-args --task-args-file --timing --tolerance" ;;
        " scenarios") words="--help --json --task" ;;
        " cloud") words="create list show check export destroy --help" ;;
        " cloud create") words="--from-sysenv --help --name" ;;
        " cloud list") words="--help --json" ;;
        " cloud show") words="--help --json" ;;
        " cloud check") words="--help --json" ;;
        " cloud export") words="--help --openrc" ;;
        " cloud destroy") words="--help" ;;
        " verify") words="run list rerun show history compare import export verifiers --help" ;;
        " verify run") words="--accounts --concurrency --expected-failures --help --load-list --option --options --package --pattern --plugin --resume --set --skip-list --tests --verifier" ;;
        " verify list") words="--expected-failures --help --json --load-list --package --pattern --plugin --set --skip-list --tests --verifier" ;;
        " verify rerun") words="--concurrency --failed --help" ;;
        " verify show") words="--detailed --help --json --sort-by" ;;
        " verify history") words="--cloud --help --json --last" ;;
        " verify compare") words="--cloud --format --help --json --last --slower --to" ;;
        " verify import") words="--help" ;;
        " verify export") words="--format --help --to" ;;
        " verify verifiers") words="--forget --help --json" ;;
        " results") words="list show compare export changes import delete prune --help" ;;
        " results list") words="--cloud --help --json --last --tag" ;;
        " results show") words="--help --json" ;;
        " results compare") words="--by --even-invalid --false-discoveries --format --help --json --last --output --tag" ;;
        " results export") words="--format --help --output" ;;
        " results changes") words="--acknowledge --cloud --help --json --judge --last --new --note --recipe" ;;
        " results import") words="--cloud --help" ;;
        " results delete") words="--force --help" ;;
        " results prune") words="--cloud --dry-run --help --json --keep-last --keep-tagged --older-than --samples-only" ;;
        " clean") words="--cloud --dry-run --help --json --older-than --task --yes" ;;
        " up") words="--help --limit" ;;
        " down") words="--help --keep-clouds --purge" ;;
        " status") words="--help --json" ;;
        " logs") words="--help --json --lines" ;;
        " doctor") words="--deep --help --json --mend" ;;
        " test") words="--durations --full --help --quick --workers" ;;
        " bench") words="--cloud --help --no-rally --only" ;;
        " completion") words="bash zsh fish --help" ;;
        " completion bash") words="" ;;
        " completion zsh") words="" ;;
        " completion fish") words="" ;;
    esac
    home=${RALLYCROSS_HOME:-$(dirname -- "${COMP_WORDS[0]}")/.rallycross}
    for name in "$home"/clouds/*.spec.yaml; do
        [[ -e $name ]] && name=${name##*/} && clouds="$clouds ${name%.spec.yaml}"
    done
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    elif [[ -n $path && " $words " != *" list "* ]]; then
        COMPREPLY=($(compgen -W "$words $clouds" -- "$cur") $(compgen -f -- "$cur"))
    else
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    fi
}
complete -o filenames -F _rallycross rallycross ./rallycross
