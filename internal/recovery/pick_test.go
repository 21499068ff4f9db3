package recovery_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// Nobody told Lifeboat that its warm standby was emptied, edited or made anew.
func TestAWarmStandbyThatHoldsItsPointNoMore(t *testing.T) {
	for name, spoil := range map[string]func(*recoverytest.Instance){
		"no APIs":       func(i *recoverytest.Instance) { i.Content.APIs = nil },
		"no products":   func(i *recoverytest.Instance) { i.Content.Products = nil },
		"another value": func(i *recoverytest.Instance) { i.Content.NamedValues = []string{"edited"} },
		"nothing":       func(i *recoverytest.Instance) { i.Content = recoverytest.Content{} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := night(t, warmPlan(t, "auto", ""))
				standby(w, spoil)
				silence(w, "apim-weu")
				send(t, w, fired(time.Now()))
				w.Run(t.Context(), time.Hour)
				ended(t, w, last(t, w), job.Succeeded, "", 2)
				if got := w.Azure.Instance("apim-neu").Content.Inventory(); got != w.Azure.Instance("apim-weu").Content.Inventory() {
					t.Errorf("apim-neu serves with %+v", got)
				}
			})
		})
	}
}

// What a standby holds is no reason to restore it again if the backup may have
// left it so: an API was made while the service was backed up.
func TestAWarmStandbyOfABackupWithAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(warmPlan(t, "auto", ""), slog.New(slog.DiscardHandler))
		for len(w.Azure.Operations()) == 0 {
			w.Run(t.Context(), time.Second)
		}
		w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, "made meanwhile") })
		w.Run(t.Context(), 2*time.Hour)
		silence(w, "apim-weu")
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Succeeded, "", 1)
		if last(t, w).Restore.Warm {
			t.Error("no failover took place")
		}
	})
}

// A standby that holds its point needs no storage, which may be down as well,
// and no answer about what it holds.
func TestAWarmStandbyTakesOverWithoutStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, warmPlan(t, "auto", ""))
		silence(w, "apim-weu")
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if strings.HasPrefix(e.Call, "blobs.") || e.Call == "arm.Count" {
				return recoverytest.FailInstead
			}
			return recoverytest.NoFault
		}
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), 20*time.Minute)
		ended(t, w, last(t, w), job.Succeeded, "", 1)
		if last(t, w).Restore.Warm {
			t.Error("no failover took place")
		}
	})
}

// containers are Blobs that know which container a backup went to.
type containers struct {
	recovery.Blobs
	went map[string]string // by the blob
}

// moved is what becomes of w when the plan names another container.
func moved(w *recoverytest.World, to string) {
	c, ok := w.Engine.Blobs.(containers)
	if !ok {
		c = containers{w.Azure, map[string]string{}}
		w.Engine.Blobs = c
	}
	s := &w.Engine.Plan.Services[0]
	for _, p := range w.Store.Catalogue(s.Name) {
		if c.went[p.Blob] == "" {
			c.went[p.Blob] = s.Container
		}
	}
	s.Container = to
	for i := range s.Standbys {
		s.Standbys[i].Container = to
	}
}

func (c containers) Artefact(ctx context.Context, s job.Service, blob string) (job.Artefact, error) {
	if in, ok := c.went[blob]; ok && in != s.Container {
		return job.Artefact{}, job.ErrNotFound
	}
	return c.Blobs.Artefact(ctx, s, blob)
}

func (c containers) Remove(ctx context.Context, s job.Service, blob string) error {
	if in, ok := c.went[blob]; ok && in != s.Container {
		return nil
	}
	return c.Blobs.Remove(ctx, s, blob)
}

func TestThePlansContainerHasNoPoint(t *testing.T) {
	for name, c := range map[string]struct {
		mode, point string
		ask         bool
	}{
		"an alert": {"auto", "", false}, "a person": {"auto", "", true}, "a person names it": {"auto", "newest", true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, c.mode, "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
				moved(w, "other")
				if !c.ask {
					send(t, w, a)
				} else {
					if c.point != "" {
						c.point = w.Store.Catalogue("apim-weu")[0].Blob
					}
					ask(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann", Point: c.point})
				}
				w.Run(t.Context(), time.Hour)
				refusedBy(t, w, "pointFound", 0)
				if got := last(t, w).Message; !strings.Contains(got, "is not in container other of ") {
					t.Errorf("it says %s", got)
				}
			})
		})
	}
}

// What was approved is looked for as well: nothing is restored if it is gone.
func TestAnApprovedPointWhoseBlobIsGone(t *testing.T) {
	inBubble(t, "approve", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		w.Run(t.Context(), 10*time.Minute)
		j := last(t, w)
		if j.State != job.AwaitingApproval {
			t.Fatalf("%s is %s", j.ID, j.State)
		}
		w.Azure.Delete(j.Restore.Point.Blob)
		if err := w.Engine.Approval(t.Context(), yes(j)); err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), time.Hour)
		refusedBy(t, w, "pointFound", 0)
	})
}

// The plan went to another container, and back: the older point in it is
// restored, and the one that is elsewhere is told.
func TestAnOlderPointInThePlansContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, failoverPlan(t, "auto", ""))
		older, content := w.Store.Catalogue("apim-weu")[0].Blob, w.Azure.Instance("apim-weu").Content
		home := w.Engine.Plan.Services[0].Container
		moved(w, "other")
		w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, "newer") })
		w.Run(t.Context(), 24*time.Hour)
		moved(w, home)
		silence(w, "apim-weu")
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Succeeded, "", 1)
		j := last(t, w)
		if got := w.Azure.Instance("apim-neu").Content.Inventory(); j.Restore.Point.Blob != older || got != content.Inventory() {
			t.Errorf("point %s was restored, want %s; apim-neu holds %+v", j.Restore.Point.Blob, older, got)
		}
		for _, g := range j.Restore.Gates {
			if g.Name == "pointFound" && (g.Outcome != "PassedWithWarning" || !strings.Contains(g.Sentence, "which is newer, is not in container "+home)) {
				t.Errorf("%s: %s", g.Outcome, g.Sentence)
			}
		}
	})
}

// While storage does not answer, a restore waits: it has one attempt.
func TestARestoreWaitsForStorage(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		down := true
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if down && strings.HasPrefix(e.Call, "blobs.") {
				return recoverytest.FailInstead
			}
			return recoverytest.NoFault
		}
		send(t, w, a)
		w.Run(t.Context(), 30*time.Minute)
		if j := last(t, w); j.State != job.Pending || len(restores(w)) > 0 {
			t.Errorf("%s is %s, after %d restores", j.ID, j.State, len(restores(w)))
		}
		down = false
		w.Run(t.Context(), time.Hour)
		restored(t, w)
	})
}
