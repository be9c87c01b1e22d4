# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion of rssctl, which itself knows what may stand in place of the last word.

function __rssctl_complete
    set -l token (commandline -ct)
    set -l words (commandline -opc)[2..] "$token"
    for line in (rssctl _complete -- $words 2>/dev/null)
        switch $line
            case ':files'
                set -l option (string match -r -- '^-[^=]*=' $token)
                __fish_complete_path (string replace -r -- '^-[^=]*=' '' $token) | string replace -r '^' "$option"
            case ':command *'
                set -l first (string replace ':command ' '' $line)
                complete -C "$words[$first..]"
            case '*'
                echo $line
        end
    end
end

complete -c rssctl -f -a '(__rssctl_complete)'
