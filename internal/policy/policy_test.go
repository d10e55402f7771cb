package policy

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

var (
	company = uuid.MustParse("01890a5d-ac96-774b-bcce-000000000001")
	bot     = uuid.MustParse("01890a5d-ac96-774b-bcce-000000000002")
	other   = uuid.MustParse("01890a5d-ac96-774b-bcce-000000000003")
)

const zoneName = "Europe/Berlin"

// noon is a Wednesday.
var noon = time.Date(2026, 3, 18, 11, 0, 0, 0, time.UTC)

func rulesOf(t testing.TB, raw string) []Rule {
	t.Helper()
	rules, err := DecodeRules([]byte(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return rules
}

// active makes an active policy of JSON rules that covers agents, or all.
func active(t testing.TB, raw string, agents ...uuid.UUID) Policy {
	t.Helper()
	return Policy{ID: ident.New(), Version: 1, Content: Content{Name: "Test", Status: Active, Agents: agents, Rules: rulesOf(t, raw)}}
}

func compileSet(t testing.TB, policies ...Policy) *Set {
	t.Helper()
	s, err := Compile(company, zoneName, policies)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// want is a request for an amount of minor units in usd at noon.
func want(minor int64) Request {
	return Request{Agent: bot, Handle: "procurement-bot", Amount: money.Of(minor, "usd"), Rail: "api", At: noon,
		Merchant: Merchant{Name: "AWS", MCC: "7372", Country: "US", Domain: "aws.amazon.com"}}
}

// used makes the facts in which one meter has spent and reserved at noon.
func used(t testing.TB, k meter.Key, spent, reserved int64) Facts {
	t.Helper()
	loc, err := meter.LoadZone(k.Zone)
	if err != nil {
		t.Fatal(err)
	}
	m := &meter.Meter{Key: k}
	m.Apply(noon, loc, noon, spent, reserved)
	return Facts{Meters: []*meter.Meter{m}, MerchantKnown: true}
}

func botKey(c money.Currency) meter.Key {
	return meter.Key{Subject: bot, Currency: c, Zone: zoneName}
}

func traceJSON(t testing.TB, d Decision) []map[string]any {
	t.Helper()
	var steps []map[string]any
	if err := json.Unmarshal(AppendTrace(nil, d.Trace), &steps); err != nil {
		t.Fatalf("%s: %v", AppendTrace(nil, d.Trace), err)
	}
	return steps
}

func remedyJSON(t testing.TB, d Decision) string {
	t.Helper()
	b, err := json.Marshal(d.Remedies)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
