package webhooks

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify/safedial"
)

// maxAnswer is how much of an answer is read and kept, in bytes.
const maxAnswer = 2 << 10

// called is what came of one attempt.
type called struct {
	Attempt
	// again is how long the receiver asked to be left alone.
	again time.Duration
}

// ok reports whether the receiver took the message.
func (c called) ok() bool { return c.Status >= 200 && c.Status < 300 }

// call makes one attempt. The error is one of ours, and nothing was called.
func (s *Service) call(ctx context.Context, c db.WebhookClaimRow) (called, error) {
	d, e := c.WebhookDelivery, c.WebhookEndpoint
	id := ident.Format(ident.Delivery, d.DeliveryID)
	signature, err := s.sign(c, id, d.Body)
	if err != nil {
		return called{}, fmt.Errorf("sign the delivery %s: %w", id, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Url, strings.NewReader(d.Body))
	if err != nil {
		return called{}, fmt.Errorf("the address of a webhook: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Purser-Webhooks/1.0")
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(c.Now.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature)
	start := time.Now()
	out := called{Attempt: Attempt{At: c.Now}}
	answer, err := s.client.Do(r)
	if err == nil {
		out.Status = answer.StatusCode
		out.again = retryAfter(answer.StatusCode, answer.Header, c.Now)
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // what broke off is kept as far as it came
		out.Answer = clean(text)
		_ = answer.Body.Close() // what follows is of no interest
	}
	out.Milliseconds = int(time.Since(start).Milliseconds())
	out.Trouble = s.trouble(out.Status, err)
	return out, nil
}

// clean makes a stranger's bytes text that can be stored.
func clean(b []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(b), "\ufffd"), "\x00", "\ufffd")
}

// trouble says what went wrong, in words that hold nothing of the address.
func (s *Service) trouble(status int, err error) string {
	var names *net.DNSError
	var network net.Error
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var certificate x509.CertificateInvalidError
	switch {
	case err == nil && status >= 200 && status < 300:
		return ""
	case err == nil && status >= 300 && status < 400:
		return "It asked for another address, and redirects are not followed."
	case err == nil && status == http.StatusGone:
		return "It is gone for good: the endpoint was disabled."
	case err == nil:
		return "It did not answer 2xx."
	case errors.Is(err, safedial.ErrRefused):
		return "The address is not on the Internet, so it was not called."
	case errors.As(err, &names):
		return "The name of the host could not be resolved."
	case errors.As(err, &network) && network.Timeout():
		return fmt.Sprintf("There was no answer within %s.", s.patience)
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &certificate):
		return "Its certificate is not valid for this host."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "The connection was refused."
	default:
		return "The connection broke off before an answer."
	}
}
