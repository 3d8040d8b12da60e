# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of xmemctl for bash: commands, options, domains, rights, files.

_xmemctl_commands='validate plan apply watch get set views status doctor recover demo'
_xmemctl_rights='n r w rw x rx wx rwx rx2rw n2rwx r_pw default'

# Options of a command.
_xmemctl_options() {
    local common='--connect --json --help'
    case $1 in
    validate) echo "$common --machine" ;;
    apply) echo "$common --hold --progress" ;;
    watch) echo "$common --policy --gfn --rights --count --duration --until-idle --check --quiet --progress" ;;
    get) echo "$common --view" ;;
    set) echo "$common --view --progress" ;;
    demo) echo "$common --all --keep --scripted --guest --pages --timeout" ;;
    '') echo "$common --version" ;;
    *) echo "$common" ;;
    esac
}

# Does this option take the next word?
_xmemctl_takes() {
    case $1 in
    -c | --connect | -p | --policy | -g | --gfn | -r | --rights | -n | --count | -d | --duration) return 0 ;;
    -v | --view | --pages | --timeout) return 0 ;;
    *) return 1 ;;
    esac
}

# Ids and names of the domains that the words so far lead to.
_xmemctl_domains() {
    local tool=$1 uri=$2
    timeout 3 "$tool" -c "$uri" status 2>/dev/null | awk 'NR > 1 { print $1; print $2 }'
}

# Fills COMPREPLY with the words of $1 that begin with $2.
_xmemctl_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_xmemctl_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# The n-th operand of a command.
_xmemctl_operand() {
    local command=$1 n=$2 cur=$3 tool=$4 uri=$5
    case $command:$n in
    validate:* | plan:2 | apply:2) _xmemctl_files "$cur" ;;
    demo:1) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
    demo:*) _xmemctl_files "$cur" ;;
    set:3) _xmemctl_words "$_xmemctl_rights" "$cur" ;;
    plan:1 | apply:1 | watch:1 | get:1 | set:1 | views:1 | status:1 | doctor:1 | recover:1)
        _xmemctl_words "$(_xmemctl_domains "$tool" "$uri")" "$cur"
        ;;
    esac
}

_xmemctl() {
    local cur=$2 prev=$3 line=$COMP_LINE point=$COMP_POINT
    local -a words
    local command='' uri=xen: operands=0 i
    # Colons, as in sim:FILE, break words for bash, not for us.
    read -r -a words <<<"${line:0:point}"
    case ${line:0:point} in *[[:space:]]) words+=('') ;; esac
    cur=${words[-1]}
    prev=${words[-2]:-}
    COMPREPLY=()
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        case ${words[i]} in
        -c | --connect) uri=${words[i + 1]} ;;
        --connect=*) uri=${words[i]#*=} ;;
        esac
        if _xmemctl_takes "${words[i]}"; then
            i=$((i + 1))
        elif [[ ${words[i]} != -* ]]; then
            if [[ -z $command ]]; then command=${words[i]}; else operands=$((operands + 1)); fi
        fi
    done
    case $prev in
    -c | --connect)
        # What is before the last colon stands already, for bash.
        _xmemctl_words 'xen: sim:' "$cur"
        if [[ $cur == sim:* ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "${cur#sim:}")
        fi
        return
        ;;
    -p | --policy) _xmemctl_files "$cur" && return ;;
    -r | --rights) _xmemctl_words "$_xmemctl_rights" "$cur" && return ;;
    esac
    _xmemctl_takes "$prev" && return
    if [[ $cur == -* ]]; then
        _xmemctl_words "$(_xmemctl_options "$command")" "$cur"
    elif [[ -z $command ]]; then
        _xmemctl_words "$_xmemctl_commands" "$cur"
    else
        _xmemctl_operand "$command" "$((operands + 1))" "$cur" "$1" "$uri"
    fi
}

complete -F _xmemctl xmemctl
