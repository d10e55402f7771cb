package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// amountRule draws a rule that bounds an amount.
func amountRule(t *rapid.T) string {
	a := money.Of(rapid.Int64Range(0, 3000).Draw(t, "bound"), rapid.SampledFrom([]money.Currency{"usd", "usd", "usd", "jpy"}).Draw(t, "currency"))
	money := fmt.Sprintf(`"amount":%s,"currency":%q`, a.Decimal(), a.Currency)
	switch rapid.IntRange(0, 3).Draw(t, "type") {
	case 0:
		return `{"type":"transaction_limit",` + money + `}`
	case 1:
		return `{"type":"approval_threshold",` + money + `}`
	}
	return fmt.Sprintf(`{"type":"limit","period":%q,"per":%q,"time_zone":%q,%s}`,
		rapid.SampledFrom([]string{"day", "week", "month", "quarter", "year", "total"}).Draw(t, "period"),
		rapid.SampledFrom([]string{"agent", "company"}).Draw(t, "per"),
		rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/Havana"}).Draw(t, "zone"), money)
}

func anyRule(t *rapid.T) string {
	if rapid.Bool().Draw(t, "amount rule") {
		return amountRule(t)
	}
	return rapid.SampledFrom([]string{
		`{"type":"velocity","window":"1h","count":2}`, `{"type":"velocity","window":"1d","count":4}`,
		`{"type":"merchant","mode":"block","values":["cas*"]}`, `{"type":"merchant","mode":"allow","values":["a*","casino"]}`,
		`{"type":"mcc","mode":"allow","values":["7000-7400"]}`, `{"type":"country","mode":"block","values":["US"]}`,
		`{"type":"currency","mode":"allow","values":["usd"]}`, `{"type":"rail","mode":"block","values":["card"]}`,
		`{"type":"hours","days":["mon","wed"],"from":"08:00","to":"18:00"}`, `{"type":"hours","from":"22:00","to":"06:00"}`,
		`{"type":"new_merchant","effect":"require_approval"}`, `{"type":"new_merchant","effect":"deny"}`,
		`{"type":"duplicate","window":"10m","effect":"deny"}`, `{"type":"duplicate","window":"10m","effect":"require_approval"}`,
		`{"type":"expression","when":"amount > 5.5","effect":"deny"}`, `{"type":"expression","when":"amount > 2","effect":"require_approval"}`,
	}).Draw(t, "rule")
}

func anyPolicy(t *rapid.T, draw func(*rapid.T) string) Policy {
	rules := make([]string, rapid.IntRange(1, 4).Draw(t, "rules"))
	for i := range rules {
		rules[i] = draw(t)
	}
	decoded, err := DecodeRules([]byte("[" + strings.Join(rules, ",") + "]"))
	if err != nil {
		t.Fatalf("%v: %v", rules, err)
	}
	p := Policy{ID: ident.New(), Version: 1, Content: Content{Name: "Test", Status: Active, Rules: decoded}}
	if rapid.Bool().Draw(t, "for the bot") {
		p.Agents = []uuid.UUID{bot}
	}
	return p
}

func anyRequest(t *rapid.T) Request {
	r := want(rapid.Int64Range(1, 4000).Draw(t, "minor"))
	r.At = noon.Add(time.Duration(rapid.IntRange(0, 7*24*60).Draw(t, "minutes")) * time.Minute)
	r.Merchant.Name = rapid.SampledFrom([]string{"AWS", "casino", "x"}).Draw(t, "merchant")
	r.Rail = rapid.SampledFrom([]string{"api", "card"}).Draw(t, "rail")
	return r
}

func anyFacts(t *rapid.T, s *Set, r Request) Facts {
	f := Facts{MerchantKnown: rapid.Bool().Draw(t, "known")}
	for _, key := range s.Needs(bot, r.Amount.Currency).Meters {
		loc, err := meter.LoadZone(key.Zone)
		if err != nil {
			t.Fatal(err)
		}
		m := &meter.Meter{Key: key}
		m.Apply(r.At, loc, r.At.Add(-time.Duration(rapid.IntRange(0, 24*40).Draw(t, "hours"))*time.Hour),
			rapid.Int64Range(0, 2000).Draw(t, "spent"), rapid.Int64Range(0, 2000).Draw(t, "reserved"))
		f.Meters = append(f.Meters, m)
	}
	at := r.At
	for range rapid.IntRange(0, 5).Draw(t, "recent") {
		at = at.Add(-time.Duration(rapid.IntRange(0, 600).Draw(t, "ago")) * time.Minute)
		f.Recent = append(f.Recent, at)
	}
	if rapid.Bool().Draw(t, "twin") {
		f.Twins = []time.Time{r.At.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes ago")) * time.Minute)}
	}
	return f
}

func setOf(t *rapid.T, policies ...Policy) *Set {
	s, err := Compile(company, zoneName, policies)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var severity = map[Outcome]int{Approved: 0, RequiresApproval: 1, Denied: 2}

func TestTogetherAsStrictAsTheStrictest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyPolicy(t, anyRule), anyPolicy(t, anyRule)
		both, r := setOf(t, a, b), anyRequest(t)
		f := anyFacts(t, both, r)
		alone := max(severity[setOf(t, a).Evaluate(r, f).Outcome], severity[setOf(t, b).Evaluate(r, f).Outcome])
		d := both.Evaluate(r, f)
		if severity[d.Outcome] != alone {
			t.Fatalf("together %s, alone %d", d.Outcome, alone)
		}
		if !json.Valid(AppendTrace(nil, d.Trace)) {
			t.Fatalf("trace %s", AppendTrace(nil, d.Trace))
		}
		deciding := false
		for _, s := range d.Trace {
			deciding = deciding || s.Code == d.ReasonCode
		}
		if d.Outcome != Approved && !deciding {
			t.Fatalf("%s is no step of %s", d.ReasonCode, AppendTrace(nil, d.Trace))
		}
	})
}

func TestHeadroomIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, r := setOf(t, anyPolicy(t, amountRule), anyPolicy(t, amountRule)), anyRequest(t)
		f := anyFacts(t, s, r)
		h := s.Headroom(bot, "usd", f, r.At)
		outcome := func(minor int64) Outcome {
			q := r
			q.Amount.Minor = minor
			return s.Evaluate(q, f).Outcome
		}
		for _, most := range []*int64{h.Max, h.MaxWithoutApproval} {
			if most != nil && *most < 0 {
				t.Fatalf("less than nothing: %d", *most)
			}
		}
		if h.Max != nil && (*h.Max > 0 && outcome(*h.Max) == Denied || outcome(*h.Max+1) != Denied) {
			t.Fatalf("max %d: %s, then %s", *h.Max, outcome(*h.Max), outcome(*h.Max+1))
		}
		if h.Max == nil && outcome(money.Currency("usd").MaxMinor()) == Denied {
			t.Fatal("no bound, but denied")
		}
		if m := h.MaxWithoutApproval; m != nil && (*m > 0 && outcome(*m) != Approved || outcome(*m+1) == Approved) {
			t.Fatalf("without approval %d: %s, then %s", *m, outcome(*m), outcome(*m+1))
		}
		if (h.Max == nil) != (h.BoundedBy == nil) {
			t.Fatalf("bounded by %v", h.BoundedBy)
		}
	})
}

func TestRemediesCure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, r := setOf(t, anyPolicy(t, anyRule), anyPolicy(t, anyRule)), anyRequest(t)
		f := anyFacts(t, s, r)
		d := s.Evaluate(r, f)
		for _, remedy := range d.Remedies {
			q := r
			switch remedy.Type {
			case LowerAmount:
				q.Amount = remedy.MaxAmount
				// What looks at the amount in other ways may still object.
			case RetryAfter:
				q.At = remedy.At
			default:
				continue
			}
			if again := s.Evaluate(q, f); severity[again.Outcome] >= severity[d.Outcome] {
				t.Fatalf("%s %s: after %+v still %s %s", d.Outcome, d.ReasonCode, remedy, again.Outcome, again.ReasonCode)
			}
		}
	})
}

func TestRulesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPolicy(t, anyRule)
		raw, err := json.Marshal(p.Rules)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeRules(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		again, err := json.Marshal(back)
		if err != nil || string(again) != string(raw) {
			t.Fatalf("%s became %s", raw, again)
		}
	})
}

// naive is the definition of a wildcard, by trying everything.
func naive(p, s string) bool {
	if p == "" {
		return s == ""
	}
	if p[0] == '*' {
		return naive(p[1:], s) || s != "" && naive(p, s[1:])
	}
	return s != "" && p[0] == s[0] && naive(p[1:], s[1:])
}

func TestWildcardsAgreeWithTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.StringMatching(`[ab*]{1,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "text")
		if got := compilePattern(p).matches(s); got != naive(p, s) {
			t.Fatalf("%q on %q: %v", p, s, got)
		}
	})
}

func TestWildcardIsLinear(t *testing.T) {
	p := compilePattern(strings.Repeat("a*", 100) + "b")
	text := strings.Repeat("a", 1<<20)
	start := time.Now()
	if p.matches(text) {
		t.Error("matched")
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("took %v", d)
	}
}

func FuzzWildcard(f *testing.F) {
	f.Add("casino-*", "Casino-Royal")
	f.Add("＊", "*")
	f.Fuzz(func(t *testing.T, p, s string) {
		compilePattern(p).matches(Normal(s))
		if n := Normal(s); Normal(n) != n {
			t.Fatalf("%q is not normal after %q", Normal(n), n)
		}
	})
}

func FuzzDecodeRules(f *testing.F) {
	f.Add([]byte(`[{"type":"limit","period":"month","amount":5000,"currency":"usd","time_zone":"Europe/Berlin","per":"agent"}]`))
	f.Add([]byte(`[{"type":"hours","from":"22:00","to":"24:00","days":["mon"]},{"type":"velocity","window":"31d","count":1000}]`))
	f.Add([]byte(`[{"type":"mcc","mode":"allow","values":["3000-3299"]},{"type":"expression","when":"amount>1.0","effect":"deny"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rules, err := DecodeRules(raw)
		if err != nil {
			return
		}
		b, err := json.Marshal(rules)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeRules(b); err != nil {
			t.Fatalf("%s became %s: %v", raw, b, err)
		}
		s, err := Compile(company, zoneName, []Policy{{ID: bot, Version: 1, Content: Content{Status: Active, Rules: rules}}})
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		s.Evaluate(want(100), Facts{})
	})
}
