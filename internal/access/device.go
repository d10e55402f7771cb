package access

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

const (
	// DeviceLifetime is how long a code waits for its person.
	DeviceLifetime = 10 * time.Minute
	// DevicePause is how long a program waits between two questions.
	DevicePause = 5 * time.Second
	// codeLetters are consonants: no words come out, and none looks like another
	// or like a digit. Eight of them are 34 bits (RFC 8628, 6.1).
	codeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	codeLength  = 8
)

// Device is a program that waits for a person to sign it in.
type Device struct {
	// Secret is what the program asks with; it is shown once.
	Secret string
	// Code is what the person compares, such as WDJB-MJHT.
	Code string
	// Program is what it calls itself, Address where it asked from.
	Program, Address string
	ExpiresAt        time.Time
}

// BeginDevice starts a sign-in of a program. RateLimited: too_many_links, for
// the client.
func (a *Access) BeginDevice(ctx context.Context, program, client string) (Device, error) {
	program, err := company.Text("client_name", program, 0, 100)
	if err != nil {
		return Device{}, err
	}
	if ok, wait := a.maySend(client); !ok {
		return Device{}, fault.New(fault.RateLimited, "too_many_links", "Too many sign-ins were begun. Wait a moment.").After(wait)
	}
	secret, hash := drawToken()
	d := Device{Secret: secret, Code: drawCode(), Program: program, Address: client}
	d.ExpiresAt, err = db.New(a.pool).DeviceInsert(ctx, db.DeviceInsertParams{DeviceHash: hash, UserCode: d.Code, Program: program,
		Address: client, Seconds: DeviceLifetime.Seconds()})
	return d, err
}

func drawCode() string {
	var code strings.Builder
	for code.Len() < codeLength+1 {
		var b [1]byte
		rand.Read(b[:]) // never fails (crypto/rand)
		if int(b[0]) >= 256/len(codeLetters)*len(codeLetters) {
			continue // a modulo would favour the first letters
		}
		if code.Len() == codeLength/2 {
			code.WriteByte('-')
		}
		code.WriteByte(codeLetters[int(b[0])%len(codeLetters)])
	}
	return code.String()
}

// DeviceCode is a code as it is stored, of one that a person typed.
func DeviceCode(typed string) string {
	letters := strings.Map(func(r rune) rune {
		if strings.ContainsRune(codeLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
	if len(letters) != codeLength {
		return ""
	}
	return letters[:codeLength/2] + "-" + letters[codeLength/2:]
}

// FindDevice is the program that waits with this code. One that is unknown,
// decided or too old is Invalid: invalid_code. Who guesses is slowed down as
// with wrong credentials.
func (a *Access) FindDevice(ctx context.Context, typed, client string) (Device, error) {
	if wait, blocked := a.failures.full(network(client), a.config.FailuresPerMinute); blocked && client != "" {
		return Device{}, tooManyFailures(wait)
	}
	row, err := db.New(a.pool).DeviceByCode(ctx, DeviceCode(typed))
	if errors.Is(err, pgx.ErrNoRows) {
		if client != "" {
			a.failures.take(network(client), a.config.FailuresPerMinute)
		}
		return Device{}, invalidCode()
	}
	return Device{Code: row.UserCode, Program: row.Program, Address: row.Address, ExpiresAt: row.ExpiresAt}, err
}

func invalidCode() error {
	return fault.BadField("code", "invalid_code", "No program waits with this code. It may be older than ten minutes: start again there.")
}

// DecideDevice signs the program in as the person, or refuses it. Only somebody
// who signed in can: it gives their rights away.
func (a *Access) DecideDevice(ctx context.Context, tx pgx.Tx, p Principal, typed string, approved bool) error {
	if err := needSession(p); err != nil {
		return err
	}
	n, err := db.New(tx).DeviceDecide(ctx, &p.Person, &approved, DeviceCode(typed))
	if err == nil && n == 0 {
		return invalidCode()
	}
	return err
}

// FinishDevice trades the program's secret for a session, once, when the person
// has agreed. The faults say what RFC 8628 says, Malformed: authorization_pending,
// access_denied, expired_token; and invalid_grant for what nobody knows.
func (a *Access) FinishDevice(ctx context.Context, secret string) (SignedIn, error) {
	var person db.Person
	var session db.Session
	err := a.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		d, err := q.DeviceByHash(ctx, hashToken(secret))
		if err != nil {
			return err
		}
		if err := waiting(d); err != nil {
			return err
		}
		if err := q.DeviceUse(ctx, d.DeviceHash); err != nil {
			return err
		}
		if person, err = q.PersonByID(ctx, *d.PersonID); err != nil {
			return err
		}
		session, err = q.SessionInsert(ctx, ident.New(), person.PersonID, SessionLifetime.Seconds())
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return SignedIn{}, fault.New(fault.Malformed, "invalid_grant", "This device code is not known.")
	}
	if err != nil {
		return SignedIn{}, err
	}
	return a.mint(person, session)
}

// waiting says why a device gets no session, if it gets none.
func waiting(d db.DeviceByHashRow) error {
	switch {
	case d.UsedAt != nil:
		return fault.New(fault.Malformed, "invalid_grant", "This device code was used.")
	case d.Approved != nil && !*d.Approved:
		return fault.New(fault.Malformed, "access_denied", "The person refused.")
	case d.Over:
		return fault.New(fault.Malformed, "expired_token", "Nobody agreed in time: start again.")
	case d.Approved == nil || d.PersonID == nil:
		return fault.New(fault.Malformed, "authorization_pending", "The person has not agreed yet: ask again in %d seconds.", int(DevicePause/time.Second)).After(DevicePause)
	}
	return nil
}
