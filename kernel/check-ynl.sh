#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-ynl.sh: Documentation/netlink/specs/rss_container.yaml fits the kernel's schema;
# each constant that ynl generates from it has its value in the UAPI header, the
# structure has the layout of the header's, and the generated C code compiles.
set -eu -o pipefail
. "$(dirname "$0")/common.sh"

files=$top/kernel/files
ynl=$out/stock/tools/net/ynl
# where the tools are, and their name with a dash or, later, an underscore
tools=$ynl dash=-
[ ! -d "$ynl/pyynl" ] || tools=$ynl/pyynl dash=_
work=$out/ynl
# the one that Debian's modules are for
python=/usr/bin/python3
lock
rm -rf "$work"
# the tools look for the schema next to the specification, and for MAINTAINERS above
mkdir -p "$work/Documentation/netlink/specs" "$work/linux"
cp "$out/stock/Documentation/netlink/"*.yaml "$work/Documentation/netlink/"
: >"$work/MAINTAINERS"
cp "$files/Documentation/netlink/specs/rss_container.yaml" "$work/Documentation/netlink/specs/"
spec=$work/Documentation/netlink/specs/rss_container.yaml
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$tools

generate()	# generate MODE --header|--source [-o FILE]
{
	local mode=$1
	shift
	"$python" "$tools/ynl${dash}gen${dash}c.py" --mode "$mode" --spec "$spec" "$@"
}

# This validates the specification as well.
generate uapi --header >"$work/all.h"
# The types of the nested counts are the kinds of events, and have the same names.
awk '/^enum/ { inside = 1; block = ""; again = 0 }
	!inside { print; next }
	{ block = block $0 "\n" }
	match($0, /^\tRSS_CONTAINER_[A-Z_]+/) && seen[substr($0, RSTART, RLENGTH)]++ { again = 1 }
	/^};/ { inside = 0; if (!again) printf "%s", block }' "$work/all.h" >"$work/generated.h"
"$python" "$tools/ynl${dash}gen${dash}rst.py" -i "$spec" -o "$work/rss_container.rst"

# Prints name and value of each constant that the generated header has.
values()	# values HEADER
{
	{
		printf '#include <stdio.h>\n#include "%s"\nint main(void)\n{\n' "$1"
		grep -oE '\bRSS_CONTAINER_[A-Z0-9_]+\b' "$work/generated.h" | sort -u |
			sed -E '/_(NAME|GROUP)$/s/.*/\tprintf("& %s\\n", &);/; t; s/.*/\tprintf("& %ld\\n", (long)&);/'
		printf '}\n'
	} >"$work/values.c"
	gcc -w -I"$files/include/uapi" -o "$work/values" "$work/values.c"
	"$work/values"
}
values "$work/generated.h" >"$work/by-spec"
values linux/rss_container.h >"$work/by-header"
diff -u "$work/by-header" "$work/by-spec" || die "the specification and the UAPI header differ"

# Constants of the header that the specification lacks.
grep -oE '^	RSS_CONTAINER_[A-Z0-9_]+' "$files/include/uapi/linux/rss_container.h" | tr -d '\t' | sort -u |
	grep -vxFf <(awk '{ print $1 }' "$work/by-spec") | grep -vE '_(UNSPEC|MAX)$' >"$work/missing" || :
[ ! -s "$work/missing" ] || die "not in the specification: $(tr '\n' ' ' <"$work/missing")"

"$python" - "$spec" "$work/layout.c" <<'PYTHON'
import sys
import yaml

members = next(d for d in yaml.safe_load(open(sys.argv[1]))["definitions"] if d["type"] == "struct")["members"]
at = 0
with open(sys.argv[2], "w") as out:
    out.write("#include <stddef.h>\n#include <linux/rss_container.h>\n")
    for m in members:
        name = m["name"].replace("-", "_")
        size = int(m["type"][1:]) // 8
        out.write("_Static_assert(offsetof(struct rss_container_state, %s) == %d, \"%s\");\n" % (name, at, name))
        at += size
    out.write("_Static_assert(sizeof(struct rss_container_state) == %d, \"size\");\n" % at)
PYTHON
gcc -fsyntax-only -I"$files/include/uapi" "$work/layout.c"

generate user --header -o "$work/rss_container-user.h"
generate user --source -o "$work/rss_container-user.c"
gcc -Wall -Werror -D_GNU_SOURCE -I"$work" -I"$ynl/lib" -I"$files/include/uapi" -idirafter "$out/stock/include/uapi" \
	-c -o "$work/rss_container-user.o" "$work/rss_container-user.c"
echo "ynl: $(wc -l <"$work/by-spec") constants and the structure agree with the header"
