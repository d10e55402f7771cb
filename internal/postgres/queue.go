package postgres

import (
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// Queue is River's way to the database, over this pool.
func (p *Pool) Queue() *riverpgxv5.Driver { return riverpgxv5.New(p.Pool) }
