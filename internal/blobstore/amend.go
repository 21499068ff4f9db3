package blobstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"lifeboat/internal/job"
)

// amendTries is how often an amendment is tried while others amend the same.
const amendTries = 5

// Amend changes in the sidecar of backup what became known of it later: that
// there were concurrent changes, who holds it, and that it was withdrawn.
// change is given what the sidecar says, again if others were faster; nothing
// else that it changes is kept. A sidecar that says so already is not written.
// Amend returns job.ErrNotFound if there is no sidecar, job.ErrNewerSchema if a
// newer version of Lifeboat wrote it, job.ErrRefused if storage lets nobody
// read or change it now, as in an immutable container, in the archive tier or
// under a lease, and job.ErrConflict if others changed it at every try.
func (s *Store) Amend(ctx context.Context, where job.Service, backup string, change func(*job.Point)) error {
	name := sidecarName(backup)
	doing := fmt.Sprintf("amend sidecar %s in container %s of account %s", name, where.Container, where.Account)
	c, err := s.container(where)
	if err != nil {
		return err
	}
	for range amendTries {
		text, tag, err := download(ctx, c, name)
		switch a := answerOf(err); {
		case err == nil:
		case a.missing() || a.containerMissing():
			return fmt.Errorf("%s: %w", doing, job.ErrNotFound)
		default:
			return amendError(doing, err)
		}
		next, err := amended(text, backup, change)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		if next == nil {
			return nil
		}
		err = upload(ctx, c, name, next, blob.ModifiedAccessConditions{IfMatch: tag})
		switch a := answerOf(err); {
		case err == nil:
			return nil
		case !a.is(bloberror.ConditionNotMet):
			return amendError(doing, err)
		}
	}
	return fmt.Errorf("%s: tried %d times: %w", doing, amendTries, job.ErrConflict)
}

// amendError is job.ErrRefused for a sidecar that stays as it is, and says
// until when where that may change.
func amendError(doing string, err error) error {
	until := ""
	switch a := answerOf(err); {
	case a.frozen():
	case a.archived():
		until = "; it can be written once it is in an online tier"
	case a.leased():
		until = "; it can be written once its lease has been broken"
	default:
		return failed(doing, err)
	}
	return fmt.Errorf("%w: %w: the table alone has it; a catalogue rebuilt from the container won't%s", failed(doing, err), job.ErrRefused, until)
}

// laterNames are the fields of sidecarLater.
var laterNames = []string{"concurrentChanges", "held", "heldBy", "withdrawn", "withdrawnWhy"}

func saysLater(says, p job.Point) bool {
	return says.ConcurrentChanges == p.ConcurrentChanges && says.Held == p.Held && says.HeldBy == p.HeldBy &&
		says.Withdrawn.Equal(p.Withdrawn) && says.WithdrawnWhy == p.WithdrawnWhy
}

// amended is a sidecar with what change makes of what is known later, and all
// else as it is, known to this version or not; nil if it says so already.
func amended(text []byte, backup string, change func(*job.Point)) ([]byte, error) {
	says, err := decodeOf(backup, text)
	if err != nil {
		return nil, err
	}
	p := says
	change(&p)
	if saysLater(says, p) {
		return nil, nil
	}
	later, err := json.Marshal(laterOf(p))
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	for _, name := range laterNames {
		delete(fields, name)
	}
	if err := json.Unmarshal(later, &fields); err != nil { // beside what is left
		return nil, err
	}
	next, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		return nil, err
	}
	next = append(next, '\n')
	_, err = decode(next) // what could not be read again is not worth writing
	return next, err
}
