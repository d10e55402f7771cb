package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

func TestContractExampleReads(t *testing.T) {
	const raw = `[
  {"type":"transaction_limit","amount":3000,"currency":"usd"},
  {"type":"approval_threshold","amount":500,"currency":"usd","approvals":1,"approvers":["role:approver"]},
  {"type":"limit","period":"month","amount":5000,"currency":"usd","time_zone":"Europe/Berlin","per":"agent"},
  {"type":"velocity","window":"1h","count":10},
  {"type":"merchant","mode":"block","values":["casino-*"]},
  {"type":"mcc","mode":"allow","values":["7372","5734","3000-3299"]},
  {"type":"currency","mode":"allow","values":["usd","eur"]},
  {"type":"country","mode":"block","values":["KP"]},
  {"type":"hours","time_zone":"Europe/Berlin","days":["mon","tue","wed","thu","fri"],"from":"08:00","to":"18:00"},
  {"type":"rail","mode":"allow","values":["api","card"]},
  {"type":"new_merchant","effect":"require_approval"},
  {"type":"duplicate","window":"10m","effect":"deny"},
  {"type":"expression","when":"amount > 100.0 && merchant.country != 'US'","effect":"require_approval"}]`
	rules := rulesOf(t, raw)
	if len(rules) != 13 {
		t.Fatalf("%d rules", len(rules))
	}
	c := Content{Name: "Procurement", Status: Active, Rules: rules}
	if warnings, err := c.Check(); err != nil || len(warnings) != 0 {
		t.Errorf("%v %v", warnings, err)
	}
	b, _ := json.Marshal(rules[2])
	if string(b) != `{"type":"limit","period":"month","amount":5000.00,"currency":"usd","time_zone":"Europe/Berlin","per":"agent"}` {
		t.Errorf("%s", b)
	}
}

func TestEverythingWrongIsNamed(t *testing.T) {
	member := ident.Format(ident.Member, ident.New())
	for raw, want := range map[string]string{
		`{}`:             "rules not_a_list",
		`null`:           "rules out_of_range",
		`[]`:             "rules out_of_range",
		`[1]`:            "rules[0] not_an_object",
		`[null]`:         "rules[0] not_an_object",
		`[{}]`:           "rules[0].type required",
		`[{"type":"x"}]`: "rules[0].type unknown_rule",
		`[{"Type":"velocity","window":"1h","count":1}]`:                                                            "rules[0].type required",
		`[{"type":"velocity","window":"1h","count":1,"extra":1}]`:                                                  "rules[0].extra unknown_field",
		`[{"type":"velocity","window":"1h","count":1,"Count":1}]`:                                                  "rules[0].Count unknown_field",
		`[{"type":"velocity","window":"1h","count":1,"count":2}]`:                                                  "rules[0].count duplicate_field",
		`[{"type":"velocity","window":"9s","count":0}]`:                                                            "rules[0].count out_of_range, rules[0].window out_of_range",
		`[{"type":"velocity","window":"32d","count":1001}]`:                                                        "rules[0].count out_of_range, rules[0].window out_of_range",
		`[{"type":"velocity","window":"1w","count":1.5}]`:                                                          "rules[0].count not_an_integer, rules[0].window not_a_duration",
		`[{"type":"velocity","window":60,"count":"1"}]`:                                                            "rules[0].count not_an_integer, rules[0].window not_a_string",
		`[{"type":"velocity","window":null,"count":null}]`:                                                         "rules[0].count required, rules[0].window required",
		`[{"type":"transaction_limit"}]`:                                                                           "rules[0].amount required, rules[0].currency required",
		`[{"type":"transaction_limit","amount":-1,"currency":"usd"}]`:                                              "rules[0].amount amount_negative",
		`[{"type":"transaction_limit","amount":1.001,"currency":"usd"}]`:                                           "rules[0].amount amount_too_precise",
		`[{"type":"transaction_limit","amount":"1,5","currency":"usd"}]`:                                           "rules[0].amount amount_not_a_number",
		`[{"type":"transaction_limit","amount":1e400,"currency":"usd"}]`:                                           "rules[0].amount amount_too_large",
		`[{"type":"transaction_limit","amount":1,"currency":"xau"}]`:                                               "rules[0].currency currency_not_money",
		`[{"type":"approval_threshold","amount":1,"currency":"usd","approvals":0}]`:                                "rules[0].approvals out_of_range",
		`[{"type":"approval_threshold","amount":1,"currency":"usd","approvers":["role:viewer","bob"]}]`:            "rules[0].approvers[0] unknown_approver, rules[0].approvers[1] unknown_approver",
		`[{"type":"approval_threshold","amount":1,"currency":"usd","approvals":2,"approvers":["` + member + `"]}]`: "rules[0].approvals out_of_reach",
		`[{"type":"limit","amount":1,"currency":"usd"}]`:                                                           "rules[0].period required",
		`[{"type":"limit","amount":1,"currency":"usd","period":"hour","per":"team","time_zone":"Mars"}]`:           "rules[0].per unknown_value, rules[0].period unknown_value, rules[0].time_zone unknown_time_zone",
		`[{"type":"mcc","mode":"allow","values":["3299-3000","72","7372"]}]`:                                       "rules[0].values[0] not_an_mcc, rules[0].values[1] not_an_mcc",
		`[{"type":"mcc","mode":"only","values":[]}]`:                                                               "rules[0].mode unknown_value, rules[0].values out_of_range",
		`[{"type":"merchant","values":["a",null," "]}]`:                                                            "rules[0].mode required, rules[0].values[1] required, rules[0].values[2] required",
		`[{"type":"merchant","mode":"block","values":["` + strings.Repeat("x", 257) + `"]}]`:                       "rules[0].values[0] too_long",
		`[{"type":"country","mode":"block","values":["UK","DEU"]}]`:                                                "rules[0].values[0] unknown_country, rules[0].values[1] unknown_country",
		`[{"type":"currency","mode":"block","values":["XXX"]}]`:                                                    "rules[0].values[0] currency_unknown",
		`[{"type":"rail","mode":"block","values":["sepa"]}]`:                                                       "rules[0].values[0] unknown_rail",
		`[{"type":"hours","from":"24:00","to":"24:01"}]`:                                                           "rules[0].from not_a_time, rules[0].to not_a_time",
		`[{"type":"hours","from":"8:00","to":"1800","days":["mon","mon","Tue"]}]`:                                  "rules[0].days[1] unknown_value, rules[0].days[2] unknown_value, rules[0].from not_a_time, rules[0].to not_a_time",
		`[{"type":"hours","from":"08:00","to":"08:00"}]`:                                                           "rules[0].to empty_hours",
		`[{"type":"new_merchant","effect":"allow"}]`:                                                               "rules[0].effect unknown_value",
		`[{"type":"duplicate","window":"32d"}]`:                                                                    "rules[0].window out_of_range",
		`[{"type":"expression","when":""}]`:                                                                        "rules[0].when required",
		`[{"type":"velocity","window":"1h","count":1},{"type":"expression","when":"foo > 1"}]`:                     "rules[1].when expression_invalid",
		`[` + strings.Repeat(`{"type":"velocity","window":"1h","count":1},`, 100) + `{"type":"new_merchant"}]`:     "rules out_of_range",
	} {
		_, err := DecodeRules([]byte(raw))
		f := fault.From(err)
		var got []string
		for _, field := range f.Fields {
			got = append(got, field.Location+" "+field.Code)
		}
		slices.Sort(got)
		if f.Kind != fault.Invalid || strings.Join(got, ", ") != want {
			t.Errorf("%.120s\n got %s\nwant %s", raw, strings.Join(got, ", "), want)
		}
	}
}

func TestHeadIsChecked(t *testing.T) {
	now := time.Now()
	good := func() Content {
		return Content{Name: "x", Rules: []Rule{{Type: NewMerchant, Effect: Deny}}}
	}
	for want, change := range map[string]func(*Content){
		"":             func(*Content) {},
		"name":         func(c *Content) { c.Name = " " },
		"name ":        func(c *Content) { c.Name = strings.Repeat("ü", 201) },
		"status":       func(c *Content) { c.Status = "on" },
		"agents[1]":    func(c *Content) { c.Agents = []uuid.UUID{bot, bot} },
		"effective_to": func(c *Content) { c.EffectiveFrom, c.EffectiveTo = &now, &now },
		"rules":        func(c *Content) { c.Rules = nil },
	} {
		c := good()
		change(&c)
		_, err := c.Check()
		want = strings.TrimSpace(want)
		if f := fault.From(err); want == "" && err != nil || want != "" && (len(f.Fields) != 1 || f.Fields[0].Location != want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	c := good()
	if _, err := c.Check(); err != nil || c.Status != Active {
		t.Errorf("%v %v", c.Status, err)
	}
}

func TestWarnings(t *testing.T) {
	for raw, want := range map[string]string{
		`[{"type":"approval_threshold","amount":500,"currency":"usd"},{"type":"transaction_limit","amount":500,"currency":"usd"}]`:                                             "rules[0] never_reached",
		`[{"type":"approval_threshold","amount":499,"currency":"usd"},{"type":"transaction_limit","amount":500,"currency":"usd"}]`:                                             "",
		`[{"type":"transaction_limit","amount":500,"currency":"usd"},{"type":"limit","period":"day","amount":400,"currency":"usd"}]`:                                           "rules[0] never_reached",
		`[{"type":"transaction_limit","amount":500,"currency":"usd"},{"type":"limit","period":"day","amount":400,"currency":"eur"}]`:                                           "rules[0] currency_not_covered, rules[1] currency_not_covered",
		`[{"type":"limit","period":"day","amount":0,"currency":"usd"}]`:                                                                                                        "rules[0] nothing_allowed",
		`[{"type":"limit","period":"day","amount":9,"currency":"usd"},{"type":"currency","mode":"allow","values":["EUR"]}]`:                                                    "rules[0] currency_not_allowed",
		`[{"type":"limit","period":"day","amount":9,"currency":"usd"},{"type":"currency","mode":"block","values":["USD"]}]`:                                                    "rules[0] currency_not_allowed",
		`[{"type":"country","mode":"allow","values":["DE"]},{"type":"country","mode":"allow","values":["FR"]}]`:                                                                "rules[1] nothing_allowed",
		`[{"type":"country","mode":"allow","values":["DE"]},{"type":"country","mode":"block","values":["de","FR"]}]`:                                                           "rules[0] nothing_allowed",
		`[{"type":"country","mode":"allow","values":["DE","FR"]},{"type":"country","mode":"allow","values":["fr"]}]`:                                                           "",
		`[{"type":"merchant","mode":"allow","values":["a*"]},{"type":"merchant","mode":"allow","values":["b*"]}]`:                                                              "",
		`[{"type":"mcc","mode":"allow","values":["7372","7000-7100"]},{"type":"mcc","mode":"block","values":["7000-7999"]}]`:                                                   "rules[0] nothing_allowed",
		`[{"type":"mcc","mode":"allow","values":["7372","6999-7100"]},{"type":"mcc","mode":"block","values":["7000-7999"]}]`:                                                   "",
		`[{"type":"merchant","mode":"allow","values":["Casino-Royal"]},{"type":"merchant","mode":"block","values":["casino-*"]}]`:                                              "rules[0] nothing_allowed",
		`[{"type":"merchant","mode":"allow","values":["casino-*"]},{"type":"merchant","mode":"block","values":["casino-royal"]}]`:                                              "",
		`[{"type":"limit","period":"day","amount":500,"currency":"usd"},{"type":"limit","period":"month","amount":100,"currency":"usd"}]`:                                      "rules[0] never_reached",
		`[{"type":"limit","period":"day","amount":500,"currency":"usd"},{"type":"limit","period":"month","amount":100,"currency":"usd","per":"company"}]`:                      "",
		`[{"type":"limit","period":"day","amount":100,"currency":"usd"},{"type":"limit","period":"month","amount":100,"currency":"usd"}]`:                                      "",
		`[{"type":"hours","time_zone":"UTC","days":["mon"],"from":"08:00","to":"18:00"},{"type":"hours","time_zone":"UTC","days":["tue"],"from":"08:00","to":"18:00"}]`:        "rules[1] nothing_allowed",
		`[{"type":"hours","time_zone":"UTC","days":["mon"],"from":"22:00","to":"02:00"},{"type":"hours","time_zone":"UTC","days":["tue"],"from":"00:00","to":"06:00"}]`:        "",
		`[{"type":"hours","time_zone":"UTC","days":["mon"],"from":"08:00","to":"18:00"},{"type":"hours","time_zone":"Asia/Tokyo","days":["tue"],"from":"08:00","to":"18:00"}]`: "",
	} {
		c := Content{Name: "x", Rules: rulesOf(t, raw)}
		warnings, err := c.Check()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range warnings {
			got = append(got, w.Location+" "+w.Code)
		}
		slices.Sort(got)
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}
