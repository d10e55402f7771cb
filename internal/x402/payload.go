package x402

import (
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Payload is what a wallet signed for one requirement: money for whoever it is
// given to hands it in.
type Payload struct{ Object }

// ReadPayload reads what a wallet wrote: base64 of a JSON object.
func ReadPayload(text []byte) (Payload, error) {
	o, err := decode(string(text))
	if err != nil {
		return Payload{}, fmt.Errorf("the wallet's payload cannot be read: %w", err)
	}
	return Payload{o}, nil
}

// Pays checks that a payload pays what was selected and nothing else: its words
// and what was signed name the scheme, network, token and payee, an amount not
// above, and an end not after until. What cannot be checked does not pay.
func (p Payload) Pays(selected Requirement, until time.Time) error {
	if p.number("x402Version") != "2" {
		return errors.New("the payload is not of version 2")
	}
	if accepted := (Requirement{p.object("accepted")}); !accepted.Same(selected) {
		return errors.New("the payload names another requirement than the one that was selected")
	}
	value, to, end, err := p.signed(selected)
	switch {
	case err != nil:
		return err
	case value == nil || value.Sign() == 0 || value.Cmp(selected.Amount()) > 0:
		return fmt.Errorf("the payload pays %v, and %s was selected", value, selected.Amount())
	case !sameAddress(to, selected.PayTo()):
		return fmt.Errorf("the payload pays %q, and not %s", to, selected.PayTo())
	case end == nil || !end.IsInt64() || end.Int64() > until.Unix():
		return fmt.Errorf("the payload can be cashed until %v, after the authorization has ended", end)
	}
	return nil
}

// Until is when a payload can be cashed no more; zero where it does not say.
func (p Payload) Until() time.Time {
	_, _, end, err := p.signed(Requirement{p.object("accepted")})
	if err != nil || end == nil || !end.IsInt64() {
		return time.Time{}
	}
	return time.Unix(end.Int64(), 0)
}

// signed is what the signature covers, by the two methods whose words say it:
// EIP-3009 and Permit2.
func (p Payload) signed(selected Requirement) (value *big.Int, to string, end *big.Int, err error) {
	inner := p.object("payload")
	if inner.text("signature") == "" {
		return nil, "", nil, errors.New("the payload is not signed")
	}
	transfer, permit := inner.object("authorization"), inner.object("permit2Authorization")
	switch {
	case transfer != nil && permit == nil:
		return units(transfer.text("value")), transfer.text("to"), units(transfer.text("validBefore")), nil
	case permit != nil && transfer == nil:
		permitted := permit.object("permitted")
		if !sameAddress(permitted.text("token"), selected.Asset()) {
			return nil, "", nil, errors.New("the payload permits another token")
		}
		return units(permitted.text("amount")), permit.object("witness").text("to"), units(permit.text("deadline")), nil
	}
	return nil, "", nil, errors.New("the payload is of a kind whose amount cannot be checked (neither EIP-3009 nor Permit2)")
}
