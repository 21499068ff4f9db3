package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"lifeboat/internal/emulator"
)

// delivered reports whether no notice is on its way.
func (s *stage) delivered() bool {
	for _, n := range noticeRows(s.azure) {
		if n.state == "Pending" {
			return false
		}
	}
	return true
}

// planted are the secrets of a story, by what they are. The handler is given
// all but the last.
func (s *stage) planted() map[string]string {
	return map[string]string{
		"a webhook's token":             s.receiver.token,
		"the key that signs":            s.receiver.signingKey(),
		"the bare key that signs":       string(s.receiver.key),
		"the storage account's key":     between(s.azure.Storage.ConnectionString("http://x", "http://x"), "AccountKey=", ";"),
		"the storage key of the plan":   s.storageKey,
		"the key of Service Bus":        between(s.azure.Broker.ConnectionString("x"), "SharedAccessKey=", ";"),
		"the identity endpoint's":       "IDENTITY_HEADER=" + emulator.IdentityHeader,
		"the password in a strange one": strangeSecret,
	}
}

// between is what stands behind from, up to the next to.
func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	value, _, _ := strings.Cut(rest, to)
	return value
}

// spelled are the ways in which a secret may be written down.
func spelled(secret string) []string {
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(fmt.Sprintf("%q", secret), `"`), fmt.Sprintf("%x", secret),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="), strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
	}
}

// plainly is a text as it stands, as a browser shows it, and as a program
// reads it that knows JSON.
func plainly(text string) []string {
	return []string{text, html.UnescapeString(text), ofJSON.Replace(text)}
}

var ofJSON = strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">", `\"`, `"`, `\\`, `\`)

// What is a secret whoever made it: signatures that storage and Service Bus
// take, and what may be a token of the identity endpoint's.
var (
	signature = regexp.MustCompile(`SharedAccessSignature sr=|[?&]sig=[A-Za-z0-9%]|SharedKey(Lite)? [a-z0-9]+:[A-Za-z0-9+/]`)
	tokenForm = regexp.MustCompile(`[A-Za-z0-9_+/=-]{8,}\.[A-Za-z0-9_+/=-]{8,}`)
)

// scanner says which secrets stand in a text.
func (s *stage) scanner() func(text string) []string {
	forms := map[string][]string{}
	for what, secret := range s.planted() {
		if secret != "" {
			forms[what] = spelled(secret)
		}
	}
	accepted := s.azure.Identity.Accept("https://management.core.windows.net", "https://management.azure.com")
	return func(text string) (found []string) {
		for _, text := range plainly(text) {
			for what, secrets := range forms {
				if slices.ContainsFunc(secrets, func(one string) bool { return strings.Contains(text, one) }) {
					found = append(found, what)
				}
			}
			if signature.MatchString(text) {
				found = append(found, "a signature")
			}
			if slices.ContainsFunc(tokenForm.FindAllString(text, -1), accepted) {
				found = append(found, "a token for ARM")
			}
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
}

// lookAround keeps what only a running handler shows: its pages, and how it
// answers who should not have asked. It returns why the status page could not
// be read: then nobody knows what is on it.
func (s *stage) lookAround(ctx context.Context) error {
	s.pages = map[string]string{}
	unread := s.walk(ctx, mostPages, func(where, text string) { s.pages[where] = text })
	page, err := s.metrics(ctx)
	s.pages["the metrics"] = page + "\n" + fmt.Sprint(err)
	for _, body := range []string{"", "{}", strange, `{"schemaId":"azureMonitorCommonAlertSchema"}`} {
		status, err := s.hook(ctx, functionKey, []byte(body))
		s.pages["AlertHook's answer"] += fmt.Sprint(status, err)
	}
	return unread
}

// leaks are the places where a secret is written down, with what it is.
func (s *stage) leaks() []string {
	places := map[string]string{}
	if log, err := os.ReadFile(s.logFile()); err == nil {
		places["the handler's log"] = string(log)
	}
	for _, r := range s.azure.Storage.Entities(emulator.StateTable) {
		places[fmt.Sprintf("row %s of %s", r["RowKey"], r["PartitionKey"])] = fmt.Sprint(r)
	}
	for _, b := range s.azure.Storage.ListBlobs(backupContainer, "") {
		if body, metadata, err := s.azure.Storage.GetBlob(backupContainer, b.Name); err == nil {
			places["blob "+b.Name] = string(body) + "\n" + fmt.Sprint(metadata)
		}
	}
	for _, queue := range queues {
		for _, m := range append(s.azure.Broker.Peek(queue), s.azure.Broker.Peek(queue+"/$DeadLetterQueue")...) {
			places["queue "+queue] += fmt.Sprintf("%s %s %v\n", m.ID, m.Body, m.ApplicationProperties)
		}
	}
	for i, m := range s.sentMessages() {
		places[fmt.Sprintf("message %d", i)] = m
	}
	for i, body := range s.receiver.bodies() {
		places[fmt.Sprintf("notice %d", i)] = body
	}
	for _, in := range s.invocations.list() {
		places["the answers of "+in.Function] += in.Reason + strings.Join(in.Logs, "\n") + "\n"
	}
	maps.Copy(places, s.pages)
	all, scan := s.earlier(), s.scanner()
	for _, place := range slices.Sorted(maps.Keys(places)) {
		all = append(all, found(scan, place, places[place])...)
	}
	return all
}

// sentMessages are the messages that the handler sent, where they were kept.
func (s *stage) sentMessages() []string {
	if s.kept == nil {
		return nil
	}
	return s.kept()
}
