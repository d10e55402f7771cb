package policy

import (
	"strings"

	"github.com/getpurser/purser/internal/money"
)

// Rails lists every rail that a request can come over.
func Rails() []string { return []string{"api", "card", "iban", "invoice", "crypto"} }

// badValue says what is wrong with one value of a list, or "".
func badValue(t Type, value string) (code, message string) {
	switch t {
	case MCCList:
		if _, ok := parseMCC(value); !ok {
			return "not_an_mcc", "A merchant category of four digits such as 7372, or a rising range such as 3000-3299, is expected here."
		}
	case CurrencyList:
		if _, err := money.ParseCurrency(value); err != nil {
			return "currency_unknown", "A currency code of ISO 4217 is expected here."
		}
	case CountryList:
		if !IsCountry(value) {
			return "unknown_country", "A country code of ISO 3166-1 alpha-2, such as DE, is expected here."
		}
	case RailList:
		for _, rail := range Rails() {
			if value == rail {
				return "", ""
			}
		}
		return "unknown_rail", "One of " + strings.Join(Rails(), ", ") + " is expected here."
	}
	return "", ""
}

// mccRange is a range of merchant category codes, both ends included.
type mccRange struct{ low, high int }

func parseMCC(value string) (mccRange, bool) {
	first, last, isRange := strings.Cut(value, "-")
	if !isRange {
		last = first
	}
	low, okLow := fourDigits(strings.TrimSpace(first))
	high, okHigh := fourDigits(strings.TrimSpace(last))
	return mccRange{low, high}, okLow && okHigh && low <= high
}

func fourDigits(s string) (int, bool) {
	if len(s) != 4 {
		return 0, false
	}
	high, okHigh := twoDigits(s[:2])
	low, okLow := twoDigits(s[2:])
	return high*100 + low, okHigh && okLow
}

// countries are the assigned codes of ISO 3166-1 alpha-2. (CLDR's list, which
// golang.org/x/text uses, also has withdrawn and reserved ones.)
const countries = " " +
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT " +
	"BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH " +
	"ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT " +
	"HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS " +
	"LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI " +
	"NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG " +
	"SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG " +
	"UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW" + " "

// IsCountry reports whether s is an assigned code of ISO 3166-1 alpha-2, in any
// case.
func IsCountry(s string) bool {
	return len(s) == 2 && s[0] != ' ' && s[1] != ' ' && strings.Contains(countries, " "+strings.ToUpper(s)+" ")
}
