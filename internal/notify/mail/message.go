// Package mail writes the mails that people get and hands them to a
// transport: an SMTP server, or in development a mailbox in memory.
package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Message is one mail in both of its forms. It may hold a secret link: it goes
// to the person and into no log.
type Message struct {
	To, Subject, Text, HTML string
	// ID is the left side of the Message-ID. The same message that is delivered
	// twice has it twice. Empty draws one.
	ID string
}

// Transport delivers a message or takes it over for delivery. Its errors are
// not for people's eyes: see Trouble.
type Transport interface {
	Send(ctx context.Context, m Message) error
}

// Post writes the letters of signing in and hands them to a transport.
type Post struct{ transport Transport }

// NewPost writes mails and hands them to the transport.
func NewPost(t Transport) *Post { return &Post{transport: t} }

// SignInLink mails the link that signs in, which works once and for so long.
func (p *Post) SignInLink(ctx context.Context, to, link string, validFor time.Duration) error {
	return p.send(ctx, to, SignInLink(link, validFor))
}

// Invitation mails somebody that a company makes them a member in tx, and does
// not wait until that has committed.
func (p *Post) Invitation(ctx context.Context, _ pgx.Tx, to, companyName, role, link string) error {
	return p.send(ctx, to, Invitation(to, companyName, role, link))
}

func (p *Post) send(ctx context.Context, to string, l Letter) error {
	m, err := l.To(to)
	if err != nil {
		return err
	}
	return p.transport.Send(ctx, m)
}

// SignInLink is the letter with the link that signs in.
func SignInLink(link string, validFor time.Duration) Letter {
	return Letter{
		Subject: "Your sign-in link for Purser",
		Lines:   []string{"Open this link to sign in to Purser:"},
		Link:    link, Button: "Sign in",
		After: fmt.Sprintf("It works once, within %d minutes. If you did not ask for it, do nothing: "+
			"nobody can sign in without it.", int(validFor.Minutes())),
	}
}

// Invitation is the letter that tells somebody that a company made them a
// member.
func Invitation(to, companyName, role, link string) Letter {
	return Letter{
		Subject: companyName + " invites you to Purser",
		Lines: []string{fmt.Sprintf("%s invites you to Purser as %s.", companyName, roleNames[role]),
			"Sign in with this mail address, " + to + ", to join:"},
		Link: link, Button: "Join",
		After: "If you do not know who this is from, do nothing.",
	}
}

var roleNames = map[string]string{"owner": "an owner", "admin": "an admin", "approver": "an approver", "viewer": "a viewer"}
