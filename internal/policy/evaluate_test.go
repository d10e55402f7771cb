package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
)

func TestEachRuleAtItsBoundary(t *testing.T) {
	change := func(do func(*Request)) func(*Request, *Facts) { return func(r *Request, _ *Facts) { do(r) } }
	facts := func(do func(*Facts)) func(*Request, *Facts) { return func(_ *Request, f *Facts) { do(f) } }
	none := change(func(*Request) {})
	name := func(n, domain string) func(*Request, *Facts) {
		return change(func(r *Request) { r.Merchant = Merchant{Name: n, Domain: domain} })
	}
	at := func(s string) func(*Request, *Facts) {
		return change(func(r *Request) { r.At, _ = time.Parse(time.RFC3339, s) })
	}
	merchant := func(mode, values string) string {
		return fmt.Sprintf(`{"type":"merchant","mode":%q,"values":[%s]}`, mode, values)
	}
	const office = `{"type":"hours","time_zone":"Europe/Berlin","days":["mon","tue","wed","thu","fri"],"from":"08:00","to":"18:00"}`
	const night = `{"type":"hours","time_zone":"Europe/Berlin","days":["fri"],"from":"22:00","to":"06:00"}`
	for _, c := range []struct {
		rule   string
		minor  int64
		change func(*Request, *Facts)
		code   string
	}{
		{`{"type":"transaction_limit","amount":3000,"currency":"usd"}`, 300000, none, "ok"},
		{`{"type":"transaction_limit","amount":3000,"currency":"usd"}`, 300001, none, "transaction_limit"},
		{`{"type":"transaction_limit","amount":3000,"currency":"eur"}`, 1, none, "currency_not_covered"},
		{`{"type":"approval_threshold","amount":500,"currency":"usd"}`, 50000, none, "ok"},
		{`{"type":"approval_threshold","amount":500,"currency":"usd"}`, 50001, none, "approval_required"},
		{`{"type":"approval_threshold","amount":500,"currency":"eur"}`, 1, none, "currency_not_covered"},
		{`{"type":"limit","period":"month","amount":5000,"currency":"usd"}`, 500000, none, "ok"},
		{`{"type":"limit","period":"month","amount":5000,"currency":"usd"}`, 500001, none, "limit_exceeded"},
		{`{"type":"limit","period":"day","amount":50,"currency":"jpy"}`, 1, none, "currency_not_covered"},
		{`{"type":"velocity","window":"1h","count":2}`, 1, facts(func(f *Facts) { f.Recent = []time.Time{noon} }), "ok"},
		{`{"type":"velocity","window":"1h","count":2}`, 1, facts(func(f *Facts) { f.Recent = []time.Time{noon, noon.Add(-time.Hour + 1)} }), "velocity_exceeded"},
		{`{"type":"velocity","window":"1h","count":2}`, 1, facts(func(f *Facts) { f.Recent = []time.Time{noon, noon.Add(-time.Hour)} }), "ok"},
		{merchant("block", `"casino-*"`), 1, name("casino-royal", ""), "merchant_blocked"},
		{merchant("block", `"casino-*"`), 1, name("  CASINO-Royal ", ""), "merchant_blocked"},
		{merchant("block", `"casino-*"`), 1, name("ＣＡＳＩＮＯ-x", ""), "merchant_blocked"},
		{merchant("block", `"casino-*"`), 1, name("ca\u200bsino-x", ""), "merchant_blocked"},
		{merchant("block", `"casino-*"`), 1, name("grand casino-royal", ""), "ok"},
		{merchant("block", `"STRASSE"`), 1, name("straße", ""), "merchant_blocked"},
		{merchant("block", `"aws"`), 1, name("aws.com", ""), "ok"},
		{merchant("block", `"*.evil.example"`), 1, name("x", "a.EVIL.example."), "merchant_blocked"},
		{merchant("allow", `"aws"`), 1, name("AWS", ""), "ok"},
		{merchant("allow", `"aws.amazon.com"`), 1, name("Whoever", "aws.amazon.com"), "ok"},
		{merchant("allow", `"aws"`), 1, name("awsx", "aws.com"), "merchant_not_allowed"},
		{`{"type":"mcc","mode":"allow","values":["5734","3000-3299"]}`, 1, change(func(r *Request) { r.Merchant.MCC = "3299" }), "ok"},
		{`{"type":"mcc","mode":"allow","values":["5734","3000-3299"]}`, 1, change(func(r *Request) { r.Merchant.MCC = "3300" }), "mcc_not_allowed"},
		{`{"type":"mcc","mode":"allow","values":["5734"]}`, 1, change(func(r *Request) { r.Merchant.MCC = "" }), "mcc_not_allowed"},
		{`{"type":"mcc","mode":"block","values":["7995"]}`, 1, change(func(r *Request) { r.Merchant.MCC = "" }), "ok"},
		{`{"type":"mcc","mode":"block","values":["7995"]}`, 1, change(func(r *Request) { r.Merchant.MCC = "7995" }), "mcc_blocked"},
		{`{"type":"currency","mode":"allow","values":["USD","eur"]}`, 1, none, "ok"},
		{`{"type":"currency","mode":"allow","values":["gbp"]}`, 1, none, "currency_not_allowed"},
		{`{"type":"currency","mode":"block","values":["USD"]}`, 1, none, "currency_blocked"},
		{`{"type":"country","mode":"block","values":["us"]}`, 1, none, "country_blocked"},
		{`{"type":"country","mode":"block","values":["KP"]}`, 1, change(func(r *Request) { r.Merchant.Country = "kp" }), "country_blocked"},
		{`{"type":"country","mode":"allow","values":["US"]}`, 1, change(func(r *Request) { r.Merchant.Country = "" }), "country_not_allowed"},
		{`{"type":"rail","mode":"allow","values":["card"]}`, 1, none, "rail_not_allowed"},
		{`{"type":"rail","mode":"block","values":["api"]}`, 1, none, "rail_blocked"},
		{`{"type":"rail","mode":"allow","values":["api","card"]}`, 1, none, "ok"},
		{office, 1, at("2026-03-18T07:00:00Z"), "ok"},                                         // 08:00
		{office, 1, at("2026-03-18T06:59:59Z"), "outside_hours"},                              // 07:59:59
		{office, 1, at("2026-03-18T16:59:59Z"), "ok"},                                         // 17:59:59
		{office, 1, at("2026-03-18T17:00:00Z"), "outside_hours"},                              // 18:00
		{office, 1, at("2026-03-30T06:00:00Z"), "ok"},                                         // 08:00 in summer
		{office, 1, at("2026-03-21T11:00:00Z"), "outside_hours"},                              // Saturday
		{night, 1, at("2026-03-20T21:00:00Z"), "ok"},                                          // Friday 22:00
		{night, 1, at("2026-03-21T04:59:59Z"), "ok"},                                          // Saturday 05:59:59
		{night, 1, at("2026-03-21T05:00:00Z"), "outside_hours"},                               // Saturday 06:00
		{night, 1, at("2026-03-21T21:00:00Z"), "outside_hours"},                               // Saturday 22:00
		{night, 1, at("2026-03-20T04:00:00Z"), "outside_hours"},                               // Friday 05:00
		{`{"type":"hours","from":"00:00","to":"24:00"}`, 1, at("2026-03-18T22:59:59Z"), "ok"}, // 23:59:59
		{`{"type":"new_merchant","effect":"deny"}`, 1, none, "ok"},
		{`{"type":"new_merchant","effect":"deny"}`, 1, facts(func(f *Facts) { f.MerchantKnown = false }), "new_merchant"},
		{`{"type":"new_merchant","effect":"require_approval"}`, 1, facts(func(f *Facts) { f.MerchantKnown = false }), "new_merchant"},
		{`{"type":"duplicate","window":"10m","effect":"deny"}`, 1, facts(func(f *Facts) { f.Twins = []time.Time{noon.Add(-10 * time.Minute)} }), "ok"},
		{`{"type":"duplicate","window":"10m","effect":"deny"}`, 1, facts(func(f *Facts) { f.Twins = []time.Time{noon.Add(-10*time.Minute + 1)} }), "duplicate"},
		{`{"type":"expression","when":"amount > 100.0","effect":"deny"}`, 10000, none, "ok"},
		{`{"type":"expression","when":"amount > 100.0","effect":"deny"}`, 10001, none, "expression_denied"},
		{`{"type":"expression","when":"amount > 100.0 && merchant.country == 'US'","effect":"require_approval"}`, 10001, none, "approval_required"},
		{`{"type":"expression","when":"int(purpose) > 1","effect":"require_approval"}`, 1, none, "expression_error"},
	} {
		r, f := want(c.minor), Facts{MerchantKnown: true}
		c.change(&r, &f)
		d := compileSet(t, active(t, "["+c.rule+"]")).Evaluate(r, f)
		outcome := Denied
		switch {
		case c.code == "ok":
			outcome = Approved
		case strings.Contains(c.rule, "require_approval") && c.code != "expression_error", c.code == "approval_required":
			outcome = RequiresApproval
		}
		if d.Outcome != outcome || d.ReasonCode != c.code || d.Reason == "" {
			t.Errorf("%s %s: %s %s (%s)", c.rule, r.Amount, d.Outcome, d.ReasonCode, d.Reason)
		}
		if (len(d.Requirements) > 0) != (outcome == RequiresApproval) {
			t.Errorf("%s: requirements %v", c.rule, d.Requirements)
		}
		if len(d.Trace) != 1 || (d.Trace[0].Outcome == Pass) != (c.code == "ok") {
			t.Errorf("%s: trace %s", c.rule, AppendTrace(nil, d.Trace))
		}
	}
}

func TestLimitCountsSpentAndReserved(t *testing.T) {
	s := compileSet(t, active(t, `[{"type":"limit","period":"month","amount":5000,"currency":"usd","time_zone":"Europe/Berlin"}]`))
	f := used(t, botKey("usd"), 481210, 15000)
	if d := s.Evaluate(want(3790), f); d.Outcome != Approved || d.Reason != "Within every limit" {
		t.Errorf("37.90 was %s: %s", d.Outcome, d.Reason)
	}
	d := s.Evaluate(want(3791), f)
	const reason = "March's limit for procurement-bot is 5,000.00 USD, 4,812.10 is spent and 150.00 reserved, so at most 37.90 fits until 1 April 00:00 Europe/Berlin"
	if d.ReasonCode != "limit_exceeded" || d.Reason != reason {
		t.Errorf("37.91 was %s: %s", d.ReasonCode, d.Reason)
	}
	const remedies = `[{"type":"lower_amount","max_amount":37.90},{"type":"retry_after","at":"2026-03-31T22:00:00Z"}]`
	if got := remedyJSON(t, d); got != remedies {
		t.Errorf("remedies %s", got)
	}
}

func TestTraceJSON(t *testing.T) {
	p := active(t, `[{"type":"limit","period":"month","amount":5000,"currency":"usd"},{"type":"velocity","window":"1h","count":10},
		{"type":"merchant","mode":"block","values":["x"]},{"type":"limit","period":"total","amount":90000,"currency":"usd"}]`)
	p.ID, p.Version = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057"), 3
	d := compileSet(t, p).Evaluate(want(24999), used(t, botKey("usd"), 120000, 0))
	got := string(AppendTrace(nil, d.Trace[:2]))
	const head = `{"policy":"pol_01h455vb4pex5vsknk084sn02q","version":3,`
	want := "[" + head + `"rule":"limit","index":0,"outcome":"pass","limit":5000.00,"used":1200.00,"remaining":3550.01,"period":"month","per":"agent",` +
		`"window":{"from":"2026-02-28T23:00:00Z","to":"2026-03-31T22:00:00Z","time_zone":"Europe/Berlin"}},` +
		head + `"rule":"velocity","index":1,"outcome":"pass","limit":10,"used":0,"remaining":9,"window":{"from":"2026-03-18T10:00:00Z","to":"2026-03-18T11:00:00Z"}}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	steps := traceJSON(t, d)
	if w := steps[3]["window"].(map[string]any); w["from"] != nil || w["to"] != nil {
		t.Errorf("the total's window is %v", w)
	}
	if len(d.Versions) != 1 || d.Versions[0] != (VersionRef{p.ID, 3}) {
		t.Errorf("versions %v", d.Versions)
	}
}

func TestWhoseSpendingCounts(t *testing.T) {
	per := func(p string) string {
		return `[{"type":"limit","period":"day","amount":100,"currency":"usd","per":"` + p + `"}]`
	}
	pair := meter.SetID([]uuid.UUID{other, bot})
	for _, c := range []struct {
		policy  Policy
		subject uuid.UUID
		scope   meter.Scope
	}{
		{active(t, per("agent")), bot, meter.Scope{Kind: meter.ScopeAgent, Currency: "usd", Zone: zoneName}},
		{active(t, per("agent"), bot, other), bot, meter.Scope{Kind: meter.ScopeAgent, Currency: "usd", Zone: zoneName}},
		{active(t, per("company")), company, meter.Scope{Kind: meter.ScopeCompany, ID: company, Currency: "usd", Zone: zoneName}},
		{active(t, per("company"), bot, other), pair, meter.Scope{Kind: meter.ScopeSet, ID: pair, Currency: "usd", Zone: zoneName}},
	} {
		s := compileSet(t, c.policy)
		needs := s.Needs(bot, "usd")
		if len(needs.Meters) != 1 || needs.Meters[0].Subject != c.subject {
			t.Errorf("%s: needs %v", c.scope.Kind, needs.Meters)
		}
		if scopes := s.Scopes(); len(scopes) != 1 || scopes[0].Key() != c.scope.Key() {
			t.Errorf("%s: scopes %v", c.scope.Kind, scopes)
		}
		f := used(t, needs.Meters[0], 9000, 999)
		if s.Evaluate(want(1), f).Outcome != Approved || s.Evaluate(want(2), f).Outcome != Denied {
			t.Errorf("%s: the meter was not counted", c.scope.Kind)
		}
	}
}

func TestPoliciesThatDoNotDecide(t *testing.T) {
	block := `[{"type":"rail","mode":"block","values":["api"]}]`
	allow := active(t, `[{"type":"rail","mode":"allow","values":["api"]}]`)
	later, past := noon.Add(1), noon
	for name, c := range map[string]struct {
		change func(*Policy)
		code   string
		steps  int
	}{
		"active":        {func(*Policy) {}, "rail_blocked", 2},
		"shadow":        {func(p *Policy) { p.Status = Shadow }, "ok", 2},
		"draft":         {func(p *Policy) { p.Status = Draft }, "ok", 1},
		"archived":      {func(p *Policy) { p.Status = Archived }, "ok", 1},
		"other agent":   {func(p *Policy) { p.Agents = []uuid.UUID{other} }, "ok", 1},
		"this agent":    {func(p *Policy) { p.Agents = []uuid.UUID{bot} }, "rail_blocked", 2},
		"not yet":       {func(p *Policy) { p.EffectiveFrom = &later }, "ok", 1},
		"from now":      {func(p *Policy) { p.EffectiveFrom = &past }, "rail_blocked", 2},
		"until now":     {func(p *Policy) { p.EffectiveTo = &past }, "ok", 1},
		"a little more": {func(p *Policy) { p.EffectiveTo = &later }, "rail_blocked", 2},
	} {
		p := active(t, block)
		c.change(&p)
		d := compileSet(t, allow, p).Evaluate(want(1), Facts{})
		if d.ReasonCode != c.code || len(d.Trace) != c.steps {
			t.Errorf("%s: %s with %d steps", name, d.ReasonCode, len(d.Trace))
		}
	}
	shadow := active(t, block)
	shadow.Status = Shadow
	d := compileSet(t, shadow).Evaluate(want(1), Facts{})
	if d.ReasonCode != "no_policy" || len(d.Versions) != 0 || traceJSON(t, d)[0]["shadow"] != true {
		t.Errorf("a shadow alone: %s %v", d.ReasonCode, d.Versions)
	}
	if d := compileSet(t).Evaluate(want(1), Facts{}); d.ReasonCode != "no_policy" || d.Outcome != Denied || len(d.Remedies) != 0 {
		t.Errorf("nothing: %v", d)
	}
	r := want(1)
	r.Frozen = "agent_frozen"
	if d := compileSet(t, allow).Evaluate(r, Facts{}); d.ReasonCode != "agent_frozen" || d.Outcome != Denied || len(d.Remedies) != 0 {
		t.Errorf("frozen: %v", d)
	}
}

func TestTheStrictestGivesTheReason(t *testing.T) {
	s := compileSet(t, active(t, `[
		{"type":"limit","period":"day","amount":50,"currency":"usd"},
		{"type":"transaction_limit","amount":60,"currency":"usd"},
		{"type":"velocity","window":"1h","count":1},
		{"type":"country","mode":"block","values":["KP"]},
		{"type":"approval_threshold","amount":10,"currency":"usd","approvals":2,"approvers":["role:owner"]}]`))
	check := func(name string, r Request, f Facts, code, remedies string) {
		t.Helper()
		d := s.Evaluate(r, f)
		if d.ReasonCode != code || remedyJSON(t, d) != remedies {
			t.Errorf("%s: %s %s (%s)", name, d.ReasonCode, remedyJSON(t, d), d.Reason)
		}
	}
	check("fine", want(1000), Facts{}, "ok", "null")
	check("held", want(1001), Facts{}, "approval_required", `[{"type":"request_approval"},{"type":"lower_amount","max_amount":10.00}]`)
	check("the smaller bound", want(7000), Facts{}, "limit_exceeded", `[{"type":"lower_amount","max_amount":50.00}]`)
	check("the limit alone", want(5500), Facts{}, "limit_exceeded", `[{"type":"lower_amount","max_amount":50.00}]`)
	busy := Facts{Recent: []time.Time{noon.Add(-time.Minute)}}
	check("time before amount", want(7000), busy, "velocity_exceeded", "null")
	check("only time", want(100), busy, "velocity_exceeded", `[{"type":"retry_after","at":"2026-03-18T11:59:00Z"}]`)
	r := want(7000)
	r.Merchant.Country = "KP"
	check("what nothing cures", r, busy, "country_blocked", "null")
	spent := used(t, botKey("usd"), 4500, 0)
	check("both cures", want(900), spent, "limit_exceeded", `[{"type":"lower_amount","max_amount":5.00},{"type":"retry_after","at":"2026-03-18T23:00:00Z"}]`)
	spent = used(t, botKey("usd"), 9900, 0)
	check("nothing fits", want(900), spent, "limit_exceeded", `[{"type":"retry_after","at":"2026-03-18T23:00:00Z"}]`)
}

func TestRetryIsMovedToOpenHours(t *testing.T) {
	s := compileSet(t, active(t, `[{"type":"limit","period":"day","amount":50,"currency":"usd"},
		{"type":"hours","days":["mon","wed"],"from":"08:00","to":"18:00"}]`))
	d := s.Evaluate(want(100), used(t, botKey("usd"), 5000, 0))
	if got := remedyJSON(t, d); got != `[{"type":"retry_after","at":"2026-03-23T07:00:00Z"}]` {
		t.Errorf("got %s", got)
	}
}

func TestRequirementsOfEveryRuleThatMatches(t *testing.T) {
	p := active(t, `[{"type":"approval_threshold","amount":5,"currency":"usd","approvals":2,"approvers":["role:owner"]},
		{"type":"new_merchant","effect":"require_approval"}]`)
	q := active(t, `[{"type":"expression","when":"amount > 1","effect":"require_approval"}]`, bot)
	d := compileSet(t, p, q).Evaluate(want(600), Facts{})
	if len(d.Requirements) != 3 || d.Outcome != RequiresApproval {
		t.Fatalf("%v", d.Requirements)
	}
	total := 0
	for _, r := range d.Requirements {
		total += r.Approvals
	}
	if total != 4 {
		t.Errorf("%v", d.Requirements)
	}
	b, _ := d.Requirements[0].MarshalJSON()
	var back Requirement
	if err := back.UnmarshalJSON(b); err != nil || back.Policy != d.Requirements[0].Policy || back.Approvals != d.Requirements[0].Approvals {
		t.Errorf("%s came back as %v %v", b, back, err)
	}
}

func TestNeeds(t *testing.T) {
	s := compileSet(t, active(t, `[{"type":"velocity","window":"1h","count":10},{"type":"velocity","window":"1d","count":3},
		{"type":"duplicate","window":"10m"},{"type":"new_merchant"},
		{"type":"limit","period":"day","amount":50,"currency":"usd"},{"type":"limit","period":"month","amount":50,"currency":"usd"},
		{"type":"limit","period":"month","amount":50,"currency":"usd","time_zone":"UTC"},
		{"type":"limit","period":"day","amount":50,"currency":"eur"}]`))
	n := s.Needs(bot, "usd")
	if n.Velocity != 10 || n.VelocityWindow != 24*time.Hour || n.Duplicate != 10*time.Minute || !n.NewMerchant || len(n.Meters) != 2 {
		t.Errorf("%+v", n)
	}
	if got := s.Currencies(bot, noon); fmt.Sprint(got) != "[eur usd]" {
		t.Errorf("currencies %v", got)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	s := compileSet(b, active(b, `[
		{"type":"transaction_limit","amount":3000,"currency":"usd"},
		{"type":"approval_threshold","amount":500,"currency":"usd"},
		{"type":"limit","period":"month","amount":5000,"currency":"usd"},
		{"type":"velocity","window":"1h","count":10},
		{"type":"merchant","mode":"block","values":["casino-*"]},
		{"type":"mcc","mode":"allow","values":["7372","5734","3000-3299"]}]`))
	f := used(b, botKey("usd"), 100, 100)
	f.Recent = []time.Time{noon.Add(-time.Minute)}
	r := want(24999)
	b.Run("approve", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Evaluate(r, f)
		}
	})
	b.Run("trace", func(b *testing.B) {
		d, buf := s.Evaluate(r, f), []byte(nil)
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendTrace(buf[:0], d.Trace)
		}
	})
	b.Run("expression", func(b *testing.B) {
		x := compileSet(b, active(b, `[{"type":"expression","when":"amount > 300.0 && merchant.country != 'US'","effect":"deny"}]`))
		b.ReportAllocs()
		for b.Loop() {
			x.Evaluate(r, f)
		}
	})
}
