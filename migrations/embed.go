// Package migrations holds the schema's history, applied in order at start.
package migrations

import "embed"

// Files are the goose migrations, NNNN_name.sql.
//
//go:embed *.sql
var Files embed.FS
