// Package apitestclient is a client of the API that oapi-codegen made of the
// OpenAPI document, as anybody could. Only tests use it: what it can do shows
// that the document is enough.
package apitestclient
