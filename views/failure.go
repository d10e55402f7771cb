package views

import "net/http"

// FailureTitle says in a few words what a status means to a person.
func FailureTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return "There is nothing here"
	case http.StatusForbidden:
		return "You may not do this"
	case http.StatusConflict, http.StatusPreconditionFailed:
		return "That is not possible any more"
	case http.StatusTooManyRequests:
		return "Too many requests"
	case http.StatusServiceUnavailable:
		return "Not available just now"
	}
	if status >= http.StatusInternalServerError {
		return "Something went wrong on our side"
	}
	return "That did not work"
}
