#!/usr/bin/env bash
# ./bench compare A B [NAME] [--option N]: builds both commits apart and runs the benchmark of each in turns, so that what
# else the machine does meets both; prints the medians and B ÷ A. Sourced by bench, with machine.sh's root in force.
[ $# -ge 2 ] || { say "Usage: ./bench compare COMMIT COMMIT [NAME] [--option N]"; exit 2; }
rounds=3
folder=$(mktemp -d)
trap 'for side in a b; do git worktree remove --force "$folder/$side" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
git worktree add --quiet --detach "$folder/a" "$1"
git worktree add --quiet --detach "$folder/b" "$2"
shift 2
case "${1:-}" in '' | --*) set -- smoke "$@" ;; esac
for side in a b; do
  say "Building $side ..."
  (cd "$folder/$side" && dotnet build -c Release -v q --nologo -p:RunAnalyzers=false SyncFlow.Benchmarks >"$folder/$side.log" 2>&1) \
    || { tail -n 20 "$folder/$side.log" >&2; exit 1; }
done
for ((round = 1; round <= rounds; round++)); do
  for side in a b; do
    say "Round $round, $side ..."
    dotnet "$folder/$side/SyncFlow.Benchmarks/bin/Release/net10.0/SyncFlow.Benchmarks.dll" "$@" >>"$folder/$side.out"
  done
done
awk '
  $1 == "RESULT" { n[FILENAME, $2]++; v[FILENAME, $2, n[FILENAME, $2]] = $3; unit[$2] = $4; if (!seen[$2]++) order[++count] = $2 }
  function median(file, name,   i, j, t, k, x) {
    k = n[file, name]; if (k == 0) return "-"
    for (i = 1; i <= k; i++) x[i] = v[file, name, i]
    for (i = 1; i <= k; i++) for (j = i + 1; j <= k; j++) if (x[j] + 0 < x[i] + 0) { t = x[i]; x[i] = x[j]; x[j] = t }
    return x[int((k + 1) / 2)]
  }
  END {
    for (i = 1; i <= count; i++) {
      a = median(ARGV[1], order[i]); b = median(ARGV[2], order[i])
      printf "COMPARE %s %s %s %s %s\n", order[i], a, b, unit[order[i]], (a == "-" || b == "-" || a + 0 == 0) ? "-" : sprintf("%.3f", b / a)
    }
  }' "$folder/a.out" "$folder/b.out"
