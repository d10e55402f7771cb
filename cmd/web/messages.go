package main

import (
	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
)

// outbox turns what happened into messages, which the queue delivers.
func (f features) outbox(h house) *audit.Outbox {
	return audit.NewOutbox(h.pool, h.log, f.messages.Route(), f.webhooks.Route())
}

func (f features) newMessages(h house) (*messages.Service, error) {
	return messages.New(messages.Config{Pool: h.pool, Queue: f.queue, Access: f.access, Companies: f.companies, Policies: f.policies,
		Spend: f.gate, Mail: f.post.transport, BaseURL: h.BaseURL.String(), KeyEncryptionKey: h.sealing, AllowLoopback: h.Webhooks.AllowLoopback, Log: h.log})
}

// post is where mail goes: over SMTP, into the development server's mailbox, or
// nowhere.
type post struct {
	// transport is nil where mail goes nowhere.
	transport mail.Transport
	// letters are those of signing in; nil where mail goes nowhere.
	letters access.Mailer
	mailbox *mail.Mailbox
}

// newPost opens the post. Letters of signing in wait in the queue until a mail
// server has them. The mailbox is in memory, so there is nothing to be kept for
// it over a restart: it has them at once.
func newPost(h house, queue *notify.Queue) (post, error) {
	if h.SMTPURL == "" && !h.Loopback {
		return post{}, nil // people sign in with Clerk, which mails invitations too
	}
	if h.SMTPURL == "" {
		box := mail.NewMailbox()
		return post{transport: box, letters: mail.NewPost(box), mailbox: box}, nil
	}
	smtp, err := mail.NewSMTP(h.SMTPURL, h.MailFrom)
	if err != nil {
		return post{}, err
	}
	letters, err := messages.NewPost(h.pool, queue, smtp, h.sealing)
	return post{transport: smtp, letters: letters}, err
}
