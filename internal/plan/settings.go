package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"lifeboat/internal/job"
)

// setting is one key that a T may have in the plan.
type setting[T any] struct {
	key  string
	want string // completes "want ..."
	// set puts a single value into t. An error with text replaces want.
	set func(t *T, value string) error
	// nested reads anything else than a single value instead.
	nested func(r *reader, e entry, path string, t *T)
	// own settings can't be defaults.
	own bool
}

// serviceSettings are all keys of a service, in the order of the
// documentation.
var serviceSettings = []setting[Service]{
	{key: "resourceId", own: true, want: wantResourceID, set: func(s *Service, v string) error { return setResourceID(&s.Service, &s.resourceID, v) }},
	{key: "apiVersion", want: "an ARM api-version such as 2024-05-01", set: matching(`^20\d\d-\d\d-\d\d(-preview)?$`, func(s *Service) *string { return &s.APIVersion })},
	{key: "storageAccount", want: "a storage account's name, 3 to 24 lower-case letters and digits", set: matching(`^[a-z0-9]{3,24}$`, func(s *Service) *string { return &s.Account })},
	{key: "container", want: "a blob container's name, 3 to 63 lower-case letters, digits and single hyphens", set: matching(`^[a-z0-9](-?[a-z0-9]){2,62}$`, func(s *Service) *string { return &s.Container })},
	{key: "access", want: wantAccess, set: func(s *Service, v string) error { return setAccess(&s.Access, v) }},
	{key: "clientId", want: wantClientID, set: matching(guid, func(s *Service) *string { return &s.Access.ClientID })},
	{key: "accessKeySetting", want: wantKeySetting, set: named(wantKeySetting, func(s *Service) *string { return &s.Access.KeySetting })},
	{key: "schedule", want: "an NCRONTAB expression", set: setSchedule},
	{key: "timeZone", want: "an IANA time zone such as Europe/Berlin", set: setTimeZone},
	{key: "interval", want: "a duration such as 24h", set: span(time.Second, func(s *Service) *time.Duration { return &s.Interval })},
	{key: "grace", want: "a duration such as 2h", set: span(0, func(s *Service) *time.Duration { return &s.Grace })},
	{key: "jitter", want: "a duration such as 20m", set: span(0, func(s *Service) *time.Duration { return &s.Jitter })},
	{key: "restorableFor", want: "a duration such as 30d", set: span(time.Hour, func(s *Service) *time.Duration { return &s.RestorableFor })},
	{key: "overdueAfter", want: "a duration such as 2m", set: span(time.Second, func(s *Service) *time.Duration { return &s.OverdueAfter })},
	{key: "deadline", want: "a duration such as 8h", set: span(time.Minute, func(s *Service) *time.Duration { return &s.Rules.Deadline })},
	{key: "operationDeadline", want: "a duration such as 3h", set: span(time.Minute, func(s *Service) *time.Duration { return &s.Rules.OperationDeadline })},
	{key: "pollMin", want: "a duration such as 15s", set: span(time.Second, func(s *Service) *time.Duration { return &s.Rules.PollMin })},
	{key: "pollMax", want: "a duration such as 5m", set: span(time.Second, func(s *Service) *time.Duration { return &s.Rules.PollMax })},
	{key: "settling", want: "a duration such as 5m", set: span(10*time.Second, func(s *Service) *time.Duration { return &s.Rules.Settling })},
	{key: "busyWait", want: "a duration such as 2m", set: span(time.Second, func(s *Service) *time.Duration { return &s.Rules.BusyWait })},
	{key: "attempts", want: "a number from 1 to 10", set: number(1, 10, func(s *Service) *int { return &s.Rules.Attempts })},
	{key: "retryWait", want: "a duration such as 15m", set: span(time.Second, func(s *Service) *time.Duration { return &s.Rules.RetryWait })},
	{key: "standbys", want: "a mapping of names to services", nested: (*reader).standbys, own: true},
	{key: "failover", want: "a mapping", nested: (*reader).failover},
	{key: "minSizePercent", want: "a number from 0 to 100", set: number(0, 100, func(s *Service) *int { return &s.Rules.MinSizePercent })},
	{key: "changes", want: "a mapping", nested: (*reader).changes},
	{key: "lapseWarning", want: "a duration such as 3d", set: span(0, func(s *Service) *time.Duration { return &s.LapseWarning })},
	{key: "retention", want: wantRetention, nested: (*reader).retention},
	{key: "webhooks", want: wantWebhooks, nested: (*reader).told},
	{key: "heartbeatSetting", own: true, want: wantHeartbeat, nested: func(r *reader, e entry, path string, s *Service) {
		r.address(e, path, wantHeartbeat, &s.Heartbeat)
	}},
}

func find[T any](settings []setting[T], key string) (setting[T], bool) {
	for _, s := range settings {
		if s.key == key {
			return s, true
		}
	}
	return setting[T]{}, false
}

// errWant is the error of a value that is not what the setting wants.
var errWant = fmt.Errorf("not what is wanted")

func matching[T any](pattern string, field func(*T) *string) func(*T, string) error {
	re := regexp.MustCompile(pattern)
	return func(t *T, value string) error {
		if !re.MatchString(value) {
			return errWant
		}
		*field(t) = value
		return nil
	}
}

func span[T any](least time.Duration, field func(*T) *time.Duration) func(*T, string) error {
	return func(t *T, value string) error {
		d, err := parseDuration(value)
		if err != nil {
			return errWant
		}
		if d < least {
			return fmt.Errorf("want at least %s, got %q", least, value)
		}
		*field(t) = d
		return nil
	}
}

func number[T any](least, most int, field func(*T) *int) func(*T, string) error {
	return func(t *T, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < least || n > most {
			return errWant
		}
		*field(t) = n
		return nil
	}
}

// parseDuration reads Go's durations and whole days, such as 30d.
func parseDuration(value string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(value, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, err
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(value)
	if err == nil && d < 0 {
		err = errWant
	}
	return d, err
}

const wantResourceID = "an ARM resource id such as /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ApiManagement/service/<name>"

// The service's own name: SPEC pattern of api-version 2024-05-01. A resource
// group's may have letters and digits of any script, and no period at its end.
var resourceID = regexp.MustCompile(`(?i)^/subscriptions/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/resourceGroups/([-\p{L}\p{N}_.()]{0,89}[-\p{L}\p{N}_()])/providers/Microsoft\.ApiManagement/service/([a-z](?:[a-z0-9-]{0,48}[a-z0-9])?)$`)

func setResourceID(s *job.Service, id *string, value string) error {
	parts := resourceID.FindStringSubmatch(value)
	if parts == nil {
		return errWant
	}
	*id = value
	s.Subscription, s.ResourceGroup, s.Resource = parts[1], parts[2], parts[3]
	return nil
}

func setAccess(a *job.Access, value string) error {
	switch mode := job.AccessMode(value); mode {
	case job.AccessSystemIdentity, job.AccessUserIdentity, job.AccessKey:
		a.Mode = mode
		return nil
	}
	return errWant
}

const (
	wantAccess   = "SystemAssignedManagedIdentity, UserAssignedManagedIdentity or AccessKey"
	wantClientID = "the client id of a user-assigned identity, a GUID"
	guid         = `^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`
)

const wantKeySetting = "the name of the app setting that holds the storage key (never the key itself)"

var appSetting = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// named reads the name of an app setting that holds a secret. A wrong value is
// not repeated: it may be the secret itself.
func named[T any](want string, field func(*T) *string) func(*T, string) error {
	return func(t *T, value string) error {
		if !appSetting.MatchString(value) {
			return fmt.Errorf("want %s", want)
		}
		*field(t) = value
		return nil
	}
}

func setSchedule(s *Service, value string) error {
	if _, err := parseExpression(value); err != nil {
		return err
	}
	s.schedule = value
	return nil
}

func setTimeZone(s *Service, value string) error {
	if _, err := parseZone(value); err != nil {
		return err
	}
	s.timeZone = value
	return nil
}
