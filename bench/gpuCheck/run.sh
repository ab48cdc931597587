#!/usr/bin/env bash
# Runs gpu-check on a machine with an NVIDIA GPU, from the folder made by `npm run gpu-check -- --pack DIR`. It needs no
# network: Node, the program and the data are in the folder. The peers use PyTorch of the machine's own `python3`.
#
#   bash DIR/run [OUT]      OUT gets report.txt, report.json and the logs; DIR/out otherwise
set -u
cd "$(dirname "$0")" || exit 1
out=${1:-$PWD/out}
mkdir -p "$out" || exit 1

unpack() { xz -dc "$1" 2>/dev/null || python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1"; }

if [ ! -x node ]; then
  unpack node.xz >node.part && chmod +x node.part && mv node.part node || exit 1
fi
if [ ! -d data ]; then
  mkdir -p data.part && unpack data.tar.xz | tar xf - -C data.part && mv data.part data || exit 1
fi
if [ ! -d app ]; then
  mkdir -p app.part && unpack app.tar.xz | tar xf - -C app.part && mv app.part/app app && rmdir app.part || exit 1
fi
exec ./node app/check.js --out "$out" "${@:2}"
