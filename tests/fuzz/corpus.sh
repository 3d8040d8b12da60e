#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# corpus.sh TARGET FOLDER: writes the inputs that a fuzz target begins with, those that were hard to find
# or found something once. What an editor does not show is \0NNN, octal.
set -eu
target=$1 folder=$2
mkdir -p "$folder"

# seed TARGET NAME TEXT...: the texts one behind the other
seed() {
    [ "$1" = "$target" ] || return 0
    name=$2
    shift 2
    printf %b "$@" >"$folder/$name"
}

seed fuzz-arm a-loop '\0000\0003\0001\0000(\0002\0000\0264\0001\0000_|\0205\0310\0001|_\0310\0001!\0004\0000\0221\0001' \
    '\0001|\0002\0310'
seed fuzz-arm a-pair-of-a64 '@\0001\0320-@\0251\0001\0002\0003\0004\0005\0006\0007\0010\0000\0000\0000\0000\0000\0000\0000\0000'
seed fuzz-hypercall suppress-ve-up-to-the-end '\0211\0343\n\0222\0222\0222\0211\0343\n\0222\0222\0222\0222\0222\0222\0017\0000\0000\0000\0000\0000' \
    '\0000\0000\0016\0222\0222\0222\0017\0000\0000\0000\0000\0000\0000\0000\0016\0343\n\n'
seed fuzz-ring close-in-a-step '\0245W\0245**'
seed fuzz-symbols gzip '\0037\0213\0010\0000\0000\0000\0000\0000\0002\0003KK\0203\0000\0013C\00030P\0010Q\0210/.I\0255(\0341' \
    'JC\0310\0200\0345\0024J\00242\03632K\0342\0363\0363\0222S\0221%\0215\0360H&\0302\0315LE13\0331\0000j' \
    '\0033\02226\0316h\0240\n\0223X\00245\0026\0204\0325\0300\0334\0226\0237\0227S\0031_\0222\0221Z\0204E' \
    '\0221!\03142\0210\03278\0243s\0363Sb\0271\0000Z\0266\0275(\0373\0000\0000\0000'
seed fuzz-symbols isf '{
  "metadata": { "format": "6.2.0", "producer": { "name": "dwarf2json" } },
  "base_types": {}, "user_types": {}, "enums": {},
  "symbols": {
    "_stext": { "type": { "kind": "base", "name": "void" }, "address": 18446744071578845184 },
    "_etext": { "type": { "kind": "base", "name": "void" }, "address": 18446744071589331235 }
  }
}
'
seed fuzz-symbols kallsyms 'ffffffff81000000 T _stext
ffffffff81010000 t init_once
ffffffff81020000 t init_once
ffffffff81a00000 T _etext
ffffffffc0000000 t init_once\t[ext4]
ffffffffc0008000 t init_once\t[ext4]
ffffffffc0010000 t only_there\t[ext4]
ffffffffc0100000 t _stext\t[mod]
'
seed fuzz-symbols nm-sizes '0000000000001040 0000000000000026 T main(int, char)
                 U x
'
seed fuzz-symbols xz '\03757zXZ\0000\0000\0004\0346\0326\0264F\0002\0000!\0001\0026\0000\0000\0000t/\0345\0243\0340\0000' \
    '\0372\0000V]\00003j\0212\0006#/B\0227\0024H\0201\0307\0277\0373k\0037\0254\0342i\0251\0017\0314\0276' \
    '\0207\0177o%^\0212\0222P\0251\0244]\0331\0277HC\0322\0260,$9\03734\0235T\0035\0301Y6\0203\0027\0271' \
    '\0346\0231\0200\0372\0333I\0322\t\0273\0023\0362:so\0266\0202\0311\0021}\0346\0233[\0316\0365\0311\\' \
    '\0231\0215\0026\0322|\0000\0000\0000\0000\0210\0200\0020\0355\0360\0233\02207\0000\0001r\0373\0001' \
    '\0000\0000\0000>~\0347\0002\0261\0304g\0373\0002\0000\0000\0000\0000\0004YZ'
