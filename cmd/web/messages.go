package main

import (
	"github.com/getpurser/purser/internal/audit"
)

// outbox turns what happened into messages, which the queue delivers.
func (f features) outbox(h house) *audit.Outbox {
	return audit.NewOutbox(h.pool, h.log, f.webhooks.Route())
}
