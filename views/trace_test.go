package views

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// explainer is of a request for 150.00 USD in Berlin.
func explainer(decision policy.Outcome) Explainer {
	f := Frame{Company: company.Company{TimeZone: "Europe/Berlin"}}
	return Explainer{Frame: f, Words: f.Words(nil), Handle: "procurement-bot", Of: &spend.Authorization{Requested: 15000, Amount: 15000,
		Currency: "usd", Decision: decision, CreatedAt: time.Date(2026, 3, 17, 13, 5, 0, 0, time.UTC), Merchant: policy.Merchant{Name: "AWS"}}}
}

func TestHeadline(t *testing.T) {
	for stored, want := range map[string]string{
		"March's limit for procurement-bot is 5,000.00 USD, 4,812.10 is spent and 150.00 reserved, so at most 37.90 fits until 1 April 00:00 Europe/Berlin": "Denied: March's limit for procurement-bot is 5,000.00 USD, 4,812.10 is spent and 150.00 reserved, so at most 37.90 fits until 1 April 00:00 Berlin time",
		"procurement-bot already made 20 of 20 requests in the last hour, the next fits at 2026-03-17T22:12:00Z":                                            "Denied: procurement-bot already made 20 of 20 requests in the last hour, the next fits at 17 March 23:12 Berlin time",
		"It is Sunday 17:35 in America/New_York, outside 08:00 to 19:00, open again on Monday, 16 November at 08:00":                                        "Denied: It is Sunday 17:35 in New York time, outside 08:00 to 19:00, open again on Monday, 16 November at 08:00",
		"Denied by mem_01m0m4zsg0e008qt8nw05cpt53: We have this already":                                                                                    "Denied: Denied by a@b.test: We have this already",
		"Acme/Data, blocked": "Denied: Acme/Data, blocked",
	} {
		e := explainer(policy.Denied)
		e.Of.Reason, e.Names = stored, map[string]string{"mem_01m0m4zsg0e008qt8nw05cpt53": "a@b.test"}
		if got := e.Headline(); got != want {
			t.Errorf("%q became %q", stored, got)
		}
	}
}

// TestEveryStepHasASentence reads steps as they are stored.
func TestEveryStepHasASentence(t *testing.T) {
	const march = `"period":"month","per":"agent","window":{"from":"2026-02-28T23:00:00Z","to":"2026-03-31T22:00:00Z","time_zone":"Europe/Berlin"}`
	const hour = `"window":{"from":"2026-03-17T12:05:00Z","to":"2026-03-17T13:05:00Z"}`
	for step, want := range map[string]string{
		`"rule":"transaction_limit","outcome":"pass","limit":3000.00`:                                                                                                   "150.00 USD is within the 3,000.00 USD that one payment may be.",
		`"rule":"transaction_limit","outcome":"deny","limit":100.00`:                                                                                                    "150.00 USD is more than the 100.00 USD that one payment may be.",
		`"rule":"transaction_limit","outcome":"deny","code":"currency_not_covered","value":"usd"`:                                                                       "Its transaction limits speak of no USD, so nothing may be spent in it.",
		`"rule":"approval_threshold","outcome":"require_approval","code":"approval_required","limit":100.00`:                                                            "150.00 USD is above 100.00 USD, so it must be approved.",
		`"rule":"limit","outcome":"pass","limit":5000.00,"used":1200.00,"remaining":3650.00,` + march:                                                                   "March's limit for procurement-bot is 5,000.00 USD, 1,200.00 was spent or reserved before, and 3,650.00 is left after this.",
		`"rule":"limit","outcome":"deny","limit":5000.00,"used":4962.10,"remaining":37.90,` + march:                                                                     "March's limit for procurement-bot is 5,000.00 USD, 4,962.10 is spent or reserved, so at most 37.90 fits until 1 April 00:00 Berlin time.",
		`"rule":"limit","outcome":"deny","limit":5000.00,"used":5100.00,"remaining":-100.00,` + march:                                                                   "March's limit for procurement-bot is 5,000.00 USD, 5,100.00 is spent or reserved, so nothing fits until 1 April 00:00 Berlin time.",
		`"rule":"limit","outcome":"deny","limit":9.00,"used":9.00,"remaining":0.00,"period":"total","per":"company","window":{"from":null,"to":null,"time_zone":"UTC"}`: "The total limit that all covered agents share is 9.00 USD, 9.00 is spent or reserved, so nothing fits.",
		`"rule":"velocity","outcome":"pass","limit":10,"used":3,"remaining":6,` + hour:                                                                                  "procurement-bot had made 3 of 10 requests in the 1 hour before, so 6 more fit after this one.",
		`"rule":"velocity","outcome":"deny","limit":10,"used":10,"remaining":0,` + hour:                                                                                 "procurement-bot had made 10 of 10 requests in the 1 hour before, so this one did not fit.",
		`"rule":"new_merchant","outcome":"require_approval","value":"aws.amazon.com"`:                                                                                   "The company had never paid aws.amazon.com, so it must be approved.",
		`"rule":"duplicate","outcome":"deny",` + hour:                                                                                                                   "The same 150.00 USD to the same merchant was asked for less than 1 hour before.",
		`"rule":"hours","outcome":"deny","time_zone":"America/New_York"`:                                                                                                "It was Tuesday 09:05 New York time, outside the hours.",
		`"rule":"expression","outcome":"deny","code":"expression_error","value":"error"`:                                                                                "Its condition failed on this request, and what cannot be judged is denied.",
		`"rule":"mcc","outcome":"deny","mode":"allow"`:                                                                                                                  "The request names no merchant category, and only listed ones are allowed.",
		`"rule":"mcc","outcome":"pass","mode":"block"`:                                                                                                                  "The request names no merchant category, and none is blocked.",
		`"rule":"country","outcome":"deny","mode":"block","value":"RU"`:                                                                                                 "The country RU is blocked.",
		`"rule":"merchant","outcome":"deny","mode":"allow","value":"a\u202eb"`:                                                                                          "The merchant a⟨U+202E⟩b is not among those that are allowed.",
		`"rule":"rail","outcome":"pass","mode":"allow","value":"api"`:                                                                                                   "The rail api is among those that are allowed.",
		`"rule":"astrology","outcome":"deny"`:                                                                                                                           "This page has no words for this rule (astrology).",
	} {
		steps, err := ReadTrace(json.RawMessage(`[{"policy":"pol_01m80wkyzpe4y8g2y21hdnw79e","version":1,"index":0,` + step + `}]`))
		if err != nil || len(steps) != 1 {
			t.Fatalf("%s: %v", step, err)
		}
		if got := explainer(policy.Denied).Sentence(steps[0]); got != want {
			t.Errorf("%s\n says %q\nwanted %q", step, got, want)
		}
	}
}

func TestRemediesInWords(t *testing.T) {
	e := explainer(policy.Denied)
	e.Of.Remedies = json.RawMessage(`[{"type":"lower_amount","max_amount":37.90},{"type":"retry_after","at":"2026-03-31T22:00:00Z"}]`)
	want := []string{"Up to 37.90 USD would not have been denied.",
		"The same request passes from 1 April 00:00 Berlin time on, if nothing else is spent until then."}
	if got := e.Remedies(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	e.Of.DecidedAt = time.Now()
	if got := e.Remedies(); got != nil {
		t.Errorf("what people decided has the remedies %q", got)
	}
}

func TestStepsAreGroupedByVersion(t *testing.T) {
	steps, err := ReadTrace(json.RawMessage(`[{"policy":"pol_01m80wkyzpe4y8g2y21hdnw79e","version":1,"index":0},
		{"policy":"pol_01m80wkyzpe4y8g2y21hdnw79e","version":1,"index":1},{"policy":"pol_01m80wkyzpe4y8g2y21hdnw79f","version":2,"index":0,"shadow":true}]`))
	if err != nil {
		t.Fatal(err)
	}
	name := policy.Policy{Content: policy.Content{Name: "One"}}
	groups := GroupTrace(steps, map[policy.VersionRef]policy.Policy{steps[0].Ref(): name})
	if len(groups) != 2 || len(groups[0].Steps) != 2 || groups[0].Name != "One" || groups[0].Shadow || !groups[1].Shadow || groups[1].Version != 2 {
		t.Errorf("%+v", groups)
	}
}

func TestReasonsHaveNames(t *testing.T) {
	for _, code := range ReasonCodes() {
		if name := ReasonName(code); name == "" || strings.Contains(name, "_") {
			t.Errorf("%s is told as %q", code, name)
		}
	}
	if got := ReasonName("something_new"); got != "something new" {
		t.Errorf("a code that is not known is told as %q", got)
	}
}
