package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/x402"
)

const (
	testChain = "eip155:84532"
	testUSDC  = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
	liveUSDC  = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
	payee     = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C"
	thief     = "0x000000000000000000000000000000000000dEaD"
	theReport = "the report\n"
)

// shop is a resource server that wants to be paid, and the chain below it: what
// was signed is cashed once, however often it is handed in.
type shop struct {
	*httptest.Server
	mu      sync.Mutex
	offer   map[string]any
	cashed  map[string]int // by nonce, how often it was handed in
	asked   int            // without a payment
	paid    http.HandlerFunc
	unpaid  http.HandlerFunc
	changed func(asked int, offer map[string]any) // before each challenge
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{cashed: map[string]int{}, offer: map[string]any{"scheme": "exact", "network": testChain, "asset": testUSDC, "amount": "10000",
		"payTo": payee, "maxTimeoutSeconds": 60, "extra": map[string]any{"name": "USDC", "version": "2"}}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	payment := r.Header.Get(x402.HeaderSignature)
	if payment == "" && s.unpaid != nil {
		s.unpaid(w, r)
		return
	}
	if payment == "" {
		s.challenge(w)
		return
	}
	nonce, err := nonceOf(payment)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	paid := s.paid
	s.mu.Unlock()
	if paid != nil {
		paid(w, r)
		return
	}
	s.settle(nonce)
	s.deliver(w, nonce)
}

// takes has payments answered otherwise than well.
func (s *shop) takes(paid http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paid = paid
}

func (s *shop) challenge(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.changed != nil {
		s.changed(s.asked, s.offer)
	}
	w.Header().Set(x402.HeaderRequired, encoded(map[string]any{"x402Version": 2, "error": "pay", "resource": map[string]any{"url": s.URL + "/report"},
		"accepts": []any{map[string]any{"scheme": "upto", "network": testChain}, s.offer}}))
	w.WriteHeader(http.StatusPaymentRequired)
}

// settle cashes what was signed, and says how often it was handed in.
func (s *shop) settle(nonce string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cashed[nonce]++
	return s.cashed[nonce]
}

func (s *shop) deliver(w http.ResponseWriter, nonce string) {
	settled(w, map[string]any{"success": true, "transaction": "0x" + nonce, "network": testChain, "payer": payee})
	_, _ = io.WriteString(w, theReport)
}

// transfers is how often money moved: once for each nonce.
func (s *shop) transfers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cashed)
}

func settled(w http.ResponseWriter, said map[string]any) {
	w.Header().Set(x402.HeaderResponse, encoded(said))
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// signedPayment is as much of a payload as the stand-ins look at.
type signedPayment struct {
	Payload struct {
		Authorization struct{ To, Value, Nonce string }
	}
}

func nonceOf(payment string) (string, error) {
	text, err := base64.StdEncoding.DecodeString(payment)
	var p signedPayment
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p.Payload.Authorization.Nonce, err
}

// wallet is a program that signs what it is told, or misbehaves as its first
// argument says. It counts in a file how often it signed, and keeps what it was
// told.
func wallet(args []string) int {
	told, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	var o struct {
		Resource json.RawMessage
		Accepted map[string]any
	}
	if err := json.Unmarshal(told, &o); err != nil {
		return 1
	}
	how, counter := args[0], args[1]
	signed := map[string]any{"from": payee, "to": o.Accepted["payTo"], "value": o.Accepted["amount"], "validAfter": "0",
		"validBefore": strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10), "nonce": hex.EncodeToString([]byte(rand.Text()))}
	switch how {
	case "more":
		signed["value"] = fmt.Sprint(o.Accepted["amount"], "0")
	case "elsewhere":
		signed["to"] = thief
	case "forever":
		signed["validBefore"] = "99999999999"
	case "other":
		o.Accepted["asset"] = liveUSDC
	case "fails":
		return 3
	case "garbage":
		fmt.Println("signed, sealed, delivered")
		return 0
	}
	before, _ := os.ReadFile(counter) // not there the first time
	if err := os.WriteFile(counter, append(append(before, bytes.TrimSpace(told)...), '\n'), 0o600); err != nil {
		return 1
	}
	fmt.Println(encoded(map[string]any{"x402Version": 2, "resource": o.Resource, "accepted": o.Accepted,
		"payload": map[string]any{"signature": "0x5167", "authorization": signed}}))
	return 0
}
