# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion of rssctl: verbs, options, their values, names of containers, all from its help.

function __rssctl_verb
    for word in (commandline -opc)[2..]
        if not string match -q -- '-*' $word
            echo $word
            return
        end
    end
end

function __rssctl_help
    rssctl $argv --help 2>/dev/null
end

function __rssctl_names
    rssctl list --no-legend --no-pager 2>/dev/null | string replace -r ' .*' ''
end

# What the help calls the value of an option: "SIZE" for -l or --limit.
function __rssctl_value_name -a verb option
    __rssctl_help $verb | string replace -rf -- "^  (?:-., |    )?(?:$option|$option, --[a-z-]+)=(\S+).*" '$1' | head -n 1
end

# Words for a value or operand by its name.
function __rssctl_values -a name
    switch $name
        case NAME
            __rssctl_names
        case VERB
            __rssctl_help | string replace -rf '^  ([a-z-]+) +(.*)' '$1\t$2'
        case PID
            __fish_complete_pids
        case SIGNAL
            printf '%s\n' TERM KILL INT HUP QUIT USR1 USR2 STOP CONT
        case FILE
            __fish_complete_path (commandline -ct)
        case TIME
            printf '%s\n' 500ms 1s 10s 1min
        case 'SIZE*'
            printf '%s\n' infinity 64M 256M 512M 1G 2G 10% 25% 50%
        case '*|*'
            string split '|' $name
    end
end

# The operand that stands at the cursor: "SIZE" for the second of "NAME SIZE"; "NAME..." goes on.
function __rssctl_operand_name -a verb
    set -l place (math (count (string match -rv -- '^-' (commandline -opc))) - 1)
    set -l names (__rssctl_help $verb | head -n 1 | string replace "Usage: rssctl $verb " '' |
        string replace -ra '[][]' '' | string split ' ' | string match -rv -- '^(-|OPTION)')
    if test $place -gt (count $names)
        string match -q '*...' -- $names[-1]; or return
        set place (count $names)
    end
    string replace '...' '' -- $names[$place]
end

function __rssctl_complete
    set -l verb (__rssctl_verb)
    set -l token (commandline -ct)
    set -l before (commandline -opc)[-1]
    if string match -q -- '--*=*' $token
        set -l option (string split -m 1 = $token)[1]
        printf "$option=%s\n" (__rssctl_values (__rssctl_value_name "$verb" $option))
    else if string match -q -- '-*' $token
        __rssctl_help $verb | string replace -rf '^  (?:-., |    )(--[a-z-]+=?)\S* +(.*)' '$1\t$2'
    else if string match -q -- '-*' $before; and set -l name (__rssctl_value_name "$verb" $before); and test -n "$name"
        __rssctl_values $name
    else if test -z "$verb"
        __rssctl_values VERB
    else
        __rssctl_values (__rssctl_operand_name $verb)
    end
end

complete -c rssctl -f -a '(__rssctl_complete)'
