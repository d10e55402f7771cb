// Command acquirer plays an acquirer of a card network: a peer that is not ours
// and shares no code with the host that it talks to. It reads commands, a JSON
// object a line, and writes a result a line:
//
//	{"do":"authorize","pan":"…","expiry":"2911","cvv":"123","amount":4000,"currency":"usd","merchant":"AWS","mcc":"7372","country":"US"}
//	{"do":"capture","about":"000001","amount":4000}      "more":true: not the last
//	{"do":"refund","about":"000001","amount":1000}
//	{"do":"reverse","about":"000001"}                    "kept":1500: all but that
//	{"do":"repeat","about":"000001"}                     the same message again
//	{"do":"forward"}                                     sends what could not be delivered
//	{"do":"echo"}
//
// Amounts are in minor units; about is the trace of an earlier result. An answer
// that does not come in -timeout counts as none: the request is reversed (0400,
// repeated until it is acknowledged), and up to -floor the acquirer stands in:
// it approves by itself and says so later (0120).
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8583", "the issuer's host")
	timeout := flag.Duration("timeout", 2500*time.Millisecond, "how long an answer may take")
	floor := flag.Int64("floor", 0, "the largest amount that is approved without an answer, in minor units")
	id := flag.String("id", "12345678901", "the acquirer's number, up to eleven digits")
	flag.Parse()
	a := newAcquirer(*addr, *id, *timeout, *floor)
	defer a.close()
	if err := obey(a, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "acquirer:", err)
		os.Exit(1)
	}
}

// command is a line of input.
type command struct {
	Do       string `json:"do"`
	PAN      string `json:"pan"`
	Expiry   string `json:"expiry"` // YYMM
	CVV      string `json:"cvv"`
	Amount   int64  `json:"amount"`
	Kept     int64  `json:"kept"`
	Currency string `json:"currency"`
	Merchant string `json:"merchant"`
	MCC      string `json:"mcc"`
	Country  string `json:"country"`
	About    string `json:"about"`
	More     bool   `json:"more"`
	// Deaf leaves before the answer comes, as a peer does whose line is cut.
	Deaf bool `json:"deaf"`
}

// result is a line of output.
type result struct {
	Trace    string `json:"trace,omitempty"`
	Type     string `json:"type,omitempty"` // of the answer: 0110
	Code     string `json:"code,omitempty"` // field 39
	Why      string `json:"why,omitempty"`  // field 44
	Approval string `json:"approval,omitempty"`
	// Approved is the acquirer's own view: true as well where it stood in.
	Approved bool `json:"approved"`
	StoodIn  bool `json:"stood_in,omitempty"`
	TimedOut bool `json:"timed_out,omitempty"`
	// Undelivered is how many messages wait to be forwarded.
	Undelivered int    `json:"undelivered,omitempty"`
	Error       string `json:"error,omitempty"`
}

func obey(a *acquirer, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	write := json.NewEncoder(out)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return fmt.Errorf("a command is not a JSON object: %w", err)
		}
		r := a.do(c)
		r.Undelivered = len(a.undelivered)
		if err := write.Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}
