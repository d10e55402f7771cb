package cards

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// Controls are a card's own rules, in the words of policies. They come on top of
// the policies: a swipe must pass both.
type Controls []policy.Rule

// maxControls bounds what one swipe looks at.
const maxControls = 20

// controlTypes are the rules that a card can have of its own.
var controlTypes = []policy.Type{policy.MerchantList, policy.MCCList, policy.CountryList, policy.Hours,
	policy.TransactionLimit, policy.Limit, policy.Velocity}

// ParseControls reads a JSON list of rules, strictly. Those with an amount may
// leave out the currency: it is the card's. The fault is Invalid,
// invalid_controls, with everything that is wrong at once, each part located like
// controls[2].amount.
func ParseControls(raw []byte, currency money.Currency) (Controls, error) {
	var list []map[string]jsontext.Value
	if err := jsonv2.Unmarshal(raw, &list); err != nil {
		return nil, fault.BadField("controls", "not_a_list", "A list of rules is expected here, each an object without repeated names.")
	}
	if len(list) == 0 {
		return nil, nil
	}
	for _, rule := range list {
		_, has := rule["currency"]
		if _, counts := rule["amount"]; counts && !has && rule != nil {
			rule["currency"] = jsontext.Value(`"` + string(currency) + `"`)
		}
	}
	full, err := jsonv2.Marshal(list)
	if err != nil {
		return nil, err
	}
	rules, err := policy.DecodeRules(full)
	if err != nil {
		return nil, relocated(err)
	}
	return rules, Controls(rules).check(currency)
}

// check refuses what a card's own rules cannot be.
func (c Controls) check(currency money.Currency) error {
	if len(c) > maxControls {
		return fault.BadField("controls", "out_of_range", "A card has at most %d rules.", maxControls)
	}
	var bad []*fault.Error
	for i := range c {
		at := "controls[" + strconv.Itoa(i) + "]"
		switch r := &c[i]; {
		case !slices.Contains(controlTypes, r.Type):
			bad = append(bad, fault.BadField(at+".type", "unknown_rule", "A card's own rules are merchant, mcc, country, hours, transaction_limit, limit and velocity."))
		case r.Amount.Currency != "" && r.Amount.Currency != currency:
			bad = append(bad, fault.BadField(at+".currency", "currency_mismatch", "The card is in %s.", currency.Upper()))
		case r.Type == policy.Limit && r.Per == policy.PerCompany:
			bad = append(bad, fault.BadField(at+".per", "unknown_value", "A card's limit is for this card."))
		}
	}
	if f := fault.Join(bad...); f != nil {
		f.Code = "invalid_controls"
		return f
	}
	return nil
}

// checked reads the rules again as if they had come as JSON, so that rules made
// in Go are held to the same bounds.
func (c Controls) checked(currency money.Currency) (Controls, error) {
	if len(c) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return ParseControls(raw, currency)
}

// relocated says of a policy's faults that they are a card's.
func relocated(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "invalid_policy" {
		return err
	}
	out := *f
	out.Code, out.Fields = "invalid_controls", slices.Clone(f.Fields)
	for i := range out.Fields {
		out.Fields[i].Location = "controls" + strings.TrimPrefix(out.Fields[i].Location, "rules")
	}
	out.Text = "The card's controls have " + strconv.Itoa(len(out.Fields)) + " faults; the first is " + out.Fields[0].Location + ": " + out.Fields[0].Message
	return &out
}
