# Traces, dies and ends as DevStack's scripts do.
traced_place() {
    local called
    read -r -a called <<< "$(caller 0)"
    printf '%-40s ' "${called[2]:-}:${called[1]:-}:${called[0]:-}"
}
export -f traced_place
export PS4='+$(traced_place)  '

kill_spinner() {
    if [ ! -z "$LAST_SPINNER_PID" ]; then kill >/dev/null 2>&1 "$LAST_SPINNER_PID"; fi
}

exit_trap() {
    local r=$?
    jobs=$(jobs -p)
    if [[ -n $jobs ]]; then
        echo "exit_trap: cleaning up child processes"
    fi
    if [ -f "" ]; then
        rm ""
    fi
    kill_spinner
    if [[ $r -ne 0 ]]; then
        echo "Error on exit"
        if type -p generate-subunit > /dev/null; then echo subunit; fi
        if [[ -z $LOGDIR ]]; then
            echo "python3 tools/worlddump.py"
        fi
        for number in $(seq 12); do
            echo "World dumping... see /opt/stack/worlddump-$number.txt for details"
        done
    fi
    exit $r
}
trap exit_trap EXIT

die() {
    local code=$? line=$1
    set +o xtrace
    shift
    if [ $code = 0 ]; then code=1; fi
    echo "[Call Trace]"
    echo "$0:$line:die"
    echo "[ERROR] $0:$line $*"
    set -o xtrace
    exit $code
}
set -o xtrace
