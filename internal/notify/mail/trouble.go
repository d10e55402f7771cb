package mail

import (
	"context"
	"errors"
	"net"

	gomail "github.com/wneessen/go-mail"
)

// The words for why a delivery failed. What the server said stays out of pages
// and logs: it may quote the address.
const (
	Unreachable = "unreachable" // there was no conversation with the server
	TooSlow     = "too_slow"    // the conversation took too long
	Deferred    = "deferred"    // the server asks to come again
	Refused     = "refused"     // the server does not take it
	Failed      = "failed"      // anything else
)

// Trouble is the word for an error of a transport.
func Trouble(err error) string {
	var answer *gomail.SendError
	var network net.Error
	switch {
	case errors.As(err, &answer) && answer.ErrorCode() >= 500:
		return Refused
	case errors.As(err, &answer) && answer.IsTemp():
		return Deferred
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return TooSlow
	case errors.As(err, &network):
		return Unreachable
	}
	return Failed
}
