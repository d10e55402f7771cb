package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/getpurser/purser/internal/fault"
)

// retryAfter is what a caller is told when the database is away.
const retryAfter = time.Second

// Map turns trouble with the way to the database into a fault of kind
// Unavailable with the code database_unavailable. Everything else, such as
// pgx.ErrNoRows, a violated constraint or a fault, passes unchanged.
func Map(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if away(err) {
		return fault.New(fault.Unavailable, "database_unavailable",
			"The database does not answer at the moment. Try again.").
			After(retryAfter).Because(err)
	}
	return err
}

func unknownOutcome(err error) error {
	return fault.New(fault.Unavailable, "outcome_unknown",
		"The database was lost while it committed, so it is not known whether this took effect. "+
			"Try again with the same Idempotency-Key, or read the state.").
		After(retryAfter).Because(err)
}

// away reports whether err says that the database cannot serve now.
func away(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return awayState(pg.Code)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// keepAfter reports whether a connection is of use after an error: not after one
// that ends it, nor where it leads to a server that has become a standby.
func keepAfter(_ *pgconn.PgConn, e *pgconn.PgError) bool {
	return e.SeverityUnlocalized != "FATAL" && e.Severity != "FATAL" && e.Code != readOnly
}

// readOnly is the SQLSTATE of a write on a standby.
const readOnly = "25006"

// awayState reports whether an SQLSTATE is about the server's state and not
// about the statement.
func awayState(code string) bool {
	switch code {
	case readOnly, // a standby: a failover is under way
		"40001", "40P01", // conflicts that outlasted every repetition
		"55P03", "57014", // a lock or a statement took longer than allowed
		"25P03", "25P04", // the transaction was ended for taking too long
		"57P01", "57P02", "57P03": // it stops, crashed, or starts
		return true
	}
	return len(code) == 5 && (code[:2] == "08" || code[:2] == "53")
}

// Violates reports whether err is a violation of the unique, foreign-key, check
// or exclusion constraint (or unique index) of this name.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && len(pg.Code) == 5 && pg.Code[:2] == "23" && pg.ConstraintName == constraint
}
