package views

import (
	"strings"

	"github.com/a-h/templ"
)

// Input is one field of a form.
type Input struct {
	Label, Name, Value string
	// Kind is the type of an input; empty is text.
	Kind string
	// ID is needed where a page has several fields of one name.
	ID         string
	Hint       string
	Error      string
	Required   bool
	Attributes templ.Attributes
}

func (in Input) id() string {
	if in.ID != "" {
		return in.ID
	}
	return "field-" + in.Name
}

func (in Input) kind() string {
	if in.Kind == "" {
		return "text"
	}
	return in.Kind
}

// described names the notes that belong to the field.
func (in Input) described() string {
	var ids []string
	if in.Hint != "" {
		ids = append(ids, in.id()+"-hint")
	}
	if in.Error != "" {
		ids = append(ids, in.id()+"-error")
	}
	return strings.Join(ids, " ")
}

// Option is one thing to choose.
type Option struct{ Value, Label string }

// Errors is what was wrong with a form: of each field by its name, and of the
// form as a whole.
type Errors struct {
	Text   string
	Fields map[string]string
}

// At is what was wrong with a field; empty when nothing was.
func (e Errors) At(field string) string { return e.Fields[field] }

// Any says whether something was wrong.
func (e Errors) Any() bool { return e.Text != "" || len(e.Fields) > 0 }
