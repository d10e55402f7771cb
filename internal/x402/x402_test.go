package x402

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

// specified is the challenge of the specification's own example.
const specified = `{"x402Version":2,"error":"PAYMENT-SIGNATURE header is required","resource":{"url":"https://api.example.com/premium-data",
	"description":"Access to premium market data","mimeType":"application/json"},"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"10000",
	"asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":60,
	"extra":{"name":"USDC","version":"2"}}]}`

const specifiedPayload = `{"x402Version":2,"accepted":{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e",
	"payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":60},"payload":{"signature":"0x2d6a","authorization":{
	"from":"0x857b06519E91e3A54538791bDbb0E22373e36b66","to":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","value":"10000","validAfter":"1740672089",
	"validBefore":"1740672154","nonce":"0xf374"}}}`

const permitted = `{"x402Version":2,"accepted":{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e",
	"payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C"},"payload":{"signature":"0x2d6a","permit2Authorization":{"permitted":{
	"token":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","amount":"10000"},"from":"0x857b06519E91e3A54538791bDbb0E22373e36b66","deadline":"1740672154",
	"witness":{"to":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","validAfter":"1740672089"}}}}`

var end = time.Unix(1740672154, 0)

func head(name, document string) http.Header {
	h := http.Header{}
	h.Set(name, base64.StdEncoding.EncodeToString([]byte(document)))
	return h
}

func required(t *testing.T) Requirement {
	t.Helper()
	c, err := ReadChallenge(head(HeaderRequired, specified), nil)
	if err != nil || len(c.Accepts) != 1 {
		t.Fatalf("%v, %v", c, err)
	}
	return c.Accepts[0]
}

func TestTheSpecificationsExample(t *testing.T) {
	r := required(t)
	if err := r.Check(); err != nil || r.Seconds() != 60 || r.Amount().String() != "10000" {
		t.Errorf("%v, %d, %v", err, r.Seconds(), r.Amount())
	}
	for _, document := range []string{specifiedPayload, permitted} {
		p, err := ReadPayload([]byte(base64.StdEncoding.EncodeToString([]byte(document)) + "\n"))
		if err == nil {
			err = p.Pays(r, end)
		}
		if err != nil || !p.Until().Equal(end) {
			t.Errorf("%v, until %v", err, p.Until())
		}
	}
	again, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(again), `"maxTimeoutSeconds":60`) {
		t.Errorf("%s, %v", again, err)
	}
}

// TestPayloadsThatPaySomethingElse changes one word at a time.
func TestPayloadsThatPaySomethingElse(t *testing.T) {
	r := required(t)
	for _, document := range []string{specifiedPayload, permitted} {
		for _, change := range [][2]string{
			{`"x402Version":2`, `"x402Version":1`}, {`"x402Version":2`, `"x402version":2`}, {`"scheme":"exact"`, `"scheme":"upto"`},
			{`eip155:84532`, `eip155:8453`}, {`"amount":"10000"`, `"amount":"10001"`}, {`"amount":"10000"`, `"amount":10000`},
			{`"amount":"10000"`, `"amount":"010000"`}, {`"amount":"10000"`, `"amount":"-1"`}, {`"amount":"10000"`, `"Amount":"10000"`},
			{`"value":"10000"`, `"value":"10001"`}, {`"value":"10000"`, `"value":"0x1"`}, {`"value":"10000"`, `"value":"0"`}, {`"value":"10000"`, `"value":"1e4"`},
			{`"to":"0x209693`, `"to":"0x309693`}, {`"payTo":"0x209693`, `"payTo":"0x309693`}, {`"asset":"0x036`, `"asset":"0x136`}, {`"token":"0x036`, `"token":"0x136`},
			{`"validBefore":"1740672154"`, `"validBefore":"1740672155"`}, {`"validBefore":"1740672154",`, ``}, {`"deadline":"1740672154"`, `"deadline":"9999999999"`},
			{`"signature":"0x2d6a",`, ``}, {`"authorization"`, `"Authorization"`}, {`"permit2Authorization"`, `"delegation"`},
			{`"payload":{"signature":"0x2d6a",`, `"payload":{"signature":"0x2d6a","authorization":{},"permit2Authorization":{},`},
		} {
			forged := strings.Replace(document, change[0], change[1], 1)
			if forged == document {
				continue // it is the other kind's
			}
			p, err := ReadPayload([]byte(base64.StdEncoding.EncodeToString([]byte(forged))))
			if err == nil && p.Pays(r, end) == nil {
				t.Errorf("%s in the place of %s was taken", change[1], change[0])
			}
		}
	}
	for _, text := range []string{"", "!", "bnVsbA==", "W10=", base64.StdEncoding.EncodeToString([]byte(specifiedPayload + "{}")), strings.Repeat("A", maxHeader+1)} {
		if _, err := ReadPayload([]byte(text)); err == nil {
			t.Errorf("%.20q was read", text)
		}
	}
	twice := strings.Replace(specifiedPayload, `"value":"10000"`, `"value":"9000000","value":"10000"`, 1)
	p, err := ReadPayload([]byte(base64.RawURLEncoding.EncodeToString([]byte(twice))))
	if err != nil {
		t.Fatal(err)
	}
	if sent, err := p.Encode(); err != nil || p.Pays(r, end) == nil && strings.Contains(decoded(t, sent), "9000000") {
		t.Errorf("what is sent is not what was checked: %v", err)
	}
}

func decoded(t *testing.T, text string) string {
	t.Helper()
	document, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

func TestChallengesThatAreNone(t *testing.T) {
	for want, c := range map[string]struct{ header, body string }{
		"version 1 of x402":      {"", `{"x402Version":1,"accepts":[]}`},
		"there is no":            {"", `<html>`},
		`version "1"`:            {strings.Replace(specified, `"x402Version":2`, `"x402Version":1`, 1), ""},
		`version ""`:             {strings.Replace(specified, `"x402Version":2`, `"x402Version":"2"`, 1), ""},
		"no way to pay":          {`{"x402Version":2,"accepts":[]}`, ""},
		"not base64 of one JSON": {`nonsense`, ""},
	} {
		h := http.Header{}
		if c.header != "" {
			h = head(HeaderRequired, c.header)
		}
		if _, err := ReadChallenge(h, []byte(c.body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, change := range [][2]string{{"exact", "upto"}, {"eip155:84532", "solana:mainnet"}, {`"10000"`, `"0"`}, {`"10000"`, `"1.5"`}, {`"10000"`, `"99999999999999999999999999999999999999999999999999999999999999999999999999999999"`},
		{"0x209693", "209693"}, {"0x036", "0xg36"}} {
		c, err := ReadChallenge(head(HeaderRequired, strings.Replace(specified, change[0], change[1], 1)), nil)
		if err != nil || c.Accepts[0].Check() == nil {
			t.Errorf("%s in the place of %s was taken: %v", change[1], change[0], err)
		}
	}
}

// TestWorth rounds up, and never loses a unit.
func TestWorth(t *testing.T) {
	usdc := Token{Symbol: "USDC", Currency: "usd", Decimals: 6}
	for _, c := range []struct {
		token       Token
		units       string
		worth, text string
		exact       bool
	}{
		{usdc, "10000", "0.01 USD", "0.01 USDC", true}, {usdc, "1", "0.01 USD", "0.000001 USDC", false}, {usdc, "10001", "0.02 USD", "0.010001 USDC", false},
		{usdc, "1500000000", "1,500.00 USD", "1500 USDC", true}, {Token{Symbol: "W", Currency: "usd", Decimals: 18}, "1000000000000000001", "1.01 USD", "1.000000000000000001 W", false},
		{Token{Symbol: "C", Currency: "jpy", Decimals: 0}, "7", "7 JPY", "7 C", true}, {Token{Symbol: "K", Currency: "kwd", Decimals: 2}, "7", "0.070 KWD", "0.07 K", true},
	} {
		n, _ := new(big.Int).SetString(c.units, 10)
		worth, exact, err := c.token.Worth(n)
		if err != nil || worth.String() != c.worth || exact != c.exact || c.token.Text(n) != c.text {
			t.Errorf("%s: %v %v %v %q", c.units, worth, exact, err, c.token.Text(n))
		}
	}
	huge, _ := new(big.Int).SetString(strings.Repeat("9", 70), 10)
	if _, _, err := usdc.Worth(huge); err == nil {
		t.Error("more than there is was taken")
	}
}

func TestSettlements(t *testing.T) {
	r := required(t)
	for document, want := range map[string]Outcome{
		`{"success":true,"transaction":"0x12","network":"eip155:84532"}`:                  Settled,
		`{"success":true,"transaction":"0x12","network":"eip155:84532","amount":"10000"}`: Settled,
		`{"success":true,"transaction":"0x12","network":"eip155:84532","amount":"10001"}`: Unknown,
		`{"success":true,"transaction":"0x12","network":"eip155:1"}`:                      Unknown,
		`{"success":true,"transaction":"","network":"eip155:84532"}`:                      Unknown,
		`{"success":true,"transaction":"a\u0007b","network":"eip155:84532"}`:              Unknown,
		`{"success":"true","transaction":"0x12","network":"eip155:84532"}`:                Unknown,
		`{"success":false,"errorReason":"insufficient_funds"}`:                            Unknown, // with a 200
		`nonsense`: Unknown,
	} {
		if s := ReadSettlement(200, head(HeaderResponse, document), r); s.Outcome != want || want == Unknown && s.Reason == "" {
			t.Errorf("%s: %+v", document, s)
		}
	}
	for status, want := range map[int]Outcome{200: Unknown, 301: Unknown, 400: Refused, 402: Refused, 404: Unknown, 500: Unknown} {
		if s := ReadSettlement(status, http.Header{}, r); s.Outcome != want {
			t.Errorf("%d: %+v", status, s)
		}
	}
	if s := ReadSettlement(402, head(HeaderResponse, `{"success":false,"errorReason":"insufficient_funds"}`), r); s.Outcome != Refused || s.Reason != "insufficient_funds" {
		t.Errorf("%+v", s)
	}
}
