package policy

import (
	"strings"
	"testing"
)

var berlin = Words{Zone: "Europe/Berlin", People: map[string]string{
	"mem_01jd3v7m4sfx1r5k0m7z2w8y9a": "ada@example.com", "mem_01jd3v7m4sfx1r5k0m7z2w8y9b": "ben@example.com"}}

func ruleOf(t *testing.T, raw string) Rule {
	t.Helper()
	rules, err := DecodeRules([]byte("[" + raw + "]"))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return rules[0]
}

var sentences = []struct{ rule, want string }{
	{`{"type":"transaction_limit","amount":3000,"currency":"usd"}`, "Denies any single payment above 3,000.00 USD."},
	{`{"type":"transaction_limit","amount":0,"currency":"usd"}`, "Denies every payment in USD."},
	{`{"type":"approval_threshold","amount":500,"currency":"usd"}`, "Asks one owner, admin or approver above 500.00 USD."},
	{`{"type":"approval_threshold","amount":0,"currency":"jpy"}`, "Asks one owner, admin or approver for every payment in JPY."},
	{`{"type":"approval_threshold","amount":500,"currency":"usd","approvers":["role:approver"]}`, "Asks one approver above 500.00 USD."},
	{`{"type":"approval_threshold","amount":500,"currency":"usd","approvals":2,"approvers":["role:owner","role:admin"]}`, "Asks two owners or admins above 500.00 USD."},
	{`{"type":"approval_threshold","amount":500,"currency":"usd","approvers":["mem_01jd3v7m4sfx1r5k0m7z2w8y9a"]}`, "Asks ada@example.com above 500.00 USD."},
	{`{"type":"approval_threshold","amount":500,"currency":"usd","approvers":["mem_01jd3v7m4sfx1r5k0m7z2w8y9a","mem_01jd3v7m4sfx1r5k0m7z2w8y9b"]}`, "Asks one of ada@example.com and ben@example.com above 500.00 USD."},
	{`{"type":"approval_threshold","amount":500,"currency":"usd","approvals":2,"approvers":["mem_01jd3v7m4sfx1r5k0m7z2w8y9a","mem_01jd3v7m4sfx1r5k0m7z2w8y9b"]}`, "Asks ada@example.com and ben@example.com above 500.00 USD."},
	{`{"type":"approval_threshold","amount":500,"currency":"usd","approvals":2,"approvers":["role:owner","mem_01jd3v7m4sfx1r5k0m7z2w8y9b"]}`, "Asks two of any owner and ben@example.com above 500.00 USD."},
	{`{"type":"limit","period":"month","amount":5000,"currency":"usd","time_zone":"Europe/Berlin"}`, "Each covered agent may spend 5,000.00 USD a month (Europe/Berlin time)."},
	{`{"type":"limit","period":"month","amount":5000,"currency":"usd"}`, "Each covered agent may spend 5,000.00 USD a month (the company's time, Europe/Berlin)."},
	{`{"type":"limit","period":"week","amount":5000,"currency":"jpy","per":"company"}`, "All covered agents together may spend 5,000 JPY a week (the company's time, Europe/Berlin)."},
	{`{"type":"limit","period":"total","amount":5000,"currency":"kwd"}`, "Each covered agent may spend 5,000.000 KWD in total, ever."},
	{`{"type":"velocity","window":"1h","count":10}`, "Each covered agent may make 10 requests in any 1 hour; more are denied."},
	{`{"type":"velocity","window":"90s","count":1}`, "Each covered agent may make 1 request in any 90 seconds; more are denied."},
	{`{"type":"merchant","mode":"block","values":["casino-*"]}`, "Denies merchants whose whole name or domain is “casino-*” (* stands for any characters)."},
	{`{"type":"merchant","mode":"allow","values":["AWS","hetzner.com"]}`, "Allows only merchants whose whole name or domain is “AWS” or “hetzner.com”; others are denied."},
	{`{"type":"merchant","mode":"block","values":["pay\u202epal"]}`, "Denies merchants whose whole name or domain is “pay⟨U+202E⟩pal”."},
	{`{"type":"mcc","mode":"allow","values":["7372","5734","3000-3299"]}`, "Allows only merchant categories 7372, 5734 and 3000 to 3299; others, and requests that name none, are denied."},
	{`{"type":"mcc","mode":"block","values":["7995"]}`, "Denies merchant category 7995."},
	{`{"type":"currency","mode":"allow","values":["usd","eur"]}`, "Allows only payments in USD or EUR; other currencies are denied."},
	{`{"type":"country","mode":"block","values":["KP"]}`, "Denies merchants in North Korea (KP)."},
	{`{"type":"country","mode":"allow","values":["de","US"]}`, "Allows only merchants in Germany (DE) or United States (US); others, and requests that name no country, are denied."},
	{`{"type":"rail","mode":"allow","values":["api","card"]}`, "Allows only payments over the API or cards; other ways are denied."},
	{`{"type":"hours","time_zone":"Europe/Berlin","days":["mon","tue","wed","thu","fri"],"from":"08:00","to":"18:00"}`, "Allows requests only Monday to Friday, from 08:00 to 18:00 (Europe/Berlin time); at other times they are denied."},
	{`{"type":"hours","days":["sat","mon","sun"],"from":"22:00","to":"06:00"}`, "Allows requests only on Monday, Saturday and Sunday, from 22:00 to 06:00 on the next day (the company's time, Europe/Berlin); at other times they are denied."},
	{`{"type":"hours","days":["sat","sun"],"from":"00:00","to":"24:00"}`, "Allows requests only on Saturday and Sunday, all day (the company's time, Europe/Berlin); at other times they are denied."},
	{`{"type":"hours","from":"08:00","to":"24:00"}`, "Allows requests only every day, from 08:00 to 24:00 (the company's time, Europe/Berlin); at other times they are denied."},
	{`{"type":"new_merchant","effect":"deny"}`, "Denies a merchant that the company has never paid."},
	{`{"type":"new_merchant","effect":"require_approval","approvers":["role:approver"]}`, "Asks one approver before the first payment to a merchant."},
	{`{"type":"duplicate","window":"10m","effect":"deny"}`, "Denies an agent the same amount to the same merchant again within 10 minutes."},
	{`{"type":"duplicate","window":"1d","effect":"require_approval","approvals":2}`, "Asks two owners, admins or approvers when an agent asks for the same amount to the same merchant again within 1 day."},
	{`{"type":"expression","when":"amount > 100.0 && merchant.country != 'US'","effect":"deny"}`, "Denies when this is true: amount > 100.0 && merchant.country != 'US'"},
	{`{"type":"expression","when":"purpose == ''","effect":"require_approval"}`, "Asks one owner, admin or approver when this is true: purpose == ''"},
}

func TestSentences(t *testing.T) {
	seen := map[string]string{}
	for _, c := range sentences {
		got := berlin.Sentence(ruleOf(t, c.rule))
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.rule, got, c.want)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%s and %s have the same sentence", c.rule, other)
		}
		seen[got] = c.rule
	}
}

func TestLongListsAreCutWhenAsked(t *testing.T) {
	words := Words{Most: 2}
	got := words.Sentence(ruleOf(t, `{"type":"currency","mode":"block","values":["usd","eur","gbp","jpy"]}`))
	if got != "Denies payments in USD, EUR or 2 more." {
		t.Error(got)
	}
}

func TestWhatFollowsFromRules(t *testing.T) {
	rules := func(raw string) []Rule {
		list, err := DecodeRules([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, c := range []struct{ rules, want string }{
		{`[{"type":"velocity","window":"1h","count":10}]`, ""},
		{`[{"type":"transaction_limit","amount":1,"currency":"usd"},{"type":"transaction_limit","amount":1,"currency":"eur"}]`,
			"Denies currencies other than USD and EUR, because its amounts speak of no others."},
		{`[{"type":"transaction_limit","amount":1,"currency":"usd"},{"type":"transaction_limit","amount":1,"currency":"eur"},{"type":"limit","period":"day","amount":9,"currency":"eur"}]`,
			"Denies currencies other than EUR, because its amounts speak of no others."},
		{`[{"type":"transaction_limit","amount":1,"currency":"usd"},{"type":"limit","period":"day","amount":9,"currency":"eur"}]`,
			"Denies everything: no currency has all the kinds of amounts that these rules speak of."},
	} {
		if got := strings.Join(berlin.Also(rules(c.rules)), "\n"); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.rules, got, c.want)
		}
	}
}
