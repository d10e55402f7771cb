package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// smtpPatience bounds the conversation with the server about one message.
const smtpPatience = 20 * time.Second

// SMTP delivers through a server, over a connection for each message.
type SMTP struct {
	host    string
	from    netmail.Address
	options []gomail.Option
}

// NewSMTP reads SMTP_URL: smtp://user:password@host:port (STARTTLS where the
// server has it, and required before a password goes to another machine) or
// smtps:// (TLS from the start). From is the sender, such as
// "Purser <purser@example.com>". Errors do not repeat the address, as it may
// hold a password.
func NewSMTP(address, from string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" || (u.Path != "" && u.Path != "/") {
		return nil, errors.New("SMTP_URL must be like smtp://user:password@host:587 or smtps://user:password@host:465")
	}
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("the sender %q is not a mail address", from)
	}
	port, err := portOf(u)
	if err != nil {
		return nil, err
	}
	options := append([]gomail.Option{gomail.WithPort(port), gomail.WithTimeout(smtpPatience)}, security(u)...)
	if _, err := gomail.NewClient(u.Hostname(), options...); err != nil {
		return nil, errors.New("SMTP_URL does not describe a server that can be used")
	}
	return &SMTP{host: u.Hostname(), from: *sender, options: options}, nil
}

func portOf(u *url.URL) (int, error) {
	switch {
	case u.Port() == "" && u.Scheme == "smtps":
		return 465, nil
	case u.Port() == "":
		return 587, nil
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil || port < 1 || port > 65535 {
		return 0, errors.New("the port in SMTP_URL is not one")
	}
	return port, nil
}

// security chooses TLS and the way to log in.
func security(u *url.URL) []gomail.Option {
	password, login := u.User.Password()
	here := loopback(u.Hostname())
	var out []gomail.Option
	switch {
	case u.Scheme == "smtps":
		out = append(out, gomail.WithSSL())
	case login && !here:
		out = append(out, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		out = append(out, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if !login {
		return out
	}
	way := gomail.SMTPAuthAutoDiscover
	if here && u.Scheme == "smtp" {
		way = gomail.SMTPAuthPlainNoEnc
	}
	return append(out, gomail.WithSMTPAuth(way), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Send delivers one message.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg := gomail.NewMsg()
	msg.FromMailAddress(&s.from)
	if err := msg.To(m.To); err != nil {
		return fmt.Errorf("the recipient's address: %w", err)
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	if m.ID == "" {
		msg.SetMessageID()
	} else {
		_, domain, _ := strings.Cut(s.from.Address, "@")
		msg.SetMessageIDWithValue(m.ID + "@" + domain)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("prepare the mail client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, smtpPatience)
	defer cancel()
	return client.DialAndSendWithContext(ctx, msg)
}
