// Package mail writes the mails that people get and hands them to a
// transport: an SMTP server, or in development a mailbox in memory.
package mail

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"time"
)

// Message is one mail in both of its forms. It may hold a secret link: it goes
// to the person and into no log.
type Message struct {
	To, Subject, Text, HTML string
}

// Transport delivers a message or takes it over for delivery.
type Transport interface {
	Send(ctx context.Context, m Message) error
}

// Post writes each kind of mail.
type Post struct{ transport Transport }

// NewPost writes mails and hands them to the transport.
func NewPost(t Transport) *Post { return &Post{transport: t} }

// SignInLink mails the link that signs in, which works once and for so long.
func (p *Post) SignInLink(ctx context.Context, to, link string, validFor time.Duration) error {
	return p.send(ctx, to, letter{
		Subject: "Your sign-in link for Purser",
		Lines:   []string{"Open this link to sign in to Purser:"},
		Link:    link, Button: "Sign in",
		After: fmt.Sprintf("It works once, within %d minutes. If you did not ask for it, do nothing: "+
			"nobody can sign in without it.", int(validFor.Minutes())),
	})
}

// Invitation mails somebody that a company made them a member.
func (p *Post) Invitation(ctx context.Context, to, companyName, role, link string) error {
	return p.send(ctx, to, letter{
		Subject: companyName + " invites you to Purser",
		Lines: []string{fmt.Sprintf("%s invites you to Purser as %s.", companyName, roleNames[role]),
			"Sign in with this mail address, " + to + ", to join:"},
		Link: link, Button: "Join",
		After: "If you do not know who this is from, do nothing.",
	})
}

var roleNames = map[string]string{"owner": "an owner", "admin": "an admin", "approver": "an approver", "viewer": "a viewer"}

// letter is what every mail is made of.
type letter struct {
	Subject      string
	Lines        []string
	Link, Button string
	After        string
}

var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body style="font-family:sans-serif;line-height:1.5;color:#1f2937;max-width:32rem;margin:2rem auto;padding:0 1rem">
{{range .Lines}}<p>{{.}}</p>
{{end}}<p><a href="{{.Link}}" style="display:inline-block;background:#1f2937;color:#ffffff;padding:.6rem 1.2rem;border-radius:.4rem;text-decoration:none">{{.Button}}</a></p>
<p style="word-break:break-all">{{.Link}}</p>
<p style="color:#4b5563">{{.After}}</p>
</body></html>
`))

func (p *Post) send(ctx context.Context, to string, l letter) error {
	var html bytes.Buffer
	if err := page.Execute(&html, l); err != nil {
		return fmt.Errorf("write the mail: %w", err)
	}
	var text bytes.Buffer
	for _, line := range l.Lines {
		fmt.Fprintf(&text, "%s\n\n", line)
	}
	fmt.Fprintf(&text, "%s\n\n%s\n", l.Link, l.After)
	return p.transport.Send(ctx, Message{To: to, Subject: l.Subject, Text: text.String(), HTML: html.String()})
}
