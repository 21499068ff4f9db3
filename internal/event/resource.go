package event

import "strings"

// cut splits the ARM id of a resource of that kind, or of one below it, after
// the resource's name.
func cut(id, provider, kind string) (resource, below string, ok bool) {
	below = id
	for _, want := range [...]string{"subscriptions", "", "resourceGroups", "", "providers", provider, kind, ""} {
		if !strings.HasPrefix(below, "/") {
			return "", "", false
		}
		part, _, _ := strings.Cut(below[1:], "/")
		if part == "" || want != "" && !strings.EqualFold(part, want) {
			return "", "", false
		}
		below = below[1+len(part):]
	}
	return strings.TrimSuffix(id, below), below, true
}

// foreign reports whether what lies below a service belongs to another
// provider, as role assignments, locks and diagnostic settings do: no backup
// has them.
func foreign(below string) bool {
	kind := ""
	for part := range strings.SplitSeq(below, "/") {
		switch {
		case part == "": // API Management doubles some slashes
		case kind == "":
			kind = part
		case strings.EqualFold(kind, "providers") && !strings.EqualFold(part, apiManagement):
			return true
		default: // the name of something of that kind
			kind = ""
		}
	}
	return false
}
