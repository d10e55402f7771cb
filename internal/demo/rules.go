package demo

import "time"

// book is one policy as its author wrote it, version by version.
type book struct {
	name   string
	agents []string // handles; none is the whole company
	pages  []page
}

// page is one version of a policy.
type page struct {
	status  string
	written time.Duration // after the founding
	rules   string
}

const (
	// lawful is when the first policies are written: until then nothing may be
	// spent.
	lawful   = 5 * time.Hour
	raised   = 37*day + 6*time.Hour
	shadowed = 14*day + 2*time.Hour
	drafted  = 60*day + 7*time.Hour
)

var guardrails = book{"Company guardrails", nil, []page{{"active", lawful, `[
	{"type":"transaction_limit","amount":6000,"currency":"usd"},
	{"type":"transaction_limit","amount":5500,"currency":"eur"},
	{"type":"transaction_limit","amount":4500,"currency":"gbp"},
	{"type":"approval_threshold","amount":2500,"currency":"usd","approvals":2},
	{"type":"approval_threshold","amount":2300,"currency":"eur","approvals":2},
	{"type":"approval_threshold","amount":2000,"currency":"gbp","approvals":2},
	{"type":"merchant","mode":"block","values":["*casino*","bet365*","stake.com"]},
	{"type":"mcc","mode":"block","values":["7995","6051","5933"]},
	{"type":"country","mode":"block","values":["KP","IR","RU","BY"]},
	{"type":"rail","mode":"allow","values":["api","card","iban","invoice"]},
	{"type":"duplicate","window":"2m","effect":"deny"},
	{"type":"limit","period":"month","amount":150000,"currency":"usd","per":"company"},
	{"type":"limit","period":"month","amount":90000,"currency":"eur","per":"company"},
	{"type":"limit","period":"month","amount":30000,"currency":"gbp","per":"company"}]`}}}

var purchases = book{"Procurement", []string{procurement, supply}, []page{
	{"active", lawful + 8*time.Minute, purchaseRules("350")},
	{"active", raised, purchaseRules("500")},
}}

func purchaseRules(threshold string) string {
	return `[
	{"type":"approval_threshold","amount":` + threshold + `,"currency":"usd","approvers":["role:approver","role:owner"]},
	{"type":"approval_threshold","amount":` + threshold + `,"currency":"eur","approvers":["role:approver","role:owner"]},
	{"type":"limit","period":"month","amount":40000,"currency":"usd"},
	{"type":"limit","period":"month","amount":30000,"currency":"eur"},
	{"type":"new_merchant","effect":"require_approval"},
	{"type":"expression","when":"purpose == ''","effect":"deny"}]`
}

var books = []book{
	guardrails,
	purchases,
	{"Cloud and models", []string{cloud, research, data, trial}, []page{{"active", lawful + 15*time.Minute, `[
		{"type":"merchant","mode":"allow","values":["aws.amazon.com","*.google.com","hetzner.com","cloudflare.com","datadoghq.com",
			"digitalocean.com","openai.com","anthropic.com","replicate.com","huggingface.co","mistral.ai","twilio.com","apify.com",
			"dnb.com","*.gov.uk","runpod.io","paperspace.com"]},
		{"type":"velocity","window":"1h","count":20},
		{"type":"limit","period":"day","amount":900,"currency":"usd"},
		{"type":"limit","period":"day","amount":150,"currency":"eur"},
		{"type":"limit","period":"day","amount":60,"currency":"gbp"}]`}}},
	{"Marketing", []string{ads}, []page{{"active", lawful + 21*time.Minute, `[
		{"type":"merchant","mode":"allow","values":["ads.google.com","business.facebook.com","linkedin.com","ads.reddit.com"]},
		{"type":"mcc","mode":"allow","values":["7311"]},
		{"type":"limit","period":"day","amount":850,"currency":"usd"},
		{"type":"limit","period":"week","amount":3000,"currency":"eur","time_zone":"Europe/Berlin"}]`}}},
	{"Travel and events", []string{travel, event}, []page{{"active", lawful + 30*time.Minute, `[
		{"type":"approval_threshold","amount":450,"currency":"usd"},
		{"type":"approval_threshold","amount":400,"currency":"eur"},
		{"type":"approval_threshold","amount":350,"currency":"gbp"},
		{"type":"limit","period":"quarter","amount":120000,"currency":"eur","per":"company"},
		{"type":"limit","period":"quarter","amount":50000,"currency":"gbp","per":"company"},
		{"type":"limit","period":"quarter","amount":40000,"currency":"usd","per":"company"},
		{"type":"expression","when":"amount > 220.0 && merchant.mcc == '7011'","effect":"require_approval"}]`}}},
	{"Working hours", []string{support, contractor}, []page{{"active", lawful + 38*time.Minute, `[
		{"type":"hours","time_zone":"Europe/Berlin","days":["mon","tue","wed","thu","fri","sat"],"from":"08:00","to":"19:00"},
		{"type":"currency","mode":"allow","values":["usd","gbp"]},
		{"type":"velocity","window":"24h","count":24},
		{"type":"expression","when":"amount > 30.0 && agent == 'support-credits-bot' && metadata['ticket'] == ''","effect":"require_approval"},
		{"type":"expression","when":"amount > 600.0","effect":"require_approval"}]`}}},
	{"Tighter cloud caps (trial)", []string{cloud, research}, []page{{"shadow", shadowed, `[
		{"type":"limit","period":"week","amount":1500,"currency":"usd"},
		{"type":"limit","period":"week","amount":300,"currency":"eur"},
		{"type":"velocity","window":"10m","count":4},
		{"type":"country","mode":"allow","values":["US","DE","IE"]}]`}}},
	{"Events, next quarter", []string{event}, []page{{"draft", drafted, `[
		{"type":"limit","period":"quarter","amount":18000,"currency":"eur"},
		{"type":"approval_threshold","amount":400,"currency":"eur","approvals":2,"approvers":["role:owner","role:admin"]}]`}}},
}

// testBooks and testRoles are the smaller copy in test mode.
var (
	testBooks = []book{guardrails, purchases}
	testRoles = []string{procurement, supply, cloud, travel}
)
