package tablestore

import (
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

const noticePrefix = "notice|"

func noticeKey(id string) string { return noticePrefix + id }

// noticeRow is the row of a notice that nobody has yet.
func noticeRow(n job.Notice) row {
	r := newRow(n.Service, noticeKey(n.ID))
	r[schemaKey] = schema
	r["Type"] = string(n.Type)
	r["About"] = n.About
	r["At"] = n.At
	r["Facts"] = encodeNoticeFacts(n.Facts)
	r.addDelivery(job.NewDelivery(n))
	return r
}

func noticeChanges(notices []job.Notice) (changes []change) {
	for _, n := range notices {
		changes = append(changes, change{kind: noticeChange, action: aztables.TransactionTypeAdd, row: noticeRow(n)})
	}
	return changes
}

// addDelivery adds what changes of a notice. State is there to be found by
// Notices.
func (r row) addDelivery(d job.Delivery) {
	r["State"] = string(d.State)
	r["Attempts"] = d.Attempts
	r["NotBefore"] = d.NotBefore
	r["Done"] = encodeList(d.Done)
	r["LastError"] = shortened(d.LastError, maxText)
}

func readNotice(data []byte) (job.StoredNotice, error) {
	f, err := parse(data)
	if err != nil {
		return job.StoredNotice{}, err
	}
	n := job.StoredNotice{
		Notice: job.Notice{
			ID:      f.id(noticePrefix),
			Type:    job.NoticeType(f.text("Type")),
			Service: f.text(partitionKey),
			About:   f.text("About"),
			At:      f.time("At"),
			Facts:   f.noticeFacts("Facts"),
		},
		Delivery: job.Delivery{
			State:     job.DeliveryState(f.text("State")),
			Attempts:  f.int("Attempts"),
			NotBefore: f.time("NotBefore"),
			Done:      f.list("Done"),
			LastError: f.text("LastError"),
		},
		ETag: f.text(etagKey),
	}
	return n, f.done()
}

// minName is what is left of a name at the least where there is no room.
const minName = 256

// encodeNoticeFacts is facts as JSON. Should even short words not fit, the
// warnings and the gates go: the notice itself must stay.
func encodeNoticeFacts(facts job.NoticeFacts) string {
	if text, ok := fitting(maxNested, func(word int) string { return compact(noticeFactsOf(facts, word)) }); ok {
		return text
	}
	facts.Warnings, facts.Gates = nil, nil
	return compact(noticeFactsOf(facts, minWord))
}

func noticeFactsOf(f job.NoticeFacts, word int) job.NoticeFacts {
	for _, name := range []*string{&f.Job, &f.Standby, &f.Point, &f.Code, &f.By, &f.Incident, &f.Gateway, &f.Management, &f.Queue} {
		*name = shortened(*name, max(word, minName))
	}
	f.Message, f.Excerpt = shortened(f.Message, word), shortened(f.Excerpt, word)
	f.Since, f.Until = kept(f.Since), kept(f.Until)
	warnings, gates := f.Warnings, f.Gates
	f.Warnings, f.Gates = nil, nil
	for _, w := range warnings {
		f.Warnings = append(f.Warnings, shortened(w, word))
	}
	for _, g := range gates {
		f.Gates = append(f.Gates, job.Gate{Name: g.Name, Outcome: g.Outcome, Sentence: shortened(g.Sentence, word)})
	}
	return f
}

func (f *fields) noticeFacts(name string) job.NoticeFacts {
	facts, _ := nested[job.NoticeFacts](f, name)
	facts.Since, facts.Until = kept(facts.Since), kept(facts.Until)
	return facts
}
