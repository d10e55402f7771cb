package stripe

import (
	"context"
	"strings"
	"unicode"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Cardholder is who cards are issued to: the company. ID names one that Stripe
// has already.
type Cardholder struct {
	ID, Name, Email, Phone string
	Address                *Address
}

// Address is where the company is.
type Address struct{ Line1, Line2, City, State, PostalCode, Country string }

func (h Cardholder) check() error {
	if h.ID != "" && (h.Name != "" || h.Email != "" || h.Phone != "" || h.Address != nil || !strings.HasPrefix(h.ID, "ich_")) {
		return fault.BadField("cardholder_id", "cardholder_incomplete", "Name one that Stripe has (ich_…), or what a new one is made of.")
	}
	return nil
}

// holderOf finds who the cards are issued to: the one that was named, the one
// that the connection had, or one that is made now.
func holderOf(ctx context.Context, api *sdk.Client, d Draft, h Cardholder, account *sdk.Account) (string, error) {
	if h == (Cardholder{}) {
		h.ID = d.cardholder
	}
	if h.ID == "" {
		return makeHolder(ctx, api, d, h.filled(account))
	}
	have, err := api.V1IssuingCardholders.Retrieve(ctx, h.ID, nil)
	if reason, ok := said(err); ok {
		return "", fault.BadField("cardholder_id", "cardholder_refused", "Stripe refuses: %s", reason)
	}
	if err == nil && have.Status != sdk.IssuingCardholderStatusActive {
		return "", fault.BadField("cardholder_id", "cardholder_refused", "This cardholder is %s at Stripe.", string(have.Status))
	}
	return h.ID, trouble(err)
}

// filled takes what is not said from the account.
func (h Cardholder) filled(account *sdk.Account) Cardholder {
	company, profile := account.Company, account.BusinessProfile
	if company == nil {
		company = &sdk.AccountCompany{}
	}
	if profile == nil {
		profile = &sdk.AccountBusinessProfile{}
	}
	h.Name = first(h.Name, company.Name, profile.Name)
	h.Phone = first(h.Phone, company.Phone, profile.SupportPhone)
	h.Email = first(h.Email, account.Email, profile.SupportEmail)
	for _, a := range []*sdk.Address{company.Address, profile.SupportAddress} {
		if h.Address == nil && a != nil {
			h.Address = &Address{a.Line1, a.Line2, a.City, a.State, a.PostalCode, a.Country}
		}
	}
	return h
}

func first(texts ...string) string {
	for _, t := range texts {
		if t = trimmed(t); t != "" {
			return t
		}
	}
	return ""
}

// makeHolder makes one, once for a connection and its account.
func makeHolder(ctx context.Context, api *sdk.Client, d Draft, h Cardholder) (string, error) {
	name := printable(h.Name)
	if a := h.Address; name == "" || a == nil || a.Line1 == "" || a.City == "" || a.PostalCode == "" || a.Country == "" {
		return "", fault.BadField("cardholder", "cardholder_incomplete",
			"The account does not say enough of the company to issue cards to it: give a name in Latin letters and an address with its street (line1), city, postal code and country.")
	}
	p := &sdk.IssuingCardholderCreateParams{Name: &name, Type: sdk.String(sdk.IssuingCardholderTypeCompany),
		Status: sdk.String(sdk.IssuingCardholderStatusActive), Email: given(h.Email), PhoneNumber: given(h.Phone),
		Billing: &sdk.IssuingCardholderCreateBillingParams{Address: &sdk.AddressParams{Line1: &h.Address.Line1, Line2: given(h.Address.Line2),
			City: &h.Address.City, State: given(h.Address.State), PostalCode: &h.Address.PostalCode, Country: &h.Address.Country}},
		Metadata: map[string]string{"purser_connection": ident.Format(ident.Connection, d.id)}}
	p.SetIdempotencyKey(d.once("holder", h))
	made, err := api.V1IssuingCardholders.Create(ctx, p)
	if reason, ok := said(err); ok {
		return "", fault.BadField("cardholder", "cardholder_refused", "Stripe refuses: %s", reason)
	}
	if err != nil {
		return "", trouble(err)
	}
	return made.ID, nil
}

func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// longestPrinted bounds what is printed on a card, in characters.
const longestPrinted = 24

// printable is a name as cards can carry it: letters and spaces.
func printable(name string) string {
	letters := strings.Map(func(r rune) rune {
		if r < unicode.MaxLatin1 && unicode.IsLetter(r) {
			return r
		}
		return ' '
	}, name)
	out := []rune(trimmed(letters))
	return strings.TrimSpace(string(out[:min(len(out), longestPrinted)]))
}
