package policy

import (
	"slices"
	"testing"

	"github.com/getpurser/purser/internal/money"
)

// A preset is what somebody takes who has never written a policy: it must be
// right as it stands, in every currency.
func TestPresetsAreSound(t *testing.T) {
	for _, c := range []money.Currency{"usd", "eur", "jpy", "kwd", "inr", "vnd", "clf"} {
		for _, p := range Presets(c) {
			content := p.Content
			warnings, err := content.Check()
			if err != nil || len(warnings) > 0 {
				t.Errorf("%s in %s: %v %v", p.Key, c, warnings, err)
			}
			if p.Name == "" || p.Explanation == "" || content.Status != Active || len(content.Agents) > 0 {
				t.Errorf("%s in %s is not ready to be used: %+v", p.Key, c, p)
			}
			for _, r := range content.Rules {
				if r.Amount.Currency != "" && (r.Amount.Currency != c || r.Amount.Minor == 0) {
					t.Errorf("%s in %s has a rule about %s", p.Key, c, r.Amount)
				}
			}
		}
	}
}

func TestPresetsGrowMoreGenerous(t *testing.T) {
	for _, of := range []Type{TransactionLimit, ApprovalThreshold, Limit} {
		last := int64(0)
		for _, p := range Presets("usd") {
			i := slices.IndexFunc(p.Content.Rules, func(r Rule) bool { return r.Type == of })
			if now := p.Content.Rules[i].Amount.Minor; now <= last {
				t.Errorf("%s: the %s of %d is not above the one before, %d", p.Key, of, now, last)
			} else {
				last = now
			}
		}
	}
}

// 200 yen would not buy a sandwich.
func TestPresetsFitTheCurrency(t *testing.T) {
	if got := Presets("jpy")[0].Content.Rules[0].Amount.String(); got != "20,000 JPY" {
		t.Errorf("the cautious limit of one payment is %s", got)
	}
	if got := Presets("kwd")[1].Content.Rules[0].Amount.String(); got != "2,000.000 KWD" {
		t.Errorf("the balanced limit of one payment is %s", got)
	}
}
