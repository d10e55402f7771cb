#!/bin/sh
# The way from nothing to money spent, held, approved, denied and accounted for,
# by the command line alone. PURSER_SERVER is a fresh server, mailbox SERVER
# ADDRESS prints the link of the newest mail, and purser is on the PATH.
set -eu
work=$PWD
step() { echo "--- $*"; }
fail() { echo "$*" >&2; exit 1; }

# ends STATUS COMMAND...: the command has to end with this status; what it
# printed is in out.
ends() {
  want=$1
  shift
  got=0
  "$@" >out 2>problems || got=$?
  [ "$got" = "$want" ] || fail "$* ended with $got, not $want: $(cat out problems)"
}
has() { grep -q -- "$1" out || fail "there is no $1 in: $(cat out)"; }
# field NAME: its first value in the JSON that was printed last.
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" out | head -n 1; }
owner() { PURSER_CONFIG_DIR=$work/owner purser --mode=test "$@"; }
approver() { PURSER_CONFIG_DIR=$work/approver purser --mode=test "$@"; }

step nobody is signed in yet
ends 5 owner company get

step sign up, by mail
ends 2 owner auth login ada@journey.test </dev/null
ends 0 owner auth verify "$(mailbox "$PURSER_SERVER" ada@journey.test)"
ends 0 owner company create Journey --currency=usd
ends 0 owner auth status
has ada@journey.test

step an agent, its rules and its key
ends 0 owner agents create buyer "The buyer"
cat >policy.json <<'JSON'
{"name": "Everyday", "agents": ["buyer"], "rules": [
  {"type": "transaction_limit", "amount": 500, "currency": "usd"},
  {"type": "approval_threshold", "amount": 100, "currency": "usd"},
  {"type": "limit", "period": "month", "amount": 2000, "currency": "usd"}]}
JSON
ends 0 owner policies create policy.json
ends 0 owner agents policies buyer
has 'Denies any single payment above 500.00 USD.'
ends 0 owner agents credentials create buyer "the script" --json
key=$(field key)
buyer() { PURSER_CONFIG_DIR=$work/buyer PURSER_API_KEY=$key purser "$@"; }

step spend
ends 0 buyer authorize 42.50 usd --merchant=AWS --purpose="GPU hours" --json
id=$(field id)
token=$(field token)
ends 0 buyer authorize 42.50 usd --merchant=AWS --dry-run
ends 0 buyer confirm "$id" --amount=40 --reference=inv-1
has confirmed
ends 6 buyer void "$id"
ends 3 buyer authorize 501 usd --merchant=AWS
ends 2 buyer authorize 1.999 usd --merchant=AWS
ends 0 buyer authorize 10 usd --merchant=AWS --idempotency-key=order-1 --json
first=$(field id)
ends 0 buyer authorize 10 usd --merchant=AWS --idempotency-key=order-1 --json
[ "$(field id)" = "$first" ] || fail "the same key had two effects"
ends 0 buyer void "$first"

step a second person
ends 0 owner members invite ben@journey.test approver
ends 2 approver auth login ben@journey.test </dev/null
ends 0 approver auth verify "$(mailbox "$PURSER_SERVER" ben@journey.test)"

step a hold, and a wait for people
ends 4 buyer authorize 150 usd --merchant=AWS --json
held=$(field id)
(got=0; buyer authorizations get "$held" --wait >waited 2>&1 || got=$?; echo "$got" >status) &
ends 0 approver approvals list --json
approval=$(sed -n 's/^ *"id": "\(appr_[^"]*\)".*/\1/p' out | head -n 1)
ends 5 buyer approvals approve "$approval"
ends 0 approver approvals approve "$approval" --comment="go ahead"
wait
[ "$(cat status)" = 0 ] || fail "who waited ended with $(cat status): $(cat waited)"
grep -q APPROVED waited || fail "who waited was told: $(cat waited)"
ends 6 approver approvals deny "$approval"
ends 0 buyer confirm "$held"

step the budget
ends 0 buyer budget buyer
has 1810.00

step the decision, checked offline
ends 0 buyer verify "$token" --test --save
has '42.50 usd to AWS'
issuer=$PURSER_SERVER/test
ends 0 env PURSER_SERVER=http://127.0.0.1:1 PURSER_CONFIG_DIR="$work/buyer" purser verify "$token" --test --issuer="$issuer"
ends 1 env PURSER_SERVER=http://127.0.0.1:1 PURSER_CONFIG_DIR="$work/buyer" purser verify "$token" --issuer="$PURSER_SERVER"

step the log, checked offline
ends 0 owner audit checkpoint --keys
cp out log.key
ends 0 owner audit checkpoint
cp out checkpoint.txt
ends 0 owner audit export -o log.ndjson
ends 0 purser audit verify log.ndjson --checkpoint=checkpoint.txt --key=log.key
has 'The export holds'
event=$(sed -n '1s/.*"id":"\(evt_[^"]*\)".*/\1/p' log.ndjson)
ends 0 owner audit proof "$event" --json
cp out proof.json
ends 0 purser audit verify-proof proof.json --key=log.key
ends 0 owner audit consistency 1 --json
cp out consistency.json
sed 's/42.5/4.25/' log.ndjson >forged.ndjson
ends 1 purser audit verify forged.ndjson --checkpoint=checkpoint.txt --key=log.key

step a key for one program
ends 0 owner --agent=buyer exec -- sh -c 'purser --server="$PURSER_SERVER" authorize 5 usd --merchant=AWS && printf %s "$PURSER_API_KEY" >lent'
has APPROVED
ends 5 env PURSER_API_KEY="$(cat lent)" PURSER_CONFIG_DIR="$work/none" purser budget buyer

step sign out
ends 0 owner auth logout
ends 5 owner company get
echo done
