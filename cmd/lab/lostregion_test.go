package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	esb "lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// ownQueue is a queue of one process's own.
type ownQueue struct {
	mu  sync.Mutex
	due []job.Message
}

func (q *ownQueue) Send(_ context.Context, m job.Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m.Queue == recovery.StepQueue {
		q.due = append(q.due, m)
	}
	return nil
}

func (q *ownQueue) take() (m job.Message, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.due, func(m job.Message) bool { return !m.NotBefore.After(time.Now()) })
	if i < 0 {
		return m, false
	}
	m = q.due[i]
	q.due = slices.Delete(q.due, i, i+1)
	return m, true
}

// handsOf do by the engine what the commands do, for a bubble, in which no
// process can be started.
func handsOf(t *testing.T, s *stage) (e *recovery.Engine, stop func()) {
	e, stop = engineOf(t, s.azure, s.plan)
	e.Queue, e.Log, e.Table, e.Hooks = &ownQueue{}, slog.New(slog.DiscardHandler), "development/lifeboat", nil
	return e, stop
}

func typesInProcess(t *testing.T) func(context.Context, *stage, []string) (string, error) {
	return func(ctx context.Context, s *stage, args []string) (string, error) {
		e, stop := handsOf(t, s)
		defer stop()
		switch args[0] {
		case "hold":
			_, err := e.Hold(ctx, args[1], args[2], "audit", operator)
			return "", err
		case "rebuild":
			if err := s.azure.Storage.CreateTable(emulator.StateTable); err != nil {
				return "", err
			}
			_, err := e.Rebuild(ctx, args[1], operator)
			return "", err
		case "approve":
			j := s.restore(goneTarget, 0)
			return "", e.Approval(ctx, request.Approval{Approved: true, Job: j.id, Point: j.order.Point.Blob, Target: j.service, By: engineer})
		case "restore":
			return "", restoreInProcess(ctx, s, e)
		}
		return "", fmt.Errorf("%s is not known", args[0])
	}
}

func restoreInProcess(ctx context.Context, s *stage, e *recovery.Engine) error {
	if err := e.Request(ctx, request.Request{ID: "lost", Kind: request.Restore, Service: goneSource, By: operator}); err != nil {
		return err
	}
	queue := e.Queue.(*ownQueue)
	for revision := 1; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		j, err := e.Store.Job(ctx, goneTarget, recovery.RequestedRestore(goneTarget, "lost"))
		switch {
		case err != nil:
			return err
		case j.State == job.Succeeded:
			return nil
		case j.State.Terminal():
			return errors.New(j.Message)
		case j.State == job.Pending && j.Revision > revision: // approved elsewhere
			revision = j.Revision
			if err := e.Step(ctx, recovery.Prompt{Service: goneTarget, Job: j.ID, Revision: revision}); err != nil {
				return err
			}
		}
		if m, ok := queue.take(); ok {
			p, err := recovery.DecodePrompt(m.Body)
			if err == nil {
				err = e.Step(ctx, p)
			}
			if err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func TestLostRegion(t *testing.T) {
	code, stdout, stderr := inBubble(t, lostRegion(), playOptions{json: true, hands: typesInProcess(t)})
	if code != exitDone {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("stdout is not one JSON object: %v: %s", err, stdout)
	}
	if !r.OK || len(r.Jobs) != 1 || r.Lost == nil || len(r.Lost.Steps) != 4 || r.Lost.Total <= 0 {
		t.Errorf("report = %+v", r)
	}
	if !strings.Contains(stderr, `$ lifeboat rebuild apim-weu --yes`) {
		t.Errorf("the story lacks its commands:\n%s", stderr)
	}
}

// The real binary, as an operator's process of its own.
func TestLostRegionByTheBinary(t *testing.T) {
	t.Parallel()
	dir := functionApp(t)
	out, err := exec.Command(filepath.Join(dir, "bin", "lab"), "play", "lost-region", "--app", dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "everything is as it must be") {
		t.Errorf("%v\n%s", err, out)
	}
}

// What is wrong must be found, whatever it is.
func TestLostRegionNoticesSabotage(t *testing.T) {
	// instead does something before a command, or in its place.
	instead := func(command string, do func(s *stage, args []string) (goOn bool)) func(*stage) {
		return func(s *stage) {
			hands := s.hands
			s.hands = func(ctx context.Context, s *stage, args []string) (string, error) {
				if args[0] == command && !do(s, args) {
					return "", nil
				}
				return hands(ctx, s, args)
			}
		}
	}
	other := arm.Failure{Code: "RestoreFailed", Message: "something else"}
	oldest := func(s *stage, suffix string) string {
		return strings.TrimSuffix(s.azure.Storage.ListBlobs(backupContainer, goneSource)[0].Name, sidecarSuffix) + suffix
	}
	for name, c := range map[string]sabotage{
		"the standby is changed": {after: func(s *stage) { s.azure.ARM.SetContent(goneTarget, arm.Content{}) }, says: "apim-neu does not hold what apim-weu held"},
		"the newest backup is lost": {before: instead("rebuild", func(s *stage, _ []string) bool {
			for _, b := range s.azure.Storage.ListBlobs(backupContainer, goneSource) {
				if strings.Contains(b.Name, "-req") {
					_ = s.azure.Storage.DeleteBlob(backupContainer, b.Name)
				}
			}
			return true
		}), says: "apim-neu does not hold what apim-weu held"},
		"a sidecar is gone": {before: instead("rebuild", func(s *stage, _ []string) bool {
			_ = s.azure.Storage.DeleteBlob(backupContainer, oldest(s, sidecarSuffix))
			return true
		}), says: "is not what it was before the loss"},
		"a hold is forgotten": {after: func(s *stage) {
			rewrite(t, s, goneSource, "point|", func(r map[string]any) bool { r["Held"] = ""; return true })
			s.lost.after = s.knownRows()
		}, says: "is not what it was before the loss"},
		"there was no hold to lose": {before: instead("hold", func(*stage, []string) bool { return false }), says: "nobody held"},
		"the summary is not there": {after: func(s *stage) {
			rewrite(t, s, goneSource, "service", func(map[string]any) bool { return false })
			s.lost.after = s.knownRows()
		}, says: "row service is not what it was"},
		"nothing is rebuilt":   {before: instead("rebuild", func(*stage, []string) bool { return false }), says: "TableNotFound"},
		"an empty table":       {before: instead("rebuild", func(s *stage, _ []string) bool { _ = s.azure.Storage.CreateTable(emulator.StateTable); return false }), says: "the restore ended before anybody approved it"},
		"the restore fails":    {before: func(s *stage) { s.azure.ARM.FailNext(goneTarget, arm.Fault{Fail: &other}) }, says: `ended as Failed "RestoreFailed"`},
		"nobody is asked":      {cast: replan("mode: approve", "mode: auto"), says: "the restore ended before anybody approved it"},
		"nobody approves":      {before: instead("approve", func(*stage, []string) bool { return false }), says: "it was not over within 2m"},
		"it is restored again": {after: func(s *stage) { restoreAgain(t, s) }, says: goneTarget + " was restored 2 times, want 1"},
		"Service Bus is used": {after: func(s *stage) {
			_ = s.azure.Broker.Send(emulator.StepQueue, esb.Message{})
			s.lost.sentAfter = s.azure.Requests().ServiceBusSend
		}, says: "Service Bus had 1 message"},
		"the mark is lost":     {after: func(s *stage) { merge(t, s, goneTarget, `"ServingFor":""`) }, says: goneTarget + ` serves for ""`},
		"a notice is lost":     {after: func(s *stage) { rewrite(t, s, goneTarget, "notice|", func(map[string]any) bool { return false }) }, says: "no notice of the restore waits"},
		"a secret is written":  {after: func(s *stage) { merge(t, s, goneTarget, `"Note":"`+s.receiver.signingKey()+`"`) }, says: "a secret stands in row service"},
		"everything is lost":   {after: func(s *stage) { _ = s.azure.Storage.DeleteTable(emulator.StateTable) }, says: goneTarget + " has 0 jobs, want 1"},
		"there was one backup": {before: func(s *stage) { s.azure.ARM.FailNext(goneSource, arm.Fault{Fail: &other}) }, says: goneSource + " had 3 POSTs, want 2"},
		"a lease is left":      {after: func(s *stage) { leaveLease(t, s) }, says: goneTarget + " is still leased"},
		"approved by who asked": {after: func(s *stage) {
			rewrite(t, s, goneTarget, "job|", func(r map[string]any) bool { return approvedBy(r, operator) })
		}, says: "and approved by"},
	} {
		t.Run(name, func(t *testing.T) {
			before := c.before
			c.before = func(s *stage) {
				s.hands = typesInProcess(t)
				if before != nil {
					before(s)
				}
			}
			c.mustFail(t, lostRegion())
		})
	}
}

// restoreAgain asks ARM for what has been done already.
func restoreAgain(t *testing.T, s *stage) {
	e, stop := handsOf(t, s)
	defer stop()
	source, _ := e.Plan.Service(goneSource)
	standby, _ := source.Standby(goneTarget)
	if _, err := e.ARM.StartRestore(context.Background(), standby.Service, s.restore(goneTarget, 0).order.Point.Blob); err != nil {
		t.Error(err)
	}
}

func leaveLease(t *testing.T, s *stage) {
	if err := s.insert(context.Background(), map[string]any{"PartitionKey": goneTarget, "RowKey": "lease", "Job": "another"}); err != nil {
		t.Error(err)
	}
}

func approvedBy(r map[string]any, who string) bool {
	text, _ := r["Restore"].(string)
	r["Restore"] = strings.ReplaceAll(text, engineer, who)
	return true
}
