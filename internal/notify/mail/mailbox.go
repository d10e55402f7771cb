package mail

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// kept is how many messages a mailbox holds.
const kept = 200

// Mailbox is the development server's: it keeps the last messages in memory
// for whoever sits at the machine.
type Mailbox struct {
	mu    sync.Mutex
	items []Item
}

// Item is a message as it lies in the mailbox.
type Item struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
	// At is when it came, as RFC 3339 in UTC.
	At string `json:"at"`
}

// NewMailbox makes an empty one.
func NewMailbox() *Mailbox { return &Mailbox{} }

// Send puts a message in.
func (b *Mailbox) Send(_ context.Context, m Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) == kept {
		b.items = slices.Delete(b.items, 0, 1)
	}
	b.items = append(b.items, Item{m.To, m.Subject, m.Text, m.HTML, time.Now().UTC().Format(time.RFC3339Nano)})
	return nil
}

// Items are the messages, newest first.
func (b *Mailbox) Items() []Item {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := append([]Item{}, b.items...)
	slices.Reverse(out)
	return out
}

// JSON is Items for scripts: an array, also when it is empty.
func (b *Mailbox) JSON() ([]byte, error) { return json.Marshal(b.Items()) }
