package postgres

// MigrateFiles is Migrate with migrations of the test's own.
var MigrateFiles = migrate

// RegisterColumns is registerColumns.
var RegisterColumns = registerColumns
