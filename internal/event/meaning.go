package event

import (
	"slices"
	"strings"
)

const (
	apiManagement = "Microsoft.ApiManagement"
	storage       = "Microsoft.Storage"
)

// meaning is what r means, by the provider that its type names.
func (r report) meaning() Event {
	if name, ok := cutPrefix(r.kind, apiManagement+"."); ok {
		return r.told(name)
	}
	if name, ok := cutPrefix(r.kind, "Microsoft.Resources."); ok {
		return r.operated(name)
	}
	if name, ok := cutPrefix(r.kind, storage+"."); ok {
		return r.stored(name)
	}
	return r.ignored(UnknownType, r.resource, r.source)
}

// ignored is r as an event to do nothing about. The first of about that is
// the id of something in Azure says what it is about.
func (r report) ignored(reason IgnoredReason, about ...string) Ignored {
	i := Ignored{ID: r.id, At: r.at, Type: plain(r.kind), Reason: reason}
	for _, id := range about {
		if _, ok := cutPrefix(id, "/subscriptions/"); ok {
			i.Resource = id
			break
		}
	}
	return i
}

func (r report) changed(resource, service string) Change {
	return Change{ID: r.id, At: r.at, Resource: resource, Service: service, What: first(plain(r.operation), plain(r.kind))}
}

// deeds are how the types of API Management's own events end, where they tell
// of a change (event-schema-api-management, 2025-05-01).
var deeds = []string{"Created", "Updated", "Deleted", "Added", "Removed"}

// told is what an event of API Management's own means.
func (r report) told(name string) Event {
	if !slices.ContainsFunc(deeds, func(deed string) bool { return hasSuffix(name, deed) }) {
		return r.ignored(NoChange, r.resource, r.source)
	}
	for _, id := range []string{r.resource, r.source} {
		if service, _, ok := cut(id, apiManagement, "service"); ok {
			return r.changed(id, service)
		}
	}
	return r.ignored(OtherResource, r.resource, r.source)
}

// operated is what an event of Azure Resource Manager's about an operation
// means (event-schema-resource-groups).
func (r report) operated(name string) Event {
	end, ok := outcome(name)
	if !ok {
		return r.ignored(UnknownType, r.resource, r.subject)
	}
	id := first(r.resource, r.subject)
	service, below, ok := cut(id, apiManagement, "service")
	switch {
	case !ok || foreign(below):
		return r.ignored(OtherResource, id)
	case end != success:
		return r.ignored(NotDone, id)
	}
	if reason := idle(r.operation); reason != "" {
		return r.ignored(reason, id)
	}
	return r.changed(id, service)
}

// stored is what an event of storage's means.
func (r report) stored(name string) Event {
	account, _, ok := cut(r.source, storage, "storageAccounts")
	if !ok || !strings.EqualFold(name, "BlobDeleted") {
		return r.ignored(Blob, r.source)
	}
	path, ok := cutPrefix(r.subject, "/blobServices/default/containers/")
	container, path, _ := strings.Cut(path, "/")
	blob, found := cutPrefix(path, "blobs/")
	if !ok || !found || container == "" || blob == "" {
		return r.ignored(Blob, r.source)
	}
	return BlobDeleted{ID: r.id, At: r.at, Account: account[strings.LastIndexByte(account, '/')+1:], Container: container, Blob: blob}
}
