package storage

import (
	"net/http"
	"strings"
	"time"
)

var (
	errConditionNotMet = &Error{412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}
	errNotModified     = &Error{304, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}
)

// conditions are the HTTP preconditions of a request.
type conditions struct {
	match, noneMatch               string
	modifiedSince, unmodifiedSince *time.Time
}

func readConditions(h http.Header) (conditions, error) {
	c := conditions{match: h.Get("If-Match"), noneMatch: h.Get("If-None-Match")}
	var err error
	if c.modifiedSince, err = readTime(h.Get("If-Modified-Since")); err != nil {
		return c, err
	}
	c.unmodifiedSince, err = readTime(h.Get("If-Unmodified-Since"))
	return c, err
}

func readTime(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	t, err := http.ParseTime(text)
	if err != nil {
		return nil, errHeaderValue
	}
	return &t, nil
}

// forRead checks a read of what is there; a copy that the reader has already
// is a 304.
func (c conditions) forRead(etag string, stamp time.Time) error {
	switch {
	case c.match != "" && !sameTag(c.match, etag), c.unmodifiedSince != nil && modified(stamp, *c.unmodifiedSince):
		return errConditionNotMet
	case c.noneMatch != "" && sameTag(c.noneMatch, etag), c.modifiedSince != nil && !modified(stamp, *c.modifiedSince):
		return errNotModified
	}
	return nil
}

// forWrite checks a write over what is there; nothing, if the content is nil.
func (c conditions) forWrite(there *content) error {
	if there == nil {
		if c.match != "" {
			return errConditionNotMet
		}
		return nil
	}
	if c.noneMatch == "*" {
		return errBlobExists
	}
	return c.forUpdate(there.etag(), there.stamp)
}

// forUpdate checks a write that needs something to be there, such as a deletion.
func (c conditions) forUpdate(etag string, stamp time.Time) error {
	if err := c.forRead(etag, stamp); err != nil {
		return errConditionNotMet
	}
	return nil
}

func sameTag(wanted, etag string) bool {
	if wanted == "*" {
		return true
	}
	for one := range strings.SplitSeq(wanted, ",") {
		if strings.Trim(strings.TrimSpace(one), `"`) == strings.Trim(etag, `"`) {
			return true
		}
	}
	return false
}

// modified compares at the resolution of HTTP dates.
func modified(stamp, since time.Time) bool { return stamp.Truncate(time.Second).After(since) }
