package policy

import (
	"strconv"
	"time"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Preset is a policy to begin with.
type Preset struct {
	// Key names it in addresses: cautious, balanced or trusting.
	Key  string
	Name string
	// Explanation says in a sentence or two for whom it is. It names no amounts:
	// those are in the rules.
	Explanation string
	// Content covers the whole company and is active.
	Content Content
}

// Presets are the policies to begin with, the strictest first, with round
// amounts in the currency.
func Presets(c money.Currency) []Preset {
	return []Preset{
		preset("cautious", "Cautious", "For a first week, or for agents that nobody knows yet. Small change goes through; a person looks at everything else, and at the first payment to anybody.",
			ceilings(c, 200, 20, 500), pace(10), newMerchants(), twins(time.Hour)),
		preset("balanced", "Balanced", "For agents that do a known job. Everyday payments go through, a person looks at large ones and at merchants you have never paid, and a monthly limit bounds what can go wrong.",
			ceilings(c, 2000, 500, 5000), pace(60), newMerchants(), twins(10*time.Minute)),
		preset("trusting", "Trusting", "For agents that have proven themselves. Only the largest payments wait for a person, and the limits are there to stop a runaway agent.",
			ceilings(c, 10_000, 5000, 25_000), pace(300), twins(time.Minute)),
	}
}

func preset(key, name, explanation string, parts ...[]Rule) Preset {
	var rules []Rule
	for _, part := range parts {
		rules = append(rules, part...)
	}
	return Preset{Key: key, Name: name, Explanation: explanation, Content: Content{Name: name, Status: Active, Rules: rules}}
}

// ceilings bound one payment, what goes through without a person, and what an
// agent spends in a month, in units of about a US dollar.
func ceilings(c money.Currency, single, unasked, monthly int64) []Rule {
	return []Rule{
		{Type: TransactionLimit, Amount: round(c, single)},
		{Type: ApprovalThreshold, Amount: round(c, unasked), Approvals: 1},
		{Type: Limit, Period: meter.Month, Per: PerAgent, Amount: round(c, monthly)},
	}
}

func pace(perHour int) []Rule {
	return []Rule{{Type: Velocity, Window: time.Hour, Count: perHour}}
}

func newMerchants() []Rule {
	return []Rule{{Type: NewMerchant, Effect: RequireApproval, Approvals: 1}}
}

func twins(window time.Duration) []Rule {
	return []Rule{{Type: Duplicate, Window: window, Effect: RequireApproval, Approvals: 1}}
}

// round is so many units of a currency whose unit is worth about a dollar, and
// as many times more of one whose unit is worth less.
func round(c money.Currency, units int64) money.Amount {
	scale, small := smallUnits[c]
	if !small {
		scale = 1
	}
	// Whole units within what one amount may be: it parses.
	a, _ := money.ParseOrZero(strconv.FormatInt(units*scale, 10), c)
	return a
}

// smallUnits are the currencies of which a dollar buys ten or more, with the
// power of ten that is nearest. These are starting points, not exchange rates.
var smallUnits = map[money.Currency]int64{
	"jpy": 100, "krw": 1000, "vnd": 10_000, "idr": 10_000, "inr": 100, "clp": 1000, "cop": 1000, "huf": 100,
	"isk": 100, "czk": 10, "sek": 10, "nok": 10, "dkk": 10, "mxn": 10, "zar": 10, "thb": 10, "php": 10, "twd": 10,
	"try": 10, "uah": 10, "rub": 100, "rsd": 100, "kzt": 100, "pkr": 100, "bdt": 100, "lkr": 100, "npr": 100,
	"kes": 100, "ngn": 1000, "ars": 1000, "egp": 10, "hkd": 10, "mad": 10, "dzd": 100, "tzs": 1000, "ugx": 1000,
	"xof": 1000, "xaf": 1000, "xpf": 100, "pyg": 1000, "crc": 100, "dop": 10, "uyu": 10, "mur": 10, "etb": 100,
	"irr": 10_000, "iqd": 1000, "lbp": 10_000, "mmk": 1000, "khr": 1000, "lak": 10_000, "mnt": 1000, "uzs": 10_000,
	"amd": 100, "all": 100, "mdl": 10, "mkd": 10, "syp": 10_000, "yer": 100, "afn": 10, "rwf": 1000, "bif": 1000,
	"cdf": 1000, "gnf": 10_000, "mga": 1000, "mwk": 1000, "zmw": 10, "sle": 10, "aoa": 1000, "djf": 100, "kmf": 100,
	"sos": 100, "ssp": 1000, "sdg": 100, "jmd": 100, "htg": 100, "gyd": 100, "srd": 10, "ves": 100, "cup": 10,
	"cve": 100, "stn": 10, "mzn": 10, "lrd": 100, "gmd": 10, "nad": 10, "lsl": 10, "szl": 10, "scr": 10, "kgs": 100,
	"tjs": 10, "mop": 10, "vuv": 100, "btn": 100, "mru": 10, "hnl": 10, "nio": 10, "clf": 1,
}
