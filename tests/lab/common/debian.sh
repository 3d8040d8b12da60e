# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Debian packages as the ordinary user of apt: a private configuration with its own lists, download
# and unpack, nothing installed. Versions are asked of apt each time and never written down.

LAB_SUITES=(bookworm trixie)
LAB_APT_ARCHES=(amd64 arm64)
LAB_APT_MAX_AGE_DAYS=${XMEM_LAB_APT_MAX_AGE_DAYS:-7}
LAB_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# lab_apt_mirrors: two lines, where the machine's own apt gets Debian and its security updates from.
lab_apt_mirrors() {
    local uri release main=${XMEM_LAB_MIRROR:-} security=''
    # shellcheck disable=SC2016 # $(...) is apt's own format syntax
    while read -r uri release; do
        case $release in
        *-security) security=${security:-$uri} ;;
        *-*) ;;
        *) main=${main:-$uri} ;;
        esac
    done < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
        'Created-By: Packages' 'Component: main' 2>/dev/null)
    printf '%s\n%s\n' "$main" "$security"
}

lab_apt_sources() {
    local main security suite suites="" secsuites=""
    { read -r main && read -r security; } < <(lab_apt_mirrors)
    [ -n "$main" ] || lab_skip "no Debian archive in the machine's apt configuration (set XMEM_LAB_MIRROR)"
    for suite in "${LAB_SUITES[@]}"; do
        suites+=" $suite $suite-updates"
        secsuites+=" $suite-security"
    done
    printf 'Types: deb deb-src\nURIs: %s\nSuites:%s\nComponents: main\nSigned-By: %s\n' \
        "$main" "$suites" "$LAB_KEYRING"
    [ -z "$security" ] ||
        printf '\nTypes: deb deb-src\nURIs: %s\nSuites:%s\nComponents: main\nSigned-By: %s\n' \
            "$security" "$secsuites" "$LAB_KEYRING"
}

# The machine's own settings (proxies, certificates) are read first, so that ours win; sources,
# preferences, lists, caches and the installed state are ours alone.
lab_apt_config() {
    local apt=$1 part
    for part in /etc/apt/apt.conf.d/ /etc/apt/apt.conf; do
        [ ! -e "$part" ] || printf '#include "%s";\n' "$part"
    done
    cat <<EOF
#clear APT::Update;
#clear APT::Architectures;
#clear Acquire::Languages;
APT::Architecture "${LAB_APT_ARCHES[0]}";
APT::Architectures { $(printf '"%s"; ' "${LAB_APT_ARCHES[@]}")};
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Acquire::https::Timeout "60";
Acquire::GzipIndexes "true";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources.d";
Dir::Etc::preferences "$apt/preferences";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt/state";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Cache::archives "archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Log "$apt/log";
EOF
}

lab_apt_update() {
    local apt=$1
    lab_say "fetching package lists"
    rm -rf "$apt/answers"
    mkdir -p "$apt/answers"
    if timeout 600 apt-get -q update >"$apt/update.log" 2>&1 && ! grep -q '^[EW]:.*Failed' "$apt/update.log"; then
        touch "$apt/updated"
        return
    fi
    # Lists of an earlier day still answer; without any there is nothing to work from.
    [ -e "$apt/updated" ] || [ -n "$(find "$apt/lists" -name '*Packages*' -print -quit)" ] ||
        lab_skip "apt cannot fetch package lists: $(grep -m1 '^[EW]:' "$apt/update.log" || echo 'no answer')"
    lab_say "package lists are incomplete or old: $(grep -m1 '^[EW]:' "$apt/update.log" || echo timeout)"
}

# Other runs read these files at the same time: a change appears at once, and only a change.
lab_apt_write() {
    cat >"$1~"
    if cmp -s "$1~" "$1"; then
        rm "$1~"
    else
        mv "$1~" "$1"
    fi
}

lab_apt_setup() {
    local apt=$1 suite
    mkdir -p "$apt"/{sources.d,state,lists/partial,cache/archives/partial,log}
    touch "$apt/status"
    lab_apt_config "$apt" | lab_apt_write "$apt/apt.conf"
    lab_apt_sources | lab_apt_write "$apt/sources.d/debian.sources"
    [ "$apt/sources.d/debian.sources" -ot "$apt/updated" ] || rm -f "$apt/updated"
    # Nothing may ever be installed from these lists, whoever uses this configuration.
    for suite in "${LAB_SUITES[@]}"; do
        printf 'Package: *\nPin: release n=%s*\nPin-Priority: -1\n\n' "$suite"
    done | lab_apt_write "$apt/preferences"
    export APT_CONFIG=$apt/apt.conf
    [ -n "$(find "$apt/updated" -mtime "-$LAB_APT_MAX_AGE_DAYS" 2>/dev/null)" ] || lab_apt_update "$apt"
}

# lab_apt_init: to be called once before anything that asks apt.
lab_apt_init() {
    local apt
    lab_need_tools apt-get apt-cache dpkg dpkg-deb
    [ -e "$LAB_KEYRING" ] || lab_skip "no Debian archive keyring at $LAB_KEYRING"
    lab_cache_init
    apt=$LAB_CACHE/apt
    lab_lock apt lab_apt_setup "$apt"
    [ "$LAB_RC" -eq 0 ] || exit "$LAB_RC"
    export APT_CONFIG=$apt/apt.conf
}

# lab_apt_versions SUITE ARCH PACKAGE: its versions there (updates and security too), newest first.
# ARCH "source" asks for source packages. Answers are kept until the lists change.
lab_apt_versions() {
    local answer=$LAB_CACHE/apt/answers/$1_$2_$3
    if [ ! -e "$answer" ]; then
        lab_apt_ask "$@" | lab_sort_versions >"$answer.$$"
        if [ ! -s "$answer.$$" ]; then
            rm -f "$answer.$$"
            return
        fi
        mv "$answer.$$" "$answer"
    fi
    cat "$answer"
}

lab_apt_ask() {
    local suite=$1 arch=$2 name=$3 want="$2 Packages"
    if [ "$arch" = source ]; then
        want=Sources
    else
        name=$name:$arch
    fi
    # "PACKAGE | VERSION | URI SUITE/COMPONENT ARCH Packages"
    { apt-cache madison "$name" 2>/dev/null || :; } |
        awk -F ' *[|] *' -v suite="$suite" -v want="$want" '
            $3 ~ (" " suite "(-updates|-security)?/main ") && $3 ~ (want "$") && !seen[$2]++ { print $2 }'
}

lab_sort_versions() {
    local version kept=() i
    while read -r version; do
        for ((i = 0; i < ${#kept[@]}; i++)); do
            dpkg --compare-versions "$version" lt "${kept[i]}" || break
        done
        kept=("${kept[@]:0:i}" "$version" "${kept[@]:i}")
    done
    [ ${#kept[@]} -eq 0 ] || printf '%s\n' "${kept[@]}"
}

lab_deb_get() {
    local arch=$1 name=$2 version=$3 tmp
    tmp=$(mktemp -d "$LAB_CACHE/tmp/deb.XXXXXX")
    if (cd "$tmp" && timeout 600 apt-get -q download "$name:$arch=$version") >"$tmp/log" 2>&1; then
        mv "$tmp"/*.deb "$(lab_deb_path "$arch" "$name" "$version")"
        rm -rf "$tmp"
        return 0
    fi
    lab_say "$name:$arch=$version: $(grep -m1 '^E:' "$tmp/log" || echo 'no answer')"
    rm -rf "$tmp"
    return 1
}

lab_deb_path() {
    printf '%s/debs/%s_%s_%s.deb\n' "$LAB_CACHE" "$2" "${3//:/%3a}" "$1"
}

# lab_deb_fetch ARCH PACKAGE=VERSION: 0 when the package is in the cache (apt checks its hash).
lab_deb_fetch() {
    local arch=$1 name=${2%%=*} version=${2#*=}
    [ ! -e "$(lab_deb_path "$arch" "$name" "$version")" ] || return 0
    if [ -z "${LAB_APT_SAID:-}" ]; then
        lab_say "fetching packages"
        LAB_APT_SAID=yes
    fi
    if lab_missing "$arch" "$name" "$version"; then
        return 1
    fi
    lab_try 3 lab_deb_get "$arch" "$name" "$version" || {
        lab_missing_mark "$arch" "$name" "$version"
        return 1
    }
}

# The archive lists files that it does not deliver. Such a file is not asked for again until the
# lists change or a day has passed, so that a run with a warm cache asks the network for nothing.
lab_missing_path() {
    printf '%s/apt/answers/missing_%s\n' "$LAB_CACHE" "$(tr -c 'A-Za-z0-9.+~' _ <<<"$*")"
}

lab_missing_mark() {
    touch "$(lab_missing_path "$@")"
}

lab_missing() {
    [ -n "$(find "$(lab_missing_path "$@")" -mmin -1440 2>/dev/null)" ]
}

# lab_deb_pick SUITE ARCH PACKAGE...: one line PACKAGE=VERSION each, fetched. The packages are taken
# at one common version (a toolstack must match itself): the newest at which all of them arrive.
lab_deb_pick() {
    local suite=$1 arch=$2 version name got
    shift 2
    for version in $(lab_apt_versions "$suite" "$arch" "$1"); do
        got=()
        for name in "$@"; do
            lab_apt_versions "$suite" "$arch" "$name" | grep -Fxq -e "$version" || break
            lab_deb_fetch "$arch" "$name=$version" || break
            got+=("$name=$version")
        done
        if [ ${#got[@]} -eq $# ]; then
            printf '%s\n' "${got[@]}"
            return
        fi
    done
    lab_skip "$suite has no arriving revision of $* ($arch)"
}

# lab_deb_each SUITE ARCH PACKAGE...: the same for packages that need not match each other.
lab_deb_each() {
    local suite=$1 arch=$2 name
    shift 2
    for name in "$@"; do
        lab_deb_pick "$suite" "$arch" "$name"
    done
}

# lab_deb_unpack FOLDER ARCH PACKAGE=VERSION [TAR-PATTERN...]: unpacks all, or the patterns alone.
lab_deb_unpack() {
    local folder=$1 arch=$2 name=${3%%=*} version=${3#*=}
    shift 3
    if [ $# -eq 0 ]; then
        dpkg-deb -x "$(lab_deb_path "$arch" "$name" "$version")" "$folder"
    else
        dpkg-deb --fsys-tarfile "$(lab_deb_path "$arch" "$name" "$version")" |
            tar -x -C "$folder" --wildcards "$@"
    fi
}

# lab_deb_kernel SUITE ARCH META: PACKAGE=VERSION of the kernel that the meta package stands for.
lab_deb_kernel() {
    local suite=$1 arch=$2 meta=$3 version name answer
    for version in $(lab_apt_versions "$suite" "$arch" "$meta"); do
        answer=$LAB_CACHE/apt/answers/${suite}_${arch}_$meta=$version
        [ -s "$answer" ] || apt-cache show "$meta:$arch=$version" |
            sed -n 's/^Depends: \(linux-image-[^ ,:]*\).*/\1/p' >"$answer"
        name=$(cat "$answer")
        if [ -n "$name" ] && lab_deb_fetch "$arch" "$name=$version"; then
            printf '%s=%s\n' "$name" "$version"
            return
        fi
    done
    lab_skip "no kernel package of $suite ($arch) arrives"
}

lab_deb_tree_fill() {
    local arch=$1 folder=${*: -1} item
    shift
    for item in "${@:1:$#-1}"; do
        lab_deb_unpack "$folder" "$arch" "$item"
    done
}

# lab_deb_tree NAME ARCH PACKAGE=VERSION...: all of them unpacked into one stored folder (LAB_PATH).
lab_deb_tree() {
    local name=$1 arch=$2 item
    shift 2
    for item in "$@"; do
        lab_deb_fetch "$arch" "$item" || lab_skip "$item ($arch) does not arrive"
    done
    lab_store "$name" "$(lab_key "$arch $*")" lab_deb_tree_fill "$arch" "$@"
}

# ---- source packages: downloaded with apt, every tarball checked against the Sources index, and unpacked without the
# .dsc (which the archive does not always deliver) ----

# lab_source_files PACKAGE VERSION: lines "NAME SHA256" of the package's tarballs.
lab_source_files() {
    # 'URI' NAME SIZE SHA256:HASH
    apt-get source --print-uris --only-source "$1=$2" 2>/dev/null |
        awk '$2 ~ /\.tar\./ && $2 !~ /\.asc$/ && $4 ~ /^SHA256:/ { sub("SHA256:", "", $4); print $2, $4 }'
}

# Revisions that Debian delivered when they were tested here, for when its lists name only ones that do not arrive
# (yet): suite, package, version, file, SHA256.
LAB_SOURCE_KNOWN='bookworm xen 4.17.5+72-g01140da4e8-1 xen_4.17.5+72-g01140da4e8.orig.tar.xz 53922f4d0a02c577f2ea9d63f65989cd88715779eebeed879ca1d314103ee06e
bookworm xen 4.17.5+72-g01140da4e8-1 xen_4.17.5+72-g01140da4e8-1.debian.tar.xz 5bcf3812c64585e270e0b3fa6ee8fd16dff7b9bc0f61375d648c64672484c4d9
trixie xen 4.20.3+127-gc42374a105-0+deb13u1 xen_4.20.3+127-gc42374a105.orig.tar.xz df0831854a55a8f31cb3cb85036f2edc928e2ef098d77f815f5714bfafac68f3
trixie xen 4.20.3+127-gc42374a105-0+deb13u1 xen_4.20.3+127-gc42374a105-0+deb13u1.debian.tar.xz b1f909d626f3d4ba6965ba291dd97b0dfbbe48bb8e2510913cbc1760c5e8cb3e'

# lab_source_known FIELDS...: of these lines those that begin with the fields, without them.
lab_source_known() {
    local want=("$@") line
    while read -ra line; do
        [ "${line[*]:0:${#want[@]}}" != "$*" ] || echo "${line[*]:${#want[@]}}"
    done <<<"$LAB_SOURCE_KNOWN"
}

# All revisions that are listed or known, newest first.
lab_source_versions() {
    { lab_apt_versions "$1" source "$2" && lab_source_known "$1" "$2" | cut -d ' ' -f 1; } |
        sort -u | lab_sort_versions
}

# A revision that no list names any more: from where the package's other revisions are.
lab_source_get_known() {
    local folder=$1 suite=$2 name=$3 version=$4 base file sum
    lab_source_known "$suite" "$name" "$version" >"$folder/files"
    [ -s "$folder/files" ] || return 1
    base=$(apt-get source --print-uris --only-source "$name=$(lab_apt_versions "$suite" source "$name" | tail -n 1)" \
        2>/dev/null | sed -n "s|^'\(.*\)/[^/]*' .*|\1|p" | head -n 1)
    [ -n "$base" ] || return 1
    while read -r file sum; do
        (cd "$folder" && timeout 900 /usr/lib/apt/apt-helper download-file "$base/${file//+/%2b}" "$file" "SHA256:$sum") \
            >>"$folder/log" 2>&1 || return 1
    done <"$folder/files"
    lab_source_check "$folder"
}

lab_source_check() {
    local folder=$1 name sum count=0
    while read -r name sum; do
        count=$((count + 1))
        printf '%s  %s\n' "$sum" "$folder/$name" | sha256sum -c --status 2>/dev/null || return 1
    done <"$folder/files"
    [ "$count" -gt 0 ]
}

lab_source_get() {
    local folder=$1 name=$2 version=$3
    # A missing .dsc makes apt fail although the tarballs came: only their hashes decide.
    (cd "$folder" && timeout 900 apt-get -q source --download-only --only-source "$name=$version") \
        >"$folder/log" 2>&1 || :
    lab_source_check "$folder"
}

lab_source_fill() {
    local suite=$1 name=$2 version=$3 folder=$4
    lab_say "fetching source $name $version"
    lab_source_files "$name" "$version" >"$folder/files" || : # not listed any more
    { [ -s "$folder/files" ] && lab_try 3 lab_source_get "$folder" "$name" "$version"; } ||
        lab_try 3 lab_source_get_known "$folder" "$suite" "$name" "$version" || {
        lab_say "$name $version is not delivered: trying the next older revision"
        lab_missing_mark source "$name" "$version"
        return 1
    }
}

# lab_source SUITE PACKAGE: tarballs of the newest revision that arrives, in LAB_PATH; LAB_VERSION.
lab_source() {
    local suite=$1 name=$2 version place
    for version in $(lab_source_versions "$suite" "$name"); do
        place=$LAB_CACHE/store/source-$name-${version//[^A-Za-z0-9.+~-]/_}
        [ -e "$place" ] || lab_missing source "$name" "$version" ||
            lab_lock "source-$name" lab_store_fill "$place" lab_source_fill "$suite" "$name" "$version"
        if [ -e "$place" ]; then
            LAB_PATH=$place
            LAB_VERSION=$version
            return
        fi
    done
    lab_skip "no revision of source package $name arrives from $suite"
}

lab_source_series() {
    local tree=$1 patch
    [ -e "$tree/debian/patches/series" ] || return 0
    while read -r patch _; do
        case $patch in '' | '#'*) continue ;; esac
        patch -s -p1 -d "$tree" -i "$tree/debian/patches/$patch" ||
            lab_fail "Debian patch $patch does not apply"
    done <"$tree/debian/patches/series"
}

# lab_source_unpack FOLDER TREE: upstream tarball, Debian's folder, Debian's patches, in TREE.
lab_source_unpack() {
    local folder=$1 tree=$2 tarball part
    mkdir -p "$tree"
    for tarball in "$folder"/*.orig.tar.*; do
        case $tarball in *.asc) continue ;; esac
        tar -x -C "$tree" --strip-components=1 -f "$tarball"
    done
    for tarball in "$folder"/*.orig-*.tar.*; do
        [ -e "$tarball" ] || continue
        part=${tarball##*.orig-}
        mkdir -p "$tree/${part%%.tar.*}"
        tar -x -C "$tree/${part%%.tar.*}" --strip-components=1 -f "$tarball"
    done
    for tarball in "$folder"/*.debian.tar.*; do
        [ ! -e "$tarball" ] || tar -x -C "$tree" -f "$tarball"
    done
    lab_source_series "$tree"
}
